import * as v from 'valibot'
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import type { LinearSpec, Lookup } from '../models/architecture.ts'
import type { InitialSpec, Weights } from '../models/weights.ts'
import {
  droppedAt,
  factorNames,
  type LowRank,
  lowRankEntries,
  lowRankMethod,
  lowRankText,
  magnitudeName,
  resolveLowRank,
  scaleOf,
  scalingEntry,
} from './lowRank.ts'
import { defineMethod } from './method.ts'
import { targetLayers } from './targets.ts'

const schema = v.strictObject({ kind: v.literal('dora'), ...lowRankEntries, ...scalingEntry })

/**
 * DoRA (Liu et al. 2024): W' = m ⊙ (W₀ + sBA)/‖W₀ + sBA‖, the norm over the inputs of each output and taken as a constant
 * by the gradient. m starts as ‖W₀‖.
 */
export const dora = defineMethod({
  ...lowRankMethod,
  schema,
  resolve: (input: v.InferOutput<typeof schema>) => ({ kind: 'dora' as const, ...resolveLowRank(input) }),
  suggested: hidden => ({ ...lowRankMethod.suggested(hidden), rate: lowRankMethod.suggested(hidden).rate / 2 }),
  text: method => `DoRA, ${lowRankText(method)}`,
  divide(model, method) {
    const { trained, frozen } = lowRankMethod.divide(model, method)
    const magnitudes = targetLayers(model, method.targets).map(
      (layer): InitialSpec => ({
        name: magnitudeName(layer.name),
        shape: [layer.out],
        init: 'one',
        start: weights => rowNorms(layer, weights),
      }),
    )
    return { trained: [...magnitudes, ...trained], frozen }
  },
  adapt(model, method) {
    const layers = new Map(targetLayers(model, method.targets).map(layer => [layer.name, layer]))
    return (lookup, dropout) =>
      (g, { name, x, y }) => {
        const layer = layers.get(name)
        if (!layer) return y
        const { base, change, factor } = parts(g, { layer, x, y, lookup, method, dropout })
        // y + (f − 1)·xW₀ᵀ + f·s·xAᵀBᵀ; the bias stays out of what is scaled.
        const moved = g.add(g.mul(base, g.sub(factor, 1)), g.mul(change, factor))
        return g.add(y, g.reshape(moved, y.dims))
      }
  },
  peft(model, method) {
    const config = lowRankMethod.peft(model, method)
    return { ...config, keys: { ...config.keys, use_dora: true } }
  },
})

interface Wrapped {
  readonly layer: LinearSpec
  readonly x: Value
  readonly y: Value
  readonly lookup: Lookup
  readonly method: LowRank
  readonly dropout: Parameters<typeof droppedAt>[2]['dropout']
}

/** Over rows [N, ·]: xW₀ᵀ without bias, s·xAᵀBᵀ, and the factor m/‖W₀ + sBA‖ of each output. */
function parts(g: Builder, { layer, x, y, lookup, method, dropout }: Wrapped) {
  const get = (name: string): Value => {
    const value = lookup(name)
    if (!value) throw new Error(`the graph has no parameter ${name}`)
    return value
  }
  const weight = get(`${layer.name}.weight`)
  const names = factorNames(layer.name)
  const [a, b] = [get(names.a), get(names.b)]
  const rows = g.flat2d(x)
  const dropped = droppedAt(g, rows, { dropout, rate: method.dropout })
  const bias = lookup(`${layer.name}.bias`)
  // Without dropout the layer's own product serves; with it, the base term sees what the adapter sees.
  const own = () => (bias ? g.sub(g.flat2d(y), bias) : g.flat2d(y))
  const base = dropped === rows ? own() : g.matmul(dropped, weight, { transB: layer.stored === 'out-in' })
  const scale = scaleOf(method)
  const change = g.matmul(g.matmul(dropped, a, { transB: true }), b, { transB: true, alpha: scale })
  const delta =
    layer.stored === 'out-in'
      ? g.matmul(b, a, { alpha: scale })
      : g.matmul(a, b, { transA: true, transB: true, alpha: scale })
  const moved = g.add(weight, delta)
  const squares = g.sum(g.mul(moved, moved), [layer.stored === 'out-in' ? 1 : 0], false)
  // The largest of one has no gradient: the norm is a constant, which saves a quarter of the memory (their section 4.3).
  const norm = g.reduceMax(g.unsqueeze(g.sqrt(squares), [0]), [0], false)
  return { base, change, factor: g.div(get(magnitudeName(layer.name)), norm) }
}

/** ‖W₀‖ of each output: where the magnitudes begin. */
function rowNorms({ name, stored, in: inner, out }: LinearSpec, weights: Weights): Float32Array {
  const { data } = weights.read(`${name}.weight`)
  return Float32Array.from({ length: out }, (_, row) => {
    let sum = 0
    for (let k = 0; k < inner; k++) sum += (data[stored === 'out-in' ? row * inner + k : k * out + row] as number) ** 2
    return Math.sqrt(sum)
  })
}
