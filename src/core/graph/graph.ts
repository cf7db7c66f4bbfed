/*
 * A graph is plain data: values, nodes in topological order, inputs, outputs and initializers. Operators are
 * functions over a graph (`ops/*.ts`); `builder.ts` hangs them on the graph, so that models read `g.add(a, b)`.
 *
 * Beside the nodes runs a tape: one entry for each operator as a model wrote it. The nodes say what ONNX Runtime
 * executes in the chosen lowering, the tape says what has a gradient; a composite such as `crossEntropy` is many
 * nodes and one entry.
 */
import { type Dims, dimsText, ShapeError, sizeOf } from './shape.ts'

export type Dtype =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int8'
  | 'int4'
  | 'uint32'
  | 'uint8'
  | 'uint4'
  | 'bool'

/** A tensor that a graph computes with. Identity is the key, never the name: `output` renames in place. */
export interface Value {
  name: string
  readonly dtype: Dtype
  readonly dims: Dims
}

/** Bytes of a tensor file read in place: relative path inside the data folder, byte offset and byte length. */
export interface External {
  readonly location: string
  readonly offset: number
  readonly length: number
}

/** A stored tensor: little-endian bytes here, or a range of a file. */
export interface Initializer {
  readonly value: Value
  readonly data: Uint8Array | External
}

export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'tensor'; readonly value: Initializer }
  | { readonly kind: 'graph'; readonly value: Graph }

/** The attributes of a node by name. */
export type Attributes = Readonly<Record<string, Attribute>>

/** A whole number as an attribute. */
export const int = (value: number): Attribute => ({ kind: 'int', value })
/** A floating-point number as an attribute. */
export const float = (value: number): Attribute => ({ kind: 'float', value })
/** Text as an attribute. */
export const text = (value: string): Attribute => ({ kind: 'text', value })

/** One ONNX node. `undefined` among the inputs is an optional input left out. */
export interface Node {
  readonly name: string
  readonly op: string
  /** `''` is ONNX itself, `com.microsoft` the contributed operators of ONNX Runtime. */
  readonly domain: string
  readonly inputs: readonly (Value | undefined)[]
  readonly outputs: readonly Value[]
  readonly attributes: Attributes
}

/** One operator as the model wrote it: what `grad` walks backward. */
export interface Entry {
  /** The name of its gradient rule. */
  readonly rule: string
  readonly inputs: readonly (Value | undefined)[]
  readonly outputs: readonly Value[]
  readonly attributes: Attributes
  /** Intermediate values the rule reads again. */
  readonly saved: Readonly<Record<string, Value>>
}

/**
 * `fused` uses the contributed operators that have CPU and CUDA kernels; `portable` only what every provider runs,
 * WebGPU included. Both compute the same function.
 */
export type Lowering = 'fused' | 'portable'

/**
 * What a graph is for. One that trains keeps the intermediate values its gradients read again; one that only predicts
 * takes the operator that has none.
 */
export type Purpose = 'predict' | 'train'

export interface GraphOptions {
  readonly name?: string
  /** The dtype of parameters, activations and number literals. */
  readonly dtype?: 'float32' | 'float64'
  readonly lowering?: Lowering
  /** `predict` unless said otherwise: every gradient can be taken either way. */
  readonly purpose?: Purpose
  /** A subgraph (the body of `Loop`) may use the values of its parent. */
  readonly parent?: Graph
}

/** `rows` [N,...] to be added up at the rows `indices` int64 [N,1] of a table. */
export interface RowSum {
  readonly indices: Value
  readonly rows: Value
}

export interface OutputSpec {
  readonly dtype: Dtype
  readonly dims: Dims
}

export interface EmitOptions {
  readonly domain?: string
  /** The gradient rule where it is not the operator's own. */
  readonly rule?: string
  readonly saved?: Readonly<Record<string, Value>>
}

