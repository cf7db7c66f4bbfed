/* What this machine can train on: each provider tried, and of CUDA each library that is there or missing. */
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import { type Provider, providerNames, type RuntimeChoice } from '../core/train/runtime.ts'
import { installedCuda } from './cudaHome.ts'
import { neededLibraries } from './elf.ts'

/** A library that CUDA training needs, where it was found, and what brings it. */
export interface Library {
  readonly name: string
  /** Its folder; absent where it was not found. */
  readonly folder?: string
  /** What to install. */
  readonly from: string
}

/** One provider, tried. */
export interface DeviceLine {
  readonly provider: Provider
  readonly usable: boolean
  /** In words: `runs`, `lacks the library …`, `is not for this system`. */
  readonly said: string
  /** Measured rate of matrix products in GFLOP/s. */
  readonly rate?: number
}

/** What `winnow device` tells. */
export interface DeviceReport {
  readonly version: 1
  /** `linux x64`. */
  readonly system: string
  /** The provider that `auto` takes. */
  readonly auto: Provider
  readonly providers: readonly DeviceLine[]
  /** Empty where there is no CUDA for the system. */
  readonly libraries: readonly Library[]
}

/** The systems that the runtime's own packages have a provider for. */
const systems: Readonly<Record<Provider, readonly string[]>> = {
  cpu: [],
  cuda: ['linux x64'],
  webgpu: [],
  dml: ['win32 x64', 'win32 arm64'],
  coreml: ['darwin arm64', 'darwin x64'],
}

const provider = 'libonnxruntime_providers_cuda.so'
/** What every Linux has. */
const common = /^(lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s)\.so|ld-linux)/
const brought = 'winnow device install cuda'

/** What brings a library: only the driver has to come from the system. */
const bringerOf = (name: string) => (name.startsWith('libcuda.') ? 'the NVIDIA driver' : brought)

/** Of CUDA itself, where no provider is here to say what it needs: the versions that an installation brings. */
const usual = ['libcuda.so.1', 'libcudart.so.13', 'libcublas.so.13', 'libcublasLt.so.13', 'libcurand.so.10']

/** Where the loader looks: beside the runtime, in LD_LIBRARY_PATH, in the system's folders. */
export function libraryPlaces(
  runtime: string,
  { env, roots = ['/'] }: { readonly env: NodeJS.ProcessEnv; readonly roots?: readonly string[] },
): string[] {
  const bin = join(runtime, 'bin')
  const beside = existsSync(bin)
    ? readdirSync(bin, { withFileTypes: true }).flatMap(napi =>
        napi.isDirectory() ? [join(bin, napi.name, process.platform, process.arch)] : [],
      )
    : []
  const named = (env['LD_LIBRARY_PATH'] ?? '').split(delimiter).filter(folder => folder !== '')
  const system = [
    'lib/x86_64-linux-gnu',
    'usr/lib/x86_64-linux-gnu',
    'usr/lib64',
    'usr/lib/wsl/lib',
    'usr/local/cuda/lib64',
    'usr/local/nvidia/lib64',
  ]
  return [...beside, ...named, ...roots.flatMap(root => system.map(folder => join(root, folder)))]
}

/**
 * Looks up what CUDA training loads: the provider of ONNX Runtime, each library that the provider's own file names, and cuDNN, which
 * it opens while it runs.
 */
export function findLibraries(
  runtime: string,
  { env, roots = ['/'] }: { readonly env: NodeJS.ProcessEnv; readonly roots?: readonly string[] },
): Library[] {
  const places = libraryPlaces(runtime, { env, roots })
  const folderOf = (name: string) => places.find(place => existsSync(join(place, name)))
  const home = folderOf(provider)
  const needed = home === undefined ? [] : neededLibraries(join(home, provider)).filter(name => !common.test(name))
  const names = [
    provider,
    'libonnxruntime_providers_shared.so',
    ...(needed.length > 0 ? needed : usual),
    'libcudnn.so.9',
  ]
  return names.map(name => {
    const folder = folderOf(name)
    return { name, from: bringerOf(name), ...(folder === undefined ? {} : { folder }) }
  })
}

/** Tries every provider in turn. */
export async function deviceReport(
  open: (request: { readonly provider: Provider | 'auto' }) => Promise<RuntimeChoice>,
  runtime: string,
): Promise<DeviceReport> {
  const system = `${process.platform} ${process.arch}`
  const providers: DeviceLine[] = []
  for (const provider of Object.keys(providerNames) as Provider[]) {
    const own = systems[provider]
    if (own.length > 0 && !own.includes(system))
      providers.push({ provider, usable: false, said: 'is not for this system' })
    else providers.push(await tried(provider, open))
  }
  const { runtime: chosen } = await open({ provider: 'auto' })
  const home = installedCuda()?.runtime ?? runtime
  const libraries = systems.cuda.includes(system) ? findLibraries(home, { env: process.env }) : []
  return { version: 1, system, auto: chosen.provider, providers, libraries }
}

async function tried(
  provider: Provider,
  open: (request: { readonly provider: Provider }) => Promise<RuntimeChoice>,
): Promise<DeviceLine> {
  try {
    const { runtime, attempts } = await open({ provider })
    const attempt = attempts.find(a => a.provider === provider)
    // One that computes wrongly is passed over for the CPU.
    if (runtime.provider !== provider) return { provider, usable: false, said: attempt?.reason ?? 'was passed over' }
    const rate = attempt?.rate === undefined ? {} : { rate: attempt.rate }
    return { provider, usable: true, said: 'runs', ...rate }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { provider, usable: false, said: error.message.replace(/^.*?: it /, '') }
  }
}
