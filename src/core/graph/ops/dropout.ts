/* Dropout without state: the mask is a hash of element, step and layer, so a step can be replayed and resumed. */
import { float, type Graph, text, type Value, valueText } from '../graph.ts'
import { type Dim, product, ShapeError } from '../shape.ts'
import { add, cast, greaterOrEqual, mul } from './elementwise.ts'
import { range, reshape } from './move.ts'

export interface DropoutOptions {
  /** The probability of a zero, 0 to 1 (1 excluded). */
  readonly rate: number
  /** The training step, int64 []. */
  readonly step: Value
  /** Differs per layer, so that layers drop different elements. Any integer. */
  readonly salt: number
}

/**
 * x · keep/(1 − rate) (Srivastava et al. 2014). keep comes from the 32-bit finalizer "lowbias32" (Wellons 2018) of
 * index·0x9E3779B1 + step·0x85EBCA6B + salt; constants wrap modulo 2³². Same on every run, provider and for `Loop`.
 */
export function dropout(g: Graph, x: Value, options: DropoutOptions): Value {
  const { rate, step, salt } = options
  if (rate === 0) return x
  if (!(rate > 0 && rate < 1)) throw new ShapeError(`Dropout: the rate ${rate} is not between 0 and 1`)
  if (step.dtype !== 'int64' || step.dims.length > 0) throw new ShapeError(`Dropout: the step ${valueText(step)}`)
  const attributes = { rate: float(rate) }
  return g.composite('Dropout', [x], attributes, () => {
    const size = product(x.dims)
    const index = mul(g, cast(g, range(g, size), 'uint32'), g.scalar(0x9e3779b1, 'uint32'))
    const moved = mul(g, cast(g, step, 'uint32'), g.scalar(0x85ebca6b, 'uint32'))
    let h = add(g, index, add(g, moved, g.scalar(Math.imul(salt, 0xc2b2ae35) >>> 0, 'uint32')))
    h = shiftXor(g, h, size, 16)
    h = shiftXor(g, mul(g, h, g.scalar(0x7feb352d, 'uint32')), size, 15)
    h = shiftXor(g, mul(g, h, g.scalar(0x846ca68b, 'uint32')), size, 16)
    // A 32-bit integer rounds when it becomes float32, which at most moves a probability by 2^-24.
    const uniform = mul(g, cast(g, h, x.dtype), 2 ** -32)
    const kept = mul(g, cast(g, greaterOrEqual(g, uniform, rate), x.dtype), 1 / (1 - rate))
    const mask = reshape(g, kept, x.dims)
    return { outputs: [mul(g, x, mask)], saved: { mask } }
  })[0] as Value
}

function shiftXor(g: Graph, h: Value, size: Dim, bits: number): Value {
  const spec = { dtype: 'uint32', dims: [size] } as const
  const shifted = g.emit1('BitShift', [h, g.scalar(bits, 'uint32')], { direction: text('RIGHT') }, spec)
  return g.emit1('BitwiseXor', [h, shifted], {}, spec)
}
