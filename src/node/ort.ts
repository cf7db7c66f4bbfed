/* The runtime on onnxruntime-node. Loaded only in the process that trains: a native crash takes that one alone. */
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type * as Ort from 'onnxruntime-node'
import { Failure } from '../core/base/failure.ts'
import { builder } from '../core/graph/builder.ts'
import { modelBytes } from '../core/graph/onnx.ts'
import { loweringFor } from '../core/train/learner.ts'
import {
  type Attempt,
  type Lanes,
  type LoadOptions,
  type Provider,
  providerNames,
  type Runtime,
  type RuntimeChoice,
  type Session,
  type Tensor,
  type TensorData,
  type TensorType,
} from '../core/train/runtime.ts'
import { installedCuda } from './cudaHome.ts'
import { wrongWith } from './ortCheck.ts'
import { openLanes } from './ortLanes.ts'
import { ortPath } from './ortPath.ts'
import { type Probe, probe } from './ortProbe.ts'

export interface RuntimeRequest {
  /** `auto` takes the first provider that works and beats the CPU: CUDA, then WebGPU, DirectML or CoreML. */
  readonly provider: Provider | 'auto'
  /** Threads inside one operator; all cores but one unless said otherwise. */
  readonly threads?: number
  /**
   * A provider other than the CPU is compared with it, operator by operator, when it is first used; `trusted` leaves that
   * out.
   */
  readonly operators?: 'checked' | 'trusted'
}

type Module = typeof Ort

/** The folder that a provider's runtime is in: CUDA has one of its own where `winnow device install cuda` was run. */
const folderOf = (provider: Provider): string =>
  (provider === 'cuda' ? installedCuda()?.runtime : undefined) ?? ortPath()

const loaded = new Map<string, Module>()

/** A process has one native library of a name, so the CPU is taken from what is loaded already: each build has it. */
function moduleOf(provider: Provider): Module {
  const [first] = loaded.values()
  return provider === 'cpu' && first !== undefined && installedCuda() ? first : loadModule(folderOf(provider))
}

function loadModule(path: string): Module {
  const known = loaded.get(path)
  if (known) return known
  try {
    const module = createRequire(join(path, 'package.json'))(path) as Module
    loaded.set(path, module)
    return module
  } catch (cause) {
    const hint = 'Its native part may be for another platform; set WINNOW_ORT to a folder that fits'
    throw new Failure('runtime-broken', `ONNX Runtime at ${path} cannot be loaded: ${reasonOf(cause)}`, hint, { cause })
  }
}

/**
 * Opens ONNX Runtime where the request says. Every provider but the CPU first runs a small graph in a process of
 * its own, since a missing driver can abort a process. Asked for by name and not usable is a `Failure`; one that computes
 * other values than the CPU is passed over, and the attempts say so.
 */
export async function openRuntime(request: RuntimeRequest): Promise<RuntimeChoice> {
  const threads = request.threads ?? Math.max(1, availableParallelism() - 1)
  const attempts: Attempt[] = []
  const choose = (provider: Provider, reason: string, rate?: number): RuntimeChoice => {
    attempts.push({ provider, chosen: true, reason, ...(rate === undefined ? {} : { rate }) })
    return { runtime: new OrtRuntime(moduleOf(provider), provider, threads), attempts }
  }
  if (request.provider === 'cpu') return choose('cpu', 'asked for')
  const model = probeModel()
  /** Notes what a provider computes wrongly. */
  const isWrong = async (provider: Provider): Promise<boolean> => {
    if (request.operators === 'trusted') return false
    const reason = await wrongWith({ provider, path: folderOf(provider), lowering: loweringFor(provider) })
    if (reason !== undefined) attempts.push({ provider, chosen: false, reason })
    return reason !== undefined
  }
  if (request.provider !== 'auto') {
    const { provider } = request
    const result = await probe({ provider, path: folderOf(provider), model, threads })
    if (result.rate !== undefined) {
      if (await isWrong(provider)) return choose('cpu', 'it computes what it should')
      return choose(provider, 'asked for, and it runs', result.rate)
    }
    const hint = 'Choose the provider "auto" or "cpu", or install what the message names'
    throw new Failure('provider-unusable', `${providerNames[provider]} cannot be used here: it ${result.reason}`, hint)
  }
  let cpu: Probe | undefined
  for (const provider of candidates) {
    if (elsewhere[provider] !== undefined && elsewhere[provider] !== process.platform) continue
    const result = await probe({ provider, path: folderOf(provider), model, threads })
    if (result.absent) continue
    if (result.rate === undefined) {
      attempts.push({ provider, chosen: false, reason: result.reason })
      continue
    }
    cpu ??= await probe({ provider: 'cpu', path: ortPath(), model, threads })
    const limit = cpu.rate ?? 0
    const rates = `${result.rate.toPrecision(3)} against ${limit.toPrecision(3)} GFLOP/s`
    if (result.rate > limit) {
      if (await isWrong(provider)) continue
      return choose(provider, `faster than the CPU (${rates})`, result.rate)
    }
    // A software adapter (SwiftShader, llvmpipe) is the CPU again with a detour, and shows as such.
    const reason = `is slower than the CPU here (${rates}), perhaps a software adapter`
    attempts.push({ provider, chosen: false, reason, rate: result.rate })
  }
  return choose('cpu', attempts.length > 0 ? 'nothing faster is usable' : 'this build has no other', cpu?.rate)
}

