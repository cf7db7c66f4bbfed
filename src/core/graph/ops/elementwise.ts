/* Element-wise operators. Two operands broadcast as in ONNX and share a dtype; a number takes the other's dtype. */
import { type Dtype, float, type Graph, int, text, type Value, valueText } from '../graph.ts'
import { broadcast, ShapeError } from '../shape.ts'

/** A value, or a number that becomes a constant of the other operand's dtype. */
export type Operand = Value | number

function operands(g: Graph, op: string, a: Operand, b: Operand): [Value, Value] {
  const like = typeof a !== 'number' ? a.dtype : typeof b !== 'number' ? b.dtype : g.dtype
  const x = typeof a === 'number' ? g.scalar(a, like) : a
  const y = typeof b === 'number' ? g.scalar(b, like) : b
  if (x.dtype !== y.dtype) throw new ShapeError(`${op}: ${valueText(x)} and ${valueText(y)} differ in dtype`)
  return [x, y]
}

function binary(g: Graph, op: string, a: Operand, b: Operand, dtype?: Dtype): Value {
  const [x, y] = operands(g, op, a, b)
  return g.emit1(op, [x, y], {}, { dtype: dtype ?? x.dtype, dims: broadcast(op, x.dims, y.dims) })
}

function unary(g: Graph, op: string, a: Value): Value {
  return g.emit1(op, [a], {}, a)
}

export const add = (g: Graph, a: Operand, b: Operand): Value => binary(g, 'Add', a, b)
export const sub = (g: Graph, a: Operand, b: Operand): Value => binary(g, 'Sub', a, b)
export const mul = (g: Graph, a: Operand, b: Operand): Value => binary(g, 'Mul', a, b)
export const div = (g: Graph, a: Operand, b: Operand): Value => binary(g, 'Div', a, b)
/** The smaller of two; where they are equal the gradient goes to `a`. */
export const min = (g: Graph, a: Operand, b: Operand): Value => binary(g, 'Min', a, b)
/** The larger of two; where they are equal the gradient goes to `a`. */
export const max = (g: Graph, a: Operand, b: Operand): Value => binary(g, 'Max', a, b)
export const greater = (g: Graph, a: Operand, b: Operand): Value => binary(g, 'Greater', a, b, 'bool')
export const lessOrEqual = (g: Graph, a: Operand, b: Operand): Value => binary(g, 'LessOrEqual', a, b, 'bool')
export const greaterOrEqual = (g: Graph, a: Operand, b: Operand): Value => binary(g, 'GreaterOrEqual', a, b, 'bool')
export const equal = (g: Graph, a: Operand, b: Operand): Value => binary(g, 'Equal', a, b, 'bool')

export const identity = (g: Graph, a: Value): Value => unary(g, 'Identity', a)
export const neg = (g: Graph, a: Value): Value => unary(g, 'Neg', a)
export const exp = (g: Graph, a: Value): Value => unary(g, 'Exp', a)
export const log = (g: Graph, a: Value): Value => unary(g, 'Log', a)
export const sqrt = (g: Graph, a: Value): Value => unary(g, 'Sqrt', a)
export const tanh = (g: Graph, a: Value): Value => unary(g, 'Tanh', a)
export const sigmoid = (g: Graph, a: Value): Value => unary(g, 'Sigmoid', a)
export const relu = (g: Graph, a: Value): Value => unary(g, 'Relu', a)
export const erf = (g: Graph, a: Value): Value => unary(g, 'Erf', a)

/** `a` to a constant power. */
export function pow(g: Graph, a: Value, exponent: number): Value {
  const build = () => ({ outputs: [g.emit1('Pow', [a, g.scalar(exponent, a.dtype)], {}, a)] })
  return g.composite('Pow', [a], { exponent: float(exponent) }, build)[0] as Value
}

/**
 * x·Φ(x) with the exact normal distribution (Hendrycks and Gimpel 2016). ONNX `Gelu`, opset 20; a graph that trains
 * writes it out, because the gradient wants u = x/√2 and Φ(x) again, and the error function is the dear part.
 */
export function gelu(g: Graph, a: Value): Value {
  if (g.purpose === 'train') {
    return g.composite('Gelu', [a], {}, () => {
      const u = mul(g, a, Math.SQRT1_2)
      const phi = normalProbability(g, u)
      return { outputs: [mul(g, a, phi)], saved: { u, phi } }
    })[0] as Value
  }
  return g.emit1('Gelu', [a], { approximate: text('none') }, a)
}

/** ½ + ½·erf(u), which is Φ(u·√2), in one pass after the error function: its range is that of `HardSigmoid`. */
export function normalProbability(g: Graph, u: Value): Value {
  const halves = { alpha: float(0.5), beta: float(0.5) }
  return g.composite('NormalProbability', [u], {}, () => {
    return { outputs: [g.emit1('HardSigmoid', [erf(g, u)], halves, u)] }
  })[0] as Value
}

/** The tanh approximation of GELU: ½x(1 + tanh(√(2/π)(x + 0.044715x³))). */
export function geluTanh(g: Graph, a: Value): Value {
  return g.emit1('Gelu', [a], { approximate: text('tanh') }, a, { rule: 'GeluTanh' })
}

/** x·sigmoid(x) (Swish; Ramachandran et al. 2017). Fused: contrib `QuickGelu` with alpha 1, float32 only. */
export function silu(g: Graph, a: Value): Value {
  if (g.lowering === 'fused' && a.dtype === 'float32') {
    return g.emit1('QuickGelu', [a], { alpha: float(1) }, a, { domain: 'com.microsoft', rule: 'Silu' })
  }
  return g.composite('Silu', [a], {}, () => ({ outputs: [mul(g, a, sigmoid(g, a))] }))[0] as Value
}

/** ONNX TensorProto.DataType. */
export const dtypeNumbers: Readonly<Record<Dtype, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  bfloat16: 16,
  uint4: 21,
  int4: 22,
}

/** The same values in another type. */
export function cast(g: Graph, a: Value, dtype: Dtype): Value {
  if (a.dtype === dtype) return a
  return g.emit1('Cast', [a], { to: int(dtypeNumbers[dtype]) }, { dtype, dims: a.dims })
}

/** `a` where `condition` (bool) holds, else `b`; all three broadcast. */
export function where(g: Graph, condition: Value, a: Operand, b: Operand): Value {
  if (condition.dtype !== 'bool') throw new ShapeError(`Where: the condition ${valueText(condition)} is not bool`)
  const [x, y] = operands(g, 'Where', a, b)
  const dims = broadcast('Where', condition.dims, broadcast('Where', x.dims, y.dims))
  return g.emit1('Where', [condition, x, y], {}, { dtype: x.dtype, dims })
}