/** Array types of the dtypes that constants may have. */
const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const

export class Graph {
  readonly name: string
  readonly dtype: 'float32' | 'float64'
  readonly lowering: Lowering
  readonly purpose: Purpose
  readonly parent: Graph | undefined
  readonly nodes: Node[] = []
  readonly inputs: Value[] = []
  readonly outputs: Value[] = []
  readonly initializers: Initializer[] = []
  readonly tape: Entry[] = []
  private readonly names: Set<string>
  private readonly counter: { next: number }
  /** The node that makes a value, for what is decided by where a value comes from. */
  private readonly produced = new Map<Value, Node>()
  private readonly constants = new Map<string, Value>()
  private readonly scattered = new Map<Value, RowSum>()
  private recording = true

  constructor(options: GraphOptions = {}) {
    const { parent } = options
    this.name = options.name ?? 'graph'
    this.dtype = options.dtype ?? parent?.dtype ?? 'float32'
    this.lowering = options.lowering ?? parent?.lowering ?? 'fused'
    this.purpose = options.purpose ?? parent?.purpose ?? 'predict'
    this.parent = parent
    // ONNX forbids a body to shadow a name of its parents, so a family of graphs shares names and counter.
    this.names = parent?.names ?? new Set()
    this.counter = parent?.counter ?? { next: 0 }
  }

  /** A value fed at run time. */
  input(name: string, dtype: Dtype, dims: Dims): Value {
    const value = this.value(name, dtype, dims)
    this.inputs.push(value)
    return value
  }

  /**
   * Gives `value` a public name and makes it an output. A node's result is renamed in place; anything else (an
   * input, an initializer, a value of the parent, a value that is an output already) goes through `Identity`.
   */
  output(value: Value, name: string): Value {
    const renamed = this.produced.has(value) && !this.outputs.includes(value)
    const out = renamed ? value : this.emit('Identity', [value], {}, [value])[0]
    if (!out) throw new Error('Identity has one output')
    if (out.name !== name) {
      this.claim(name)
      this.names.delete(out.name)
      out.name = name
    }
    this.outputs.push(out)
    return out
  }

  /** A stored tensor: a typed array (kept, not copied), its bytes, or a range of a file (`{ external }`). */
  init(
    name: string,
    data: ArrayBufferView | { readonly external: External },
    dims: Dims,
    dtype: Dtype = this.dtype,
  ): Value {
    const value = this.value(name, dtype, dims)
    const bytes = 'external' in data ? data.external : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const length = bytes instanceof Uint8Array ? bytes.byteLength : bytes.length
    const wanted = Math.ceil(sizeOf(dims, `initializer ${name}`) * byteSize(dtype))
    if (length !== wanted) {
      throw new ShapeError(`initializer ${name}: ${dtype}${dimsText(dims)} takes ${wanted} bytes, got ${length}`)
    }
    this.initializers.push({ value, data: bytes })
    return value
  }

  /** A small constant, stored once per dtype, shape and content. Made for tens of numbers, not for weights. */
  const(data: ArrayLike<number>, dims: Dims, dtype: Dtype = this.dtype): Value {
    const key = `${dtype}${dimsText(dims)}${Array.from(data).join()}`
    const known = this.constants.get(key)
    if (known) return known
    const value = this.init(this.fresh('c'), typedArray(data, dtype), dims, dtype)
    this.constants.set(key, value)
    return value
  }

  /** A constant without dimensions. */
  scalar(x: number, dtype: Dtype = this.dtype): Value {
    return this.const([x], [], dtype)
  }

  /** An int64 vector: axes, shapes, indices. */
  ints(data: readonly number[]): Value {
    return this.const(data, [data.length], 'int64')
  }

  /** Whether this graph's own nodes, inputs or initializers make the value (false for a value of the parent). */
  owns(value: Value): boolean {
    return this.produced.has(value) || this.inputs.includes(value) || this.initializers.some(i => i.value === value)
  }