const candidates: readonly Provider[] = ['cuda', 'webgpu', 'dml', 'coreml']
/** Systems that alone have a provider: the others need not be asked in a process of their own. */
const elsewhere: Partial<Record<Provider, NodeJS.Platform>> = { dml: 'win32', coreml: 'darwin' }

/** A chain of eight products of a square matrix: enough work to tell a GPU from a program that imitates one. */
function probeModel(): Uint8Array {
  const g = builder({ name: 'probe', lowering: 'portable' })
  const x = g.input('x', 'float32', ['N', 'N'])
  let y = x
  for (let i = 0; i < 8; i++) y = g.matmul(y, x)
  g.output(g.sumAll(y), 'y')
  return modelBytes(g)
}

class OrtRuntime implements Runtime {
  readonly provider: Provider
  readonly threads: number
  private readonly ort: Module

  constructor(ort: Module, provider: Provider, threads: number) {
    this.ort = ort
    this.provider = provider
    this.threads = threads
  }

  async load(model: Uint8Array, options: LoadOptions = {}): Promise<Session> {
    return this.open(model, options, this.optionsOf(options, this.threads))
  }

  /** Where the module was loaded from: a thread takes the same, since a process has one native library of a name. */
  private get path(): string {
    return [...loaded].find(([, module]) => module === this.ort)?.[0] ?? folderOf('cpu')
  }

  async lanes(model: Uint8Array, count: number, options: LoadOptions = {}): Promise<Lanes | undefined> {
    const threads = Math.floor(this.threads / count)
    if (this.provider !== 'cpu' || count < 2 || threads < 1) return undefined
    const own = await this.open(model, options, this.optionsOf(options, threads))
    const { profile: _, ...rest } = options
    try {
      return await openLanes({ own, model, options: this.optionsOf(rest, threads), path: this.path, count })
    } catch {
      await own.release()
      return undefined
    }
  }

  private async open(
    model: Uint8Array,
    options: LoadOptions,
    session: Ort.InferenceSession.SessionOptions,
  ): Promise<Session> {
    const loaded = await this.ort.InferenceSession.create(model, session)
    return new OrtSession(this.ort, loaded, options.profile ? 'profiled' : 'plain')
  }

  private optionsOf(options: LoadOptions, threads: number): Ort.InferenceSession.SessionOptions {
    const keep = this.provider === 'webgpu' ? (options.keep ?? []) : []
    return {
      executionProviders: [this.provider],
      logSeverityLevel: 3,
      intraOpNumThreads: threads,
      graphOptimizationLevel: options.optimization ?? 'all',
      enableCpuMemArena: options.arena !== 'off',
      // Planned blocks for a whole run take a third more memory than pieces as they are wanted, and save no time.
      enableMemPattern: false,
      extra: {
        // Products of transposed operands are slow where the left one is transposed; the graph says which it wants.
        optimization: { disable_specified_optimizers: 'MatmulTransposeFusion;GemmTransposeFusion' },
        session: {
          // A packed copy of every mapped weight, once per direction, and no faster step.
          disable_prepacking: '1',
          // Spinning threads double the time of a step as soon as anything else runs.
          intra_op: { allow_spinning: '0' },
          ...(options.folder ? { model_external_initializers_file_folder_path: options.folder } : {}),
        },
      },
      ...(keep.length > 0
        ? { preferredOutputLocation: Object.fromEntries(keep.map(name => [name, 'gpu-buffer' as const])) }
        : {}),
      ...(options.profile ? { enableProfiling: true, profileFilePrefix: options.profile } : {}),
    }
  }
}

