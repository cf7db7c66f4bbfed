/* What this machine can train on: each provider tried, and of CUDA each library that is there or missing. */
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import { type Provider, providerNames, type RuntimeChoice } from '../core/train/runtime.ts'

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

/** What CUDA training loads on Linux: two files of ONNX Runtime, the driver, and the libraries of CUDA 12 and cuDNN 9. */
const wanted: readonly Library[] = [
  { name: 'libonnxruntime_providers_cuda.so', from: 'ONNX Runtime for CUDA 12, of the same version as the one here' },
  { name: 'libonnxruntime_providers_shared.so', from: 'ONNX Runtime for CUDA 12, of the same version as the one here' },
  { name: 'libcuda.so.1', from: 'the NVIDIA driver' },
  { name: 'libcudart.so.12', from: 'CUDA 12 (runtime)' },
  { name: 'libcublas.so.12', from: 'CUDA 12 (cuBLAS)' },
  { name: 'libcublasLt.so.12', from: 'CUDA 12 (cuBLAS)' },
  { name: 'libcurand.so.10', from: 'CUDA 12 (cuRAND)' },
  { name: 'libcufft.so.11', from: 'CUDA 12 (cuFFT)' },
  { name: 'libcudnn.so.9', from: 'cuDNN 9 for CUDA 12' },
]

/** Looks each library up where the loader does: beside the runtime, in LD_LIBRARY_PATH, in the system's folders. */
export function findLibraries(
  runtime: string,
  { env, roots = ['/'] }: { readonly env: NodeJS.ProcessEnv; readonly roots?: readonly string[] },
): Library[] {
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
  ]
  const places = [...beside, ...named, ...roots.flatMap(root => system.map(folder => join(root, folder)))]
  return wanted.map(({ name, from }) => {
    const folder = places.find(place => existsSync(join(place, name)))
    return { name, from, ...(folder === undefined ? {} : { folder }) }
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
  const libraries = systems.cuda.includes(system) ? findLibraries(runtime, { env: process.env }) : []
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