  /** The node of this graph that makes the value; undefined for inputs, initializers and values of the parent. */
  source(value: Value): Node | undefined {
    return this.produced.get(value)
  }

  /** Notes that the value is zero but for `sum`: an optimizer may then leave the other rows alone. */
  noteRows(value: Value, sum: RowSum): void {
    this.scattered.set(value, sum)
  }

  /** The rows that a value is made of, where `noteRows` said so. */
  rowsOf(value: Value): RowSum | undefined {
    return this.scattered.get(value)
  }

  /** Appends one node and its tape entry. Shapes are the caller's: use the operators of `ops/`. */
  emit(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    outputs: readonly OutputSpec[],
    options: EmitOptions = {},
  ): Value[] {
    const name = this.fresh(op)
    const values = outputs.map((o, i) => this.value(outputs.length > 1 ? `${name}.${i}` : name, o.dtype, o.dims))
    const node = { name, op, domain: options.domain ?? '', inputs, outputs: values, attributes }
    for (const value of values) this.produced.set(value, node)
    this.nodes.push(node)
    this.record({ rule: options.rule ?? op, inputs, outputs: values, attributes, saved: options.saved ?? {} })
    return values
  }

  /** `emit` for an operator with one output. */
  emit1(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    output: OutputSpec,
    options: EmitOptions = {},
  ): Value {
    return this.emit(op, inputs, attributes, [output], options)[0] as Value
  }

  /** Several nodes, one tape entry: the entries that `build` would have made are dropped. */
  composite(
    rule: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    build: () => { readonly outputs: readonly Value[]; readonly saved?: Readonly<Record<string, Value>> },
  ): readonly Value[] {
    const before = this.recording
    this.recording = false
    const { outputs, saved = {} } = build()
    this.recording = before
    this.record({ rule, inputs, outputs, attributes, saved })
    return outputs
  }

  /** Appends a node like another on other inputs. It leaves no trace on the tape: gradients do not run through it. */
  repeat(node: Node, inputs: readonly (Value | undefined)[]): Node {
    const name = this.fresh(node.op)
    const outputs = node.outputs.map((o, i) => this.value(`${name}.${i}`, o.dtype, o.dims))
    const again = { ...node, name, inputs, outputs }
    for (const value of outputs) this.produced.set(value, again)
    this.nodes.push(again)
    return again
  }

  private record(entry: Entry): void {
    if (this.recording) this.tape.push(entry)
  }

  private value(name: string, dtype: Dtype, dims: Dims): Value {
    this.claim(name)
    return { name, dtype, dims: [...dims] }
  }

  private claim(name: string): void {
    if (this.names.has(name)) throw new ShapeError(`graph ${this.name}: the name "${name}" is taken`)
    this.names.add(name)
  }

  private fresh(hint: string): string {
    return `${hint}_${this.counter.next++}`
  }
}

/** Bytes of one element; half a byte for the four-bit types. */
function byteSize(dtype: Dtype): number {
  switch (dtype) {
    case 'float64':
    case 'int64':
      return 8
    case 'float32':
    case 'int32':
    case 'uint32':
      return 4
    case 'float16':
    case 'bfloat16':
      return 2
    case 'int8':
    case 'uint8':
    case 'bool':
      return 1
    case 'int4':
    case 'uint4':
      return 0.5
  }
}

function typedArray(data: ArrayLike<number>, dtype: Dtype): ArrayBufferView {
  if (dtype === 'int64') return BigInt64Array.from(Array.from(data), x => BigInt(x))
  if (dtype in arrays) return arrays[dtype as keyof typeof arrays].from(data)
  throw new ShapeError(`a constant cannot be ${dtype}`)
}

/** `x float32[B,S]`, for messages. */
export function valueText(value: Value): string {
  return `${value.name} ${value.dtype}${dimsText(value.dims)}`
}
