/* Matrix products, and the linear maps made of them. */
import { float, type Graph, int, type Value, valueText } from '../graph.ts'
import { broadcast, type Dim, dimAt, product, ShapeError, sameDims } from '../shape.ts'
import { mul } from './elementwise.ts'
import { flat2d, reshape, transposeLast } from './move.ts'

export interface MatmulOptions {
  readonly transA?: boolean
  readonly transB?: boolean
  readonly alpha?: number
}

/**
 * alpha · op(a) · op(b), with op the identity or the swap of the last two axes; leading axes broadcast.
 * Fused: MatMul, Gemm for two matrices, contrib FusedMatMul else. Portable: Transpose, MatMul, Mul.
 */
export function matmul(g: Graph, a: Value, b: Value, options: MatmulOptions = {}): Value {
  const { transA = false, transB = false, alpha = 1 } = options
  const [rows, inner] = matrixDims(a, transA)
  const [inner2, columns] = matrixDims(b, transB)
  const product = `${valueText(a)}${transA ? 'ᵀ' : ''} by ${valueText(b)}${transB ? 'ᵀ' : ''}`
  if (inner !== inner2) throw new ShapeError(`MatMul: ${product}: ${inner} against ${inner2}`)
  if (a.dtype !== b.dtype) throw new ShapeError(`MatMul: ${product}: the dtypes differ`)
  const dims = [...broadcast('MatMul', a.dims.slice(0, -2), b.dims.slice(0, -2)), rows, columns]
  const spec = { dtype: a.dtype, dims }
  const attributes = { transA: int(transA ? 1 : 0), transB: int(transB ? 1 : 0), alpha: float(alpha) }
  return g.composite('MatMul', [a, b], attributes, () => {
    if (!transA && !transB && alpha === 1) return { outputs: [g.emit1('MatMul', [a, b], {}, spec)] }
    if (transA && g.lowering === 'fused') return { outputs: [turned(g, a, b, options)] }
    if (a.dims.length === 2 && b.dims.length === 2) return { outputs: [g.emit1('Gemm', [a, b], attributes, spec)] }
    if (g.lowering === 'fused' && a.dtype === 'float32') {
      return { outputs: [g.emit1('FusedMatMul', [a, b], attributes, spec, { domain: 'com.microsoft' })] }
    }
    const y = g.emit1('MatMul', [transA ? transposeLast(g, a) : a, transB ? transposeLast(g, b) : b], {}, spec)
    return { outputs: [alpha === 1 ? y : mul(g, y, alpha)] }
  })[0] as Value
}

/**
 * alpha · aᵀ · op(b) as (op(b)ᵀ · a)ᵀ where that moves less: the kernels of the CPU read a transposed left operand
 * element by element, at a fraction of the rate of a plain product.
 */
function turned(g: Graph, a: Value, b: Value, { transB = false, alpha = 1 }: MatmulOptions): Value {
  if (transB) return transposeLast(g, matmul(g, b, a, { alpha }))
  const small = a.dims.length === 2 && b.dims.length === 2 && Number(a.dims[1]) <= Number(b.dims[1])
  if (small) return matmul(g, transposeLast(g, a), b, { alpha })
  return transposeLast(g, matmul(g, transposeLast(g, b), a, { alpha }))
}

function matrixDims(a: Value, swap: boolean): [Dim, Dim] {
  if (a.dims.length < 2) throw new ShapeError(`MatMul: ${valueText(a)} is not a matrix`)
  const rows = a.dims.at(-2) as Dim
  const columns = a.dims.at(-1) as Dim
  return swap ? [columns, rows] : [rows, columns]
}

/**
 * The layer of Hugging Face checkpoints: x [...,in] times the transpose of w [out,in], plus bias [out]; the result
 * is [...,out]. One Gemm over flattened rows, so the stored weight is read as it lies in the file.
 */
export function linear(g: Graph, x: Value, w: Value, bias?: Value): Value {
  const inner = dimAt('Linear', x.dims, -1)
  if (w.dims.length !== 2 || w.dims[1] !== inner) {
    throw new ShapeError(`Linear: ${valueText(x)} does not fit the weight ${valueText(w)}`)
  }
  const out = w.dims[0] as Dim
  if (bias && !sameDims(bias.dims, [out])) throw new ShapeError(`Linear: bias ${valueText(bias)} is not [${out}]`)
  const x2 = flat2d(g, x)
  const spec = { dtype: x.dtype, dims: [x2.dims[0] as Dim, out] }
  const inputs = bias ? [x2, w, bias] : [x2, w]
  const y = g.emit1('Gemm', inputs, { transB: int(1) }, spec, { rule: 'Linear' })
  return reshape(g, y, [...x.dims.slice(0, -1), out])
}

export interface RotaryTables {
  /** cos and sin of position times frequency, [S, head/2] each, and -sin for the backward pass. */
  readonly cos: Value
  readonly sin: Value
  readonly negativeSin: Value
  /** The row of the tables for every token, int64 [B,S]; row s for token s where left out. */
  readonly rows?: Value
}

/**
 * Rotary position embedding (Su et al. 2021), halves not interleaved: x [B,heads,S,head]. Contrib
 * `RotaryEmbedding` on every provider.
 */
export function rotary(g: Graph, x: Value, tables: RotaryTables): Value {
  const { cos, sin, negativeSin, rows } = tables
  const half = dimAt('Rotary', cos.dims, -1)
  if (x.dims.length !== 4 || product([half, 2]) !== x.dims[3]) {
    throw new ShapeError(`Rotary: ${valueText(x)} does not fit the table ${valueText(cos)}`)
  }
  const saved = { cos, sin, negativeSin, ...(rows ? { rows } : {}) }
  return g.emit1('RotaryEmbedding', [x, rows ?? g.ints([0]), cos, sin], {}, x, { domain: 'com.microsoft', saved })
}
