/* `winnow device install cuda`: what has to be fetched, fetching it, and taking it away again. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Cancel, checkCancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import { diskFailure } from './checkpoint.ts'
import { type CudaHome, cudaFolder, homeAt, installedCuda, installedFile } from './cudaHome.ts'
import type { CudaArchive, CudaParts } from './cudaParts.ts'
import { libraryPlaces } from './device.ts'
import { checkSpace, downloadFile, fetchFrom } from './download.ts'
import { ortVersion } from './ortPath.ts'
import { readZip, unpack } from './zip.ts'

/** What an installation would fetch, and what speaks against it. */
export interface CudaPlan {
  readonly parts: CudaParts
  /** onnxruntime-node that is copied. */
  readonly source: string
  readonly home: CudaHome
  readonly fetched: readonly CudaArchive[]
  /** Libraries that are here already, and where. */
  readonly found: readonly { readonly archive: CudaArchive; readonly folder: string }[]
  /** In words: no driver, one that is too old. */
  readonly warnings: readonly string[]
}

/**
 * What `install` would do here. `source`: the folder of onnxruntime-node. Throws `Failure`: `no-cuda` (no such system),
 * `cuda-version` (another ONNX Runtime than the archives are for), `cuda-installed`.
 */
export function planCuda(
  parts: CudaParts,
  {
    source,
    env,
    system = `${process.platform} ${process.arch}`,
    roots = ['/'],
  }: {
    readonly source: string
    readonly env: NodeJS.ProcessEnv
    readonly system?: string
    readonly roots?: readonly string[]
  },
): CudaPlan {
  if (system !== 'linux x64')
    throw new Failure(
      'no-cuda',
      `ONNX Runtime for Node has no CUDA on ${system}`,
      'Graphics cards are used through WebGPU, DirectML or CoreML there: winnow device tells',
    )
  const version = ortVersion(source)
  if (version !== parts.runtime)
    throw new Failure(
      'cuda-version',
      `ONNX Runtime is ${version || 'of an unknown version'} here, what can be fetched is for ${parts.runtime}`,
      'Install the CUDA files of that version yourself, and name its folder in WINNOW_ORT',
    )
  if (env['WINNOW_ORT'])
    throw new Failure(
      'own-runtime',
      'WINNOW_ORT names a runtime of your own, which would be used in place of what is installed',
      'Unset it first',
    )
  const whole = installedCuda(env)
  if (whole)
    throw new Failure('cuda-installed', `${whole.folder} has it already`, 'winnow device remove cuda takes it away')
  const home = homeAt(join(cudaFolder(env), version))
  const places = libraryPlaces(source, { env, roots })
  const at = (name: string) => places.find(place => existsSync(join(place, name)))
  const found = parts.archives.flatMap(archive => {
    // The provider has to lie beside the library that opens it, so it is never taken from elsewhere.
    if (archive.into === 'runtime') return []
    const folders = archive.files.map(file => at(file.to))
    const [folder] = folders
    return folder !== undefined && folders.every(one => one === folder) ? [{ archive, folder }] : []
  })
  const here = new Set(found.map(one => one.archive))
  return {
    parts,
    source,
    home,
    fetched: parts.archives.filter(archive => !here.has(archive)),
    found,
    warnings: driverWarnings(parts, { library: at('libcuda.so.1'), roots }),
  }
}

/** Bytes that an installation downloads, and those it takes on the disk when it is done. */
export function planBytes({ fetched }: Pick<CudaPlan, 'fetched'>): { readonly fetched: number; readonly kept: number } {
  const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)
  return {
    fetched: sum(fetched.map(archive => archive.bytes)),
    kept: sum(fetched.flatMap(archive => archive.files.map(file => file.bytes))),
  }
}

function driverWarnings(
  { cuda, driver }: CudaParts,
  { library, roots }: { readonly library: string | undefined; readonly roots: readonly string[] },
): string[] {
  if (library === undefined)
    return [
      `No NVIDIA driver was found (libcuda.so.1): CUDA ${cuda} needs version ${driver} or newer, from your system`,
    ]
  const told = roots.map(root => join(root, 'proc/driver/nvidia/version')).find(existsSync)
  const version = told && /Kernel Module\D*(\d+)\./.exec(readFileSync(told, 'utf8'))?.[1]
  return version !== undefined && version !== '' && Number(version) < driver
    ? [`The NVIDIA driver is ${version}: CUDA ${cuda} needs ${driver} or newer`]
    : []
}

export interface InstallIo {
  readonly cancel: Cancel
  readonly env: NodeJS.ProcessEnv
  readonly progress: (file: string, done: number, total: number) => void
  readonly pause?: number
}

/**
 * Fetches and unpacks what a plan names. Each archive is checked by its hash before anything of it is unpacked, and let go afterwards;
 * what has been unpacked stays when it breaks off, for the next call. Nothing is found or used before all of it is there. Leaves by
 * `Cancelled`. Throws `Failure`: `network`, `bad-download`, `bad-archive`, `disk-full`.
 */
