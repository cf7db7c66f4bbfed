/* Where what `winnow device install cuda` brought lies, and how the processes that train find it. */
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cacheFolder } from './ortCheck.ts'
import { ortPath, ortVersion } from './ortPath.ts'

/** A whole installation. */
export interface CudaHome {
  readonly folder: string
  /** onnxruntime-node with the CUDA provider beside its library: the provider is looked for nowhere else. */
  readonly runtime: string
  /** Libraries of CUDA; the loader has to be told of the folder before a process starts. */
  readonly libraries: string
}

/** The folder of all installations, one for each version of ONNX Runtime. */
export const cudaFolder = (env: NodeJS.ProcessEnv): string => join(cacheFolder(env), 'cuda')

/** Written last: a folder without it is not whole. */
export const installedFile = 'installed.json'

export const homeAt = (folder: string): CudaHome => ({
  folder,
  runtime: join(folder, 'runtime'),
  libraries: join(folder, 'lib'),
})

/** The installation that fits this version of ONNX Runtime; undefined where there is none, or WINNOW_ORT names a runtime of one's own. */
export function installedCuda(env: NodeJS.ProcessEnv = process.env): CudaHome | undefined {
  if (env['WINNOW_ORT'] || process.platform !== 'linux') return undefined
  const all = cudaFolder(env)
  if (!existsSync(all)) return undefined
  const home = homeAt(join(all, ortVersion(ortPath())))
  return existsSync(join(home.folder, installedFile)) ? home : undefined
}

/** Bytes of an installation as it says itself. */
export function installedBytes(home: CudaHome): number {
  const { bytes } = JSON.parse(readFileSync(join(home.folder, installedFile), 'utf8')) as { bytes?: unknown }
  return typeof bytes === 'number' ? bytes : 0
}

/** The environment of a process that trains: libraries of one's own come first, then those of the installation. */
export function withCuda(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const home = installedCuda(env)
  if (!home) return env
  const own = env['LD_LIBRARY_PATH']
  return { ...env, LD_LIBRARY_PATH: own ? `${own}${delimiter}${home.libraries}` : home.libraries }
}
