/* Dropout without state: the mask is a hash of element, step and layer, so a step can be replayed and resumed. */
import { float, type Graph, text, type Value, valueText } from '../graph.ts'
import { product, ShapeError } from '../shape.ts'
import { add, cast, div, greaterOrEqual, mul, sub, where } from './elementwise.ts'
import { range32, reshape } from './move.ts'

export interface DropoutOptions {
  /** The probability of a zero, 0 to 1 (1 excluded). */
  readonly rate: number
  /** The training step, int64 []. */
  readonly step: Value
  /** Differs per layer, so that layers drop different elements. Any integer. */
  readonly salt: number
}

/**
 * x · keep/(1 − rate) (Srivastava et al. 2014), where keep is hash(index, step, salt) ≥ rate·2³². The same on every
 * run and for `Loop`; the two lowerings hash differently, since WebGPU has no bitwise operators.
 */
export function dropout(g: Graph, x: Value, options: DropoutOptions): Value {
  const { rate, step, salt } = options
  if (rate === 0) return x
  if (!(rate > 0 && rate < 1)) throw new ShapeError(`Dropout: the rate ${rate} is not between 0 and 1`)
  if (step.dtype !== 'int64' || step.dims.length > 0) throw new ShapeError(`Dropout: the step ${valueText(step)}`)
  const attributes = { rate: float(rate) }
  return g.composite('Dropout', [x], attributes, () => {
    const keep = greaterOrEqual(g, hashed(g, x, { step, salt }), rate * 2 ** 32)
    const kept = where(g, keep, g.scalar(1 / (1 - rate), x.dtype), 0)
    const mask = reshape(g, kept, x.dims)
    return { outputs: [mul(g, x, mask)], saved: { mask } }
  })[0] as Value
}

/**
 * Uniform in [−1, 1) for each element of x, of its shape and without a gradient; of element, step and salt as in `dropout`.
 */
export function noise(g: Graph, x: Value, options: Pick<DropoutOptions, 'step' | 'salt'>): Value {
  return g.composite('Noise', [], {}, () => {
    const uniform = sub(g, mul(g, hashed(g, x, options), 2 ** -31), 1)
    return { outputs: [reshape(g, uniform, x.dims)] }
  })[0] as Value
}

/** A number in [0, 2³²] for each element of x, as a vector. Rounded to x's type, which moves a probability by 2^-24 at most. */
function hashed(g: Graph, x: Value, { step, salt }: Pick<DropoutOptions, 'step' | 'salt'>): Value {
  const index = mul(g, cast(g, range32(g, product(x.dims)), 'uint32'), 0x9e3779b1)
  const moved = mul(g, cast(g, step, 'uint32'), 0x85ebca6b)
  const start = add(g, index, add(g, moved, Math.imul(salt, 0xc2b2ae35) >>> 0))
  return cast(g, g.lowering === 'fused' ? lowBias(g, start) : quadratic(g, start), x.dtype)
}

/** The 32-bit finalizer "lowbias32" (Wellons 2018); arithmetic wraps modulo 2³². */
function lowBias(g: Graph, start: Value): Value {
  const shift = (h: Value, bits: number) => {
    const shifted = g.emit1('BitShift', [h, g.scalar(bits, 'uint32')], { direction: text('RIGHT') }, h)
    return g.emit1('BitwiseXor', [h, shifted], {}, h)
  }
  const first = mul(g, shift(start, 16), 0x7feb352d)
  return shift(mul(g, shift(first, 15), 0x846ca68b), 16)
}

/**
 * Three rounds of h·(2h + c), a permutation of the 32-bit integers for odd c (the quadratic of RC6, Rivest et al.
 * 1998), with the halves swapped in between. The upper bits decide, and those are the well-mixed ones of a product.
 */
function quadratic(g: Graph, start: Value): Value {
  const round = (h: Value, c: number) => mul(g, h, add(g, mul(g, h, 2), c))
  const swap = (h: Value) => add(g, div(g, h, 65536), mul(g, h, 65536))
  return round(swap(round(swap(round(start, 0x7feb352d)), 0x846ca68b)), 0x2c1b3c6d)
}