export async function installCuda(plan: CudaPlan, io: InstallIo): Promise<CudaHome> {
  const { home, parts } = plan
  const building = homeAt(`${home.folder}.partial`)
  try {
    await mkdir(building.libraries, { recursive: true })
    await mkdir(join(building.folder, 'licences'), { recursive: true })
    await copyRuntime(plan.source, building.runtime)
    const left = plan.fetched.filter(archive => !isUnpacked(archive, building))
    const largest = Math.max(0, ...left.map(archive => archive.bytes))
    await checkSpace('CUDA', planBytes({ fetched: left }).kept + largest, building.folder)
    for (const archive of left) await fetchArchive(archive, building, io)
    const bytes = planBytes(plan).kept
    const archives = plan.fetched.map(({ name, sha256 }) => ({ name, sha256 }))
    await writeFile(
      join(building.folder, installedFile),
      `${JSON.stringify({ version: 1, runtime: parts.runtime, cuda: parts.cuda, bytes, archives }, undefined, 2)}\n`,
    )
    await rm(home.folder, { recursive: true, force: true })
    await rename(building.folder, home.folder)
  } catch (error) {
    throw diskFailure(error, building.folder) ?? error
  }
  return home
}

/** Takes away all that was installed or begun, of every version. Bytes that are free now; undefined where there was nothing. */
export async function removeCuda(env: NodeJS.ProcessEnv): Promise<number | undefined> {
  const folder = cudaFolder(env)
  if (!existsSync(folder)) return undefined
  const bytes = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
  await rm(folder, { recursive: true, force: true })
  return bytes
}

/** The files of onnxruntime-node and of what it requires; the provider's own library replaces the one in it. */
async function copyRuntime(source: string, to: string): Promise<void> {
  const entry = createRequire(join(source, 'package.json')).resolve('onnxruntime-common')
  const common = entry.slice(0, entry.lastIndexOf('onnxruntime-common') + 'onnxruntime-common'.length)
  const native = join('bin', 'napi-v6', 'linux', 'x64')
  await mkdir(join(to, native), { recursive: true })
  await cp(join(source, 'package.json'), join(to, 'package.json'))
  await cp(join(source, 'dist'), join(to, 'dist'), { recursive: true })
  await cp(join(source, native, 'onnxruntime_binding.node'), join(to, native, 'onnxruntime_binding.node'))
  await cp(common, join(to, 'node_modules', 'onnxruntime-common'), { recursive: true })
}

/**
 * The address under which the Python package index of your choice keeps its files, without a last slash. Which bytes it gives makes no
 * difference: each archive is held to its hash. Fails with `no-place` where WINNOW_CUDA_FROM does not name one.
 */
export function publishedAt(env: NodeJS.ProcessEnv): string {
  const place = env['WINNOW_CUDA_FROM']
  if (!place)
    throw new Failure(
      'no-place',
      'Nothing says where the packages are to be fetched from',
      'Name it by --from (or WINNOW_CUDA_FROM): the address under which a Python package index, or a mirror of it, keeps its files, which is a download link up to the two folders of two characters',
    )
  if (!URL.canParse(place)) throw new Failure('no-place', `${place} is no address`, 'Write it whole, https:// included')
  return place.replace(/\/+$/, '')
}

const placeOf = (archive: CudaArchive, home: CudaHome) =>
  archive.into === 'libraries' ? home.libraries : join(home.runtime, 'bin', 'napi-v6', 'linux', 'x64')

/** A file has its name only when it is whole. */
const isUnpacked = (archive: CudaArchive, home: CudaHome) =>
  archive.files.every(file => existsSync(join(placeOf(archive, home), file.to)))

async function fetchArchive(archive: CudaArchive, home: CudaHome, io: InstallIo): Promise<void> {
  const { name, bytes, sha256 } = archive
  const path = join(home.folder, archive.path.split('/').at(-1) as string)
  const place = publishedAt(io.env)
  if (!existsSync(path))
    await downloadFile(
      {
        label: name,
        bytes,
        hash: { kind: 'sha256', value: sha256 },
        request: async headers => {
          const url = `${place}/${archive.path}`
          const response = await fetchFrom(url, headers, io.cancel)
          if (response.ok) return response
          await response.body?.cancel()
          const gone = response.status === 404 || response.status === 410
          throw new Failure(
            gone ? 'not-published' : 'network',
            `${url}: the server answered ${response.status}`,
            gone ? '--from (or WINNOW_CUDA_FROM) names a place that has it' : 'Try again later',
          )
        },
      },
      path,
      { ...io, progress: (done, total) => io.progress(name, done, total) },
    )
  const entries = await readZip(path)
  const entry = (from: string) => {
    const one = entries.get(from)
    if (!one) throw new Failure('bad-archive', `${name} has no ${from}`)
    return one
  }
  await mkdir(placeOf(archive, home), { recursive: true })
  for (const file of archive.files) {
    checkCancel(io.cancel)
    const to = join(placeOf(archive, home), file.to)
    await unpack(path, entry(file.from), `${to}.partial`, io.cancel)
    await rename(`${to}.partial`, to)
  }
  for (const from of archive.terms) {
    const to = `${name} ${from.split('/').at(-1)}`.replaceAll(' ', '-')
    await unpack(path, entry(from), join(home.folder, 'licences', to), io.cancel)
  }
  await rm(path)
}
