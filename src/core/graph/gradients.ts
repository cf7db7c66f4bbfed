/*
 * The gradient rule of every operator. Notation: d is the gradient of the output y; a, b, c are the inputs. A rule
 * returns one value per input, broadcast as it likes: the walk sums it back to the input's shape.
 */
import type { Builder } from './builder.ts'
import type { Attribute, Entry, Value } from './graph.ts'
import { type Dim, product, ShapeError, sizeOf } from './shape.ts'

export interface Call {
  readonly g: Builder
  readonly entry: Entry
  readonly a: Value
  readonly b: Value
  readonly c: Value
  readonly y: Value
  readonly d: Value
  /** The gradients of all outputs, where something led to them. */
  readonly ds: readonly (Value | undefined)[]
  /** Which inputs want a gradient: a rule may skip the rest. */
  readonly want: readonly boolean[]
}

export type Rule = (call: Call) => readonly (Value | undefined)[]

const invSqrt2 = Math.SQRT1_2
const logInvSqrtPi = -0.5 * Math.log(Math.PI)
const tanhScale = Math.sqrt(2 / Math.PI)
const tanhCubic = 0.044715

function when(wanted: boolean | undefined, build: () => Value): Value | undefined {
  return wanted ? build() : undefined
}

function numberOf(entry: Entry, name: string): number {
  const attribute: Attribute | undefined = entry.attributes[name]
  if (attribute?.kind !== 'int' && attribute?.kind !== 'float') throw new Error(`${entry.rule}: no number ${name}`)
  return attribute.value
}

function intsOf(entry: Entry, name: string): readonly number[] {
  const attribute: Attribute | undefined = entry.attributes[name]
  if (attribute?.kind !== 'ints') throw new Error(`${entry.rule}: no list ${name}`)
  return attribute.value
}

function saved(entry: Entry, name: string): Value {
  const value = entry.saved[name]
  if (!value) throw new Error(`${entry.rule}: ${name} was not saved`)
  return value
}

/** The gradient of a reduction with its axes back as size 1. */
function kept({ g, entry, a, d }: Call): Value {
  const axes = intsOf(entry, 'axes')
  return g.reshape(
    d,
    a.dims.map((dim, i) => (axes.includes(i) ? 1 : dim)),
  )
}

/** d where the condition holds, else 0. */
function only(g: Builder, condition: Value, d: Value): Value {
  return g.where(condition, d, g.scalar(0, d.dtype))
}

