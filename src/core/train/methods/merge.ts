/* Adapters worked into the weights they lie on, so that a model stands alone; computed in doubles, rounded once. */
import type { NamedTensor } from '../learner.ts'
import type { LinearSpec } from '../models/architecture.ts'
import type { Weights } from '../models/weights.ts'
import { factorNames, type LowRank, magnitudeName, scaleOf } from './lowRank.ts'
import type { Tunable } from './method.ts'
import { targetLayers } from './targets.ts'

/**
 * The weights of a model with the adapters of `tensors` worked in: W₀ + sBA, and with magnitudes m ⊙ (W₀ + sBA)/‖W₀ + sBA‖.
 * Other tensors among them, such as a head, take the place of the stored ones. Layers are merged when they are asked for.
 */
export function mergedWeights(
  base: Weights,
  model: Pick<Tunable, 'linears'>,
  { method, tensors }: { readonly method: LowRank; readonly tensors: readonly NamedTensor[] },
): Weights {
  const byName = new Map(tensors.map(t => [t.name, t]))
  const layers = new Map(targetLayers(model, method.targets).map(layer => [`${layer.name}.weight`, layer]))
  const isFactor = (name: string) => /\.lora_(A\.weight|B\.weight|magnitude_vector)$/.test(name)
  const own = new Map(tensors.filter(t => !isFactor(t.name)).map(t => [t.name, t]))
  const read = (name: string): NamedTensor => {
    const layer = layers.get(name)
    const factors = layer && factorNames(layer.name)
    const [a, b] = [byName.get(factors?.a ?? ''), byName.get(factors?.b ?? '')]
    if (!layer || !a || !b) return own.get(name) ?? base.read(name)
    const magnitude = byName.get(magnitudeName(layer.name))
    const weight = base.read(name)
    return { ...weight, data: merged(weight.data, layer, { a, b, magnitude, scale: scaleOf(method) }) }
  }
  return {
    ...(base.folder === undefined ? {} : { folder: base.folder }),
    names: [...new Set([...base.names, ...own.keys()])],
    read,
    frozen(name) {
      if (!layers.has(name) && !own.has(name)) return base.frozen(name)
      const { shape, data } = read(name)
      return { kind: 'frozen', name, dims: shape, dtype: 'float32', data }
    },
  }
}

interface Factors {
  readonly a: NamedTensor
  readonly b: NamedTensor
  readonly magnitude: NamedTensor | undefined
  readonly scale: number
}

function merged(
  weight: Float32Array,
  { in: inner, out, stored }: LinearSpec,
  { a, b, magnitude, scale }: Factors,
): Float32Array {
  const rank = a.shape[0] as number
  const at = (o: number, i: number) => (stored === 'out-in' ? o * inner + i : i * out + o)
  const result = new Float32Array(weight.length)
  const row = new Float64Array(inner)
  for (let o = 0; o < out; o++) {
    let squares = 0
    for (let i = 0; i < inner; i++) {
      let sum = 0
      for (let r = 0; r < rank; r++) sum += (b.data[o * rank + r] as number) * (a.data[r * inner + i] as number)
      const w = (weight[at(o, i)] as number) + scale * sum
      row[i] = w
      squares += w * w
    }
    const factor = magnitude ? (magnitude.data[o] as number) / Math.sqrt(squares) : 1
    for (let i = 0; i < inner; i++) result[at(o, i)] = factor * (row[i] as number)
  }
  return result
}