/** A tensor of ONNX Runtime that stays on the device. */
class DeviceTensor implements Tensor {
  readonly dtype: TensorType
  readonly dims: readonly number[]
  readonly held: Ort.Tensor

  constructor(held: Ort.Tensor) {
    this.dtype = held.type as TensorType
    this.dims = held.dims
    this.held = held
  }

  get data(): TensorData {
    throw new Error('this tensor is on the device: read it through the session')
  }
}

class OrtSession implements Session {
  private readonly ort: Module
  private readonly session: Ort.InferenceSession
  private readonly profiling: 'profiled' | 'plain'
  /** One small session for each rank that was read. */
  private readonly readers = new Map<number, Ort.InferenceSession>()

  constructor(ort: Module, session: Ort.InferenceSession, profiling: 'profiled' | 'plain') {
    this.ort = ort
    this.session = session
    this.profiling = profiling
  }

  get inputs(): readonly string[] {
    return this.session.inputNames
  }

  get outputs(): readonly string[] {
    return this.session.outputNames
  }

  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetch?: readonly string[],
    into?: Readonly<Record<string, Tensor>>,
  ): Promise<Record<string, Tensor>> {
    const inputs: Record<string, Ort.Tensor> = {}
    for (const [name, tensor] of Object.entries(feeds)) inputs[name] = this.toOrt(tensor)
    const fetched = into
      ? Object.fromEntries((fetch ?? this.outputs).map(name => [name, into[name] ? this.toOrt(into[name]) : null]))
      : fetch
    const outputs = await (fetched ? this.session.run(inputs, fetched) : this.session.run(inputs))
    const out: Record<string, Tensor> = {}
    for (const [name, tensor] of Object.entries(outputs)) {
      // The binding hands out a copy of what was written in place as well.
      out[name] =
        into?.[name] ??
        (tensor.location === 'cpu' || tensor.location === 'cpu-pinned'
          ? { dtype: tensor.type as TensorType, dims: tensor.dims, data: tensor.data as TensorData }
          : new DeviceTensor(tensor))
    }
    return out
  }

  async read(tensor: Tensor): Promise<Tensor> {
    if (!(tensor instanceof DeviceTensor)) return tensor
    // Asking a device tensor for its data aborts the process in ORT 1.30; a graph with an output here fetches it.
    const rank = tensor.dims.length
    let reader = this.readers.get(rank)
    if (!reader) {
      const options = { executionProviders: ['webgpu'], logSeverityLevel: 3 } as const
      reader = await this.ort.InferenceSession.create(readerModel(rank), options)
      this.readers.set(rank, reader)
    }
    const { y } = await reader.run({ x: tensor.held })
    return { dtype: tensor.dtype, dims: tensor.dims, data: (y as Ort.Tensor).data as TensorData }
  }

  free(tensors: Iterable<Tensor>): void {
    // The collector of JavaScript sees a small object, not the device memory behind it.
    for (const tensor of tensors) if (tensor instanceof DeviceTensor) tensor.held.dispose()
  }

  async release(): Promise<void> {
    if (this.profiling === 'profiled') this.session.endProfiling()
    for (const reader of this.readers.values()) await reader.release()
    await this.session.release()
  }

  private toOrt(tensor: Tensor): Ort.Tensor {
    if (tensor instanceof DeviceTensor) return tensor.held
    return new this.ort.Tensor(tensor.dtype as 'float32', tensor.data as Float32Array, tensor.dims as number[])
  }
}

/** y = x · 1 for float32 of a rank. */
function readerModel(rank: number): Uint8Array {
  const g = builder({ name: 'read' })
  const dims = Array.from({ length: rank }, (_, i) => `D${i}`)
  g.output(g.mul(g.input('x', 'float32', dims), 1), 'y')
  return modelBytes(g)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
