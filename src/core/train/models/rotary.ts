/* Rotary position embedding (Su et al. 2021): angles of positions, and the published ways to stretch them. */
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import type { RotaryTables } from '../../graph/ops/linear.ts'
import { type Dim, product } from '../../graph/shape.ts'

/** How the frequencies of a model were stretched to longer contexts, as `rope_scaling` of `config.json` says it. */
export type RotaryScaling =
  /** Positions divided by the factor (position interpolation, Chen et al. 2023). */
  | { readonly kind: 'linear'; readonly factor: number }
  /** Low frequencies divided, high ones kept, a blend between (Llama 3.1, Dubey et al. 2024). */
  | {
      readonly kind: 'llama3'
      readonly factor: number
      readonly low: number
      readonly high: number
      readonly original: number
    }
  /** The same by the number of turns within the original context, and a temperature (YaRN, Peng et al. 2023). */
  | {
      readonly kind: 'yarn'
      readonly factor: number
      readonly fast: number
      readonly slow: number
      readonly original: number
      readonly temperature: number
      readonly whole: boolean
    }
  /** A divisor for each frequency (LongRoPE, Ding et al. 2024): those for texts of at most the original length. */
  | {
      readonly kind: 'divided'
      readonly by: readonly number[]
      readonly original: number
      readonly temperature: number
    }

/** The rotation of one kind of layer. */
export interface Rotary {
  /** Elements of each head that turn; the rest pass unchanged. Even. */
  readonly size: number
  /** The longest wavelength is 2π·base^((size−2)/size) tokens. */
  readonly base: number
  readonly scaling?: RotaryScaling
}

/** Radians per position of every pair of elements, [size/2], and what cos and sin are multiplied by. */
export function frequencies({ size, base, scaling }: Rotary): { readonly inverse: number[]; readonly scale: number } {
  const plain = Array.from({ length: size / 2 }, (_, i) => base ** ((-2 * i) / size))
  switch (scaling?.kind) {
    case undefined:
      return { inverse: plain, scale: 1 }
    case 'linear':
      return { inverse: plain.map(f => f / scaling.factor), scale: 1 }
    case 'llama3': {
      const { factor, low, high, original } = scaling
      const inverse = plain.map(f => {
        const turns = (original * f) / (2 * Math.PI)
        if (turns < low) return f / factor
        if (turns > high) return f
        const blend = (turns - low) / (high - low)
        return ((1 - blend) * f) / factor + blend * f
      })
      return { inverse, scale: 1 }
    }
    case 'yarn': {
      const { factor, fast, slow, original, temperature, whole } = scaling
      const pairOf = (turns: number) => (size * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(base))
      const from = Math.max(0, whole ? Math.floor(pairOf(fast)) : pairOf(fast))
      const to = Math.min(size - 1, whole ? Math.ceil(pairOf(slow)) : pairOf(slow))
      const inverse = plain.map((f, i) => {
        const stretched = Math.min(1, Math.max(0, (i - from) / (to === from ? 0.001 : to - from)))
        return (f / factor) * stretched + f * (1 - stretched)
      })
      return { inverse, scale: temperature }
    }
    case 'divided':
      return { inverse: plain.map((f, i) => f / (scaling.by[i] as number)), scale: scaling.temperature }
  }
}

/**
 * The tables of one batch: cos and sin of position times frequency. Without `positions` they are [S, size/2] for 0, 1, ... of
 * every row; with them (int64 [B,S]) [B·S, size/2], one row for every token. Positions are below `longest`.
 *
 * No angle is computed where the graph runs: a GPU's sine is off by 1e-4 and worse for large angles. A position is
 * a·block + b, and the two angles come from small tables made here in doubles: cos(x + y) = cos x·cos y − sin x·sin y.
 */
export function rotaryTables(
  g: Builder,
  rotary: Rotary,
  at: { readonly positions: Value | undefined; readonly length: Dim; readonly longest: number },
): RotaryTables {
  const { inverse, scale } = frequencies(rotary)
  const block = 2 ** Math.ceil(Math.log2(Math.sqrt(at.longest)))
  const table = (rows: number, step: number, of: (angle: number) => number) => {
    const angles = Array.from({ length: rows }, (_, r) => inverse.map(f => of(r * step * f)))
    return g.const(angles.flat(), [rows, inverse.length])
  }
  const count = at.positions ? product(at.positions.dims) : at.length
  const places = at.positions ? g.reshape(at.positions, [count]) : g.range(at.length)
  const far = g.div(places, block)
  const near = g.sub(places, g.mul(far, block))
  const [cosFar, sinFar] = [Math.cos, Math.sin].map(of =>
    g.gather(
      table(Math.ceil(at.longest / block), block, x => scale * of(x)),
      far,
    ),
  ) as [Value, Value]
  const [cosNear, sinNear] = [Math.cos, Math.sin].map(of => g.gather(table(block, 1, of), near)) as [Value, Value]
  const sin = g.add(g.mul(sinFar, cosNear), g.mul(cosFar, sinNear))
  return {
    cos: g.sub(g.mul(cosFar, cosNear), g.mul(sinFar, sinNear)),
    sin,
    negativeSin: g.neg(sin),
    ...(at.positions ? { rows: g.reshape(g.range(count), at.positions.dims) } : {}),
  }
}