export const rules: Readonly<Record<string, Rule>> = {
  Identity: ({ d }) => [d],
  Neg: ({ g, d }) => [g.neg(d)],
  Cast: ({ g, a, d }) => [g.cast(d, a.dtype)],
  Add: ({ d }) => [d, d],
  Sub: ({ g, d, want }) => [d, when(want[1], () => g.neg(d))],
  Mul: ({ g, a, b, d, want }) => [when(want[0], () => g.mul(d, b)), when(want[1], () => g.mul(d, a))],
  Div: ({ g, b, y, d, want }) => {
    const q = g.div(d, b)
    return [q, when(want[1], () => g.neg(g.mul(q, y)))]
  },
  Min: ({ g, a, b, d, want }) => {
    const first = g.lessOrEqual(a, b)
    return [when(want[0], () => only(g, first, d)), when(want[1], () => g.sub(d, only(g, first, d)))]
  },
  Max: ({ g, a, b, d, want }) => {
    const first = g.greaterOrEqual(a, b)
    return [when(want[0], () => only(g, first, d)), when(want[1], () => g.sub(d, only(g, first, d)))]
  },
  Where: ({ g, a, d, want }) => {
    const other = () => g.where(a, g.scalar(0, d.dtype), d)
    return [undefined, when(want[1], () => only(g, a, d)), when(want[2], other)]
  },
  Exp: ({ g, y, d }) => [g.mul(d, y)],
  Log: ({ g, a, d }) => [g.div(d, a)],
  Sqrt: ({ g, y, d }) => [g.div(g.mul(d, 0.5), y)],
  Pow: ({ g, a, d, entry }) => {
    const exponent = numberOf(entry, 'exponent')
    return [g.mul(d, g.mul(g.pow(a, exponent - 1), exponent))]
  },
  Tanh: ({ g, y, d }) => [g.mul(d, g.sub(1, g.mul(y, y)))],
  Sigmoid: ({ g, y, d }) => [g.mul(d, g.mul(y, g.sub(1, y)))],
  Relu: ({ g, a, d }) => [only(g, g.greater(a, 0), d)],
  Erf: ({ g, a, d }) => [g.mul(g.mul(d, 2 / Math.sqrt(Math.PI)), g.exp(g.neg(g.mul(a, a))))],
  // Φ(x) + x·φ(x)
  Gelu: ({ g, a, d, entry }) => {
    // Φ(x) + x·φ(x) with u = x/√2: Φ + u·exp(ln(1/√π) − u²), a pass less than factor by factor.
    const u = entry.saved['u'] ?? g.mul(a, invSqrt2)
    const phi = entry.saved['phi'] ?? g.normalProbability(u)
    return [g.mul(d, g.add(phi, g.mul(u, g.exp(g.sub(logInvSqrtPi, g.mul(u, u))))))]
  },
  // The slope of ½ + ½·erf(u)
  NormalProbability: ({ g, a, d }) => [g.mul(d, g.exp(g.sub(logInvSqrtPi, g.mul(a, a))))],
  // With t = tanh(u), u = k(x + cx³): ½(1 + t) + ½x(1 − t²)·k(1 + 3cx²)
  GeluTanh: ({ g, a, d }) => {
    const square = g.mul(a, a)
    const t = g.tanh(g.mul(g.mul(a, g.add(g.mul(square, tanhCubic), 1)), tanhScale))
    const slope = g.mul(g.add(g.mul(square, 3 * tanhCubic), 1), 0.5 * tanhScale)
    const inner = g.mul(g.mul(a, g.sub(1, g.mul(t, t))), slope)
    return [g.mul(d, g.add(g.mul(g.add(t, 1), 0.5), inner))]
  },
  // s + y(1 − s), s = sigmoid(x)
  Silu: ({ g, a, y, d }) => {
    const s = g.sigmoid(a)
    return [g.mul(d, g.add(s, g.mul(y, g.sub(1, s))))]
  },
  Dropout: ({ g, d, entry }) => [g.mul(d, saved(entry, 'mask'))],

  Reshape: ({ g, a, d }) => [g.reshape(d, a.dims)],
  Unsqueeze: ({ g, a, d }) => [g.reshape(d, a.dims)],
  Squeeze: ({ g, a, d }) => [g.reshape(d, a.dims)],
  Expand: ({ d }) => [d],
  Transpose: ({ g, d, entry }) => {
    const inverse: number[] = []
    intsOf(entry, 'perm').forEach((axis, i) => {
      inverse[axis] = i
    })
    return [g.transpose(d, inverse)]
  },
  Concat: ({ g, d, entry, want }) => {
    const axis = numberOf(entry, 'axis')
    let start = 0
    return entry.inputs.map((v, i) => {
      const length = v?.dims[axis]
      if (typeof length !== 'number') throw new ShapeError('Concat: the gradient needs known sizes along the axis')
      const part = when(want[i], () => g.slice(d, { axis, start, length }))
      start += length
      return part
    })
  },
  Split: ({ g, ds, entry }) => {
    const parts = ds.map((d, i) => d ?? g.zerosLike(entry.outputs[i] as Value))
    return [g.concat(parts, numberOf(entry, 'axis'))]
  },
  Slice: ({ g, a, d, entry }) => {
    const axis = numberOf(entry, 'axis')
    const start = numberOf(entry, 'start')
    const size = a.dims[axis]
    if (typeof size !== 'number') throw new ShapeError('Slice: the gradient needs a known size along the axis')
    return [g.pad(d, { axis, before: start, after: size - start - numberOf(entry, 'length') })]
  },
  Gather: ({ g, a, b, d, entry }) => {
    const axis = numberOf(entry, 'axis')
    if (axis === 0) return [gatherGradient(g, a, b, d)]
    // Rows first: the picked axes of d and the axis of a move to the front, and back again at the end.
    const picked = b.dims.length
    const order = (rank: number, from: number, count: number) => {
      const front = Array.from({ length: count }, (_, i) => from + i)
      return [...front, ...Array.from({ length: rank }, (_, i) => i).filter(i => !front.includes(i))]
    }
    const perm = order(a.dims.length, axis, 1)
    const table = { dtype: a.dtype, dims: perm.map(i => a.dims[i] as Dim) }
    const rows = gatherGradient(g, table, b, g.transpose(d, order(d.dims.length, axis, picked)))
    const back: number[] = []
    perm.forEach((from, i) => {
      back[from] = i
    })
    return [g.transpose(rows, back)]
  },

  ReduceSum: call => [call.g.expand(kept(call), call.a.dims)],
  ReduceMean: call => {
    const axes = intsOf(call.entry, 'axes')
    const count = sizeOf(
      axes.map(i => call.a.dims[i] as Dim),
      'ReduceMean: the number of elements',
    )
    return [call.g.expand(call.g.mul(kept(call), 1 / count), call.a.dims)]
  },
  // A stop-gradient on purpose: shifting a softmax by any number leaves it unchanged.
  ReduceMax: () => [undefined],
  ReduceSumSquare: ({ g, a, d }) => [g.mul(a, g.mul(d, 2))],

  MatMul: ({ g, a, b, d, entry, want }) => {
    const transA = numberOf(entry, 'transA') === 1
    const transB = numberOf(entry, 'transB') === 1
    const alpha = numberOf(entry, 'alpha')
    const da = () =>
      transA ? g.matmul(b, d, { transA: transB, transB: true, alpha }) : g.matmul(d, b, { transB: !transB, alpha })
    const db = () => {
      // Activations times a matrix: one product over all rows, instead of a batch of products and a sum.
      const rows = b.dims.length === 2 && a.dims.length > 2 && !transA
      const x = rows ? g.flat2d(a) : a
      const e = rows ? g.flat2d(d) : d
      return transB
        ? g.matmul(e, x, { transA: true, transB: transA, alpha })
        : g.matmul(x, e, { transA: !transA, alpha })
    }
    return [when(want[0], da), when(want[1], db)]
  },
  // y = a·bᵀ + c over rows
  Linear: ({ g, a, b, d, want }) => [
    when(want[0], () => g.matmul(d, b)),
    when(want[1], () => g.matmul(d, a, { transA: true })),
    d,
  ],
  RelativeShift: ({ g, d }) => [g.relativeUnshift(d)],
  QuantizedMatMul: ({ g, d, entry }) => {
    const weight = g.dequantize(saved(entry, 'codes'), saved(entry, 'scales'), saved(entry, 'zeros'))
    return [g.matmul(d, weight)]
  },
  RotaryEmbedding: ({ g, d, entry }) => {
    // Rotating back: the same operator with the opposite angle.
    const tables = {
      cos: saved(entry, 'cos'),
      sin: saved(entry, 'negativeSin'),
      negativeSin: saved(entry, 'sin'),
      ...(entry.saved.rows ? { rows: entry.saved.rows } : {}),
    }
    return [g.rotary(d, tables)]
  },

  Softmax: ({ g, y, d }) => {
    const t = g.mul(d, y)
    return [g.sub(t, g.mul(y, g.sum(t, [-1])))]
  },
  LogSoftmax: ({ g, y, d }) => [g.sub(d, g.mul(g.exp(y), g.sum(d, [-1])))],
  LayerNorm: ({ g, a, b, d, entry, want }) => {
    const inverse = saved(entry, 'inverse')
    const centred = g.sub(a, saved(entry, 'mean'))
    const dx = () => {
      // The inverse deviation squared falls on a column instead of the whole tensor.
      const e = g.mul(d, b)
      const along = g.mul(g.mul(inverse, inverse), g.mean(g.mul(e, centred), [-1]))
      return g.mul(inverse, g.sub(g.sub(e, g.mean(e, [-1])), g.mul(centred, along)))
    }
    return [when(want[0], dx), when(want[1], () => g.mul(d, g.mul(centred, inverse))), d]
  },
  RmsNorm: ({ g, a, b, d, entry, want }) => {
    const again = () => g.div(1, g.sqrt(g.add(g.mean(g.mul(a, a), [-1]), numberOf(entry, 'epsilon'))))
    const inverse = entry.saved.inverse ?? again()
    const dx = () => {
      // The inverse deviation squared falls on a column instead of the whole tensor.
      const e = g.mul(d, b)
      const along = g.mul(g.mul(inverse, inverse), g.mean(g.mul(e, a), [-1]))
      return g.mul(inverse, g.sub(e, g.mul(a, along)))
    }
    return [when(want[0], dx), when(want[1], () => g.mul(d, g.mul(a, inverse)))]
  },

  // s·(softmax − q), s the row's share of the loss: subtracting q touches one element a row, plus a constant
  CrossEntropy: ({ g, a, d, entry }) => {
    const smoothing = numberOf(entry, 'smoothing')
    const [n, classes] = a.dims as [Dim, Dim]
    const share = g.mul(saved(entry, 'weight'), d)
    const soft = g.exp(saved(entry, 'logProbability'))
    const spread = smoothing === 0 ? soft : g.sub(soft, smoothing / Number(classes))
    const rows = g.unsqueeze(g.range(n), [1])
    const pairs = g.concat([rows, saved(entry, 'index')], 1)
    const label = g.reshape(g.mul(share, smoothing - 1), [n])
    return [g.scatterAdd(g.mul(spread, share), pairs, label)]
  },
  // The rows' gradient was made with the loss, piece by piece.
  ProjectedCrossEntropy: ({ g, a, b, d, entry, want }) => {
    const cap = numberOf(entry, 'cap')
    const options = {
      ...(cap === 0 ? {} : { cap }),
      smoothing: numberOf(entry, 'smoothing'),
      elements: numberOf(entry, 'elements'),
    }
    const [labels, share] = [saved(entry, 'labels'), saved(entry, 'share')]
    const weight = () => g.mul(g.projectedWeightGradient({ x: a, weight: b, labels, share }, options), d)
    return [when(want[0], () => g.mul(saved(entry, 'dx'), d)), when(want[1], weight)]
  },
  MeanSquaredError: ({ g, a, d, entry }) => {
    const share = g.mul(saved(entry, 'weight'), g.mul(d, 2 / Number(a.dims[1])))
    return [g.mul(saved(entry, 'difference'), share)]
  },
}

/** Rows of `d` added up at `indices` in zeros of the shape of the table (an embedding's gradient). */
function gatherGradient(g: Builder, table: Pick<Value, 'dtype' | 'dims'>, indices: Value, d: Value): Value {
  const width = table.dims.slice(1)
  const count = product(indices.dims)
  const zeros = g.expand(g.scalar(0, table.dtype), table.dims)
  const sum = { indices: g.reshape(indices, [count, 1]), rows: g.reshape(d, [count, ...width]) }
  const gradient = g.scatterAdd(zeros, sum.indices, sum.rows)
  g.noteRows(gradient, sum)
  return gradient
}
