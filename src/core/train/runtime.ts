/* What runs graphs. The core only knows this interface; `src/node/ort.ts` implements it on ONNX Runtime. */

/** Where a graph runs: the names are those of ONNX Runtime. */
export type Provider = 'cpu' | 'cuda' | 'webgpu' | 'dml' | 'coreml'

/** The providers by the names people know them by. */
export const providerNames: Readonly<Record<Provider, string>> = {
  cpu: 'CPU',
  cuda: 'CUDA',
  webgpu: 'WebGPU',
  dml: 'DirectML',
  coreml: 'CoreML',
}

/** The numbers of a tensor. */
export type TensorData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Uint32Array
  | Uint16Array
  | Int8Array
  | Uint8Array

/** The element types that graphs take and give. */
export type TensorType = 'float32' | 'float64' | 'float16' | 'int64' | 'int32' | 'uint32' | 'int8' | 'uint8' | 'bool'

/** Numbers with dimensions, row major. float16 is the bits in a Uint16Array, bool one byte each. */
export interface Tensor {
  readonly dtype: TensorType
  readonly dims: readonly number[]
  /** Throws for a tensor that stays on the device (`keep`): `Session.read` fetches it. */
  readonly data: TensorData
}

/** Tensors by the names of inputs or outputs. */
export type Tensors = Readonly<Record<string, Tensor>>

/** How a graph is loaded. */
export interface LoadOptions {
  /** The folder that external initializers lie in; paths inside the model are relative to it. */
  readonly folder?: string
  /** `all` unless said otherwise; float64 graphs need `basic`, since `all` makes kernels that have no float64. */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all'
  /** The memory arena of the CPU: faster for encoders, twice the memory for decoders. On unless said otherwise. */
  readonly arena?: 'on' | 'off'
  /** Outputs that stay on the device and may be fed again. Only WebGPU keeps them; elsewhere they come back. */
  readonly keep?: readonly string[]
  /** Writes a profile to files of this prefix when the session is released. */
  readonly profile?: string
}

/** A loaded graph. One run at a time; a run blocks its thread and cannot be stopped from inside the process. */
export interface Session {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /**
   * Feeds every input; answers with the outputs named by `fetch`, all by default. Those in `into` are written there, where they
   * must fit.
   */
  run(feeds: Tensors, fetch?: readonly string[], into?: Tensors): Promise<Record<string, Tensor>>
  /** The tensor with its data here, whether or not it was kept on the device. */
  read(tensor: Tensor): Promise<Tensor>
  /** Lets go of tensors that were kept on the device and are not needed any more; others are left alone. */
  free(tensors: Iterable<Tensor>): void
  release(): Promise<void>
}

/** Sessions of one graph that run at the same time, each on threads of its own. */
export interface Lanes extends Pick<Session, 'inputs' | 'read' | 'free' | 'release'> {
  readonly count: number
  /** A run for each of the feeds, at most `count`; the outputs in their order, of the first those in `into` written there. */
  run(feeds: readonly Tensors[], into?: Tensors): Promise<Record<string, Tensor>[]>
}

/** What loads graphs, and where it runs them. */
export interface Runtime {
  readonly provider: Provider
  /** Threads inside one operator on the CPU. */
  readonly threads: number
  load(model: Uint8Array, options?: LoadOptions): Promise<Session>
  /** Loads a graph `count` times, the threads shared out among them; undefined where that cannot be. */
  lanes?(model: Uint8Array, count: number, options?: LoadOptions): Promise<Lanes | undefined>
}

/**
 * One provider that was considered for a run. `reason` says why it was chosen or passed over; of one passed over it
 * goes on from the provider's name: `found no graphics adapter`.
 */
export interface Attempt {
  readonly provider: Provider
  readonly chosen: boolean
  readonly reason: string
  /** Measured rate of matrix products in GFLOP/s, where it ran. */
  readonly rate?: number
}

/** The runtime and how it was found, so that a run can say that it is not where one would expect it. */
export interface RuntimeChoice {
  readonly runtime: Runtime
  readonly attempts: readonly Attempt[]
}

/** Where a run trains and why not elsewhere, as a sentence; undefined where nothing was passed over. */
export function passedOver({ runtime, attempts }: RuntimeChoice): string | undefined {
  const whys = attempts.filter(a => !a.chosen).map(a => `${providerNames[a.provider]} ${a.reason}`)
  if (whys.length === 0) return undefined
  const place = runtime.provider === 'cpu' ? 'the CPU' : providerNames[runtime.provider]
  const last = whys.pop() as string
  return `Trains on ${place}: ${whys.length > 0 ? `${whys.join(', ')}, and ${last}` : last}`
}

/** float32 values as a tensor, a vector unless dimensions are given. */
export function float32(data: ArrayLike<number>, dims: readonly number[] = [data.length]): Tensor {
  return { dtype: 'float32', dims, data: data instanceof Float32Array ? data : Float32Array.from(data) }
}

/** Whole numbers as an int64 tensor, a vector unless dimensions are given. */
export function int64(data: ArrayLike<number>, dims: readonly number[] = [data.length]): Tensor {
  return { dtype: 'int64', dims, data: BigInt64Array.from(Array.from(data), x => BigInt(x)) }
}
