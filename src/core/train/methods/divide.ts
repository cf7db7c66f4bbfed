import { type Method, methodOf } from '../methods.ts'
import type { LinearSpec } from '../models/architecture.ts'
import { type Classifier, headParameters } from '../models/classifier.ts'
import { encoderParameters, linearParameters, linearParts, type ParameterSpec } from '../models/encoder.ts'
import type { Division } from '../models/weights.ts'
import type { AdaptGraph, Tunable } from './method.ts'

/** The tensors of the encoder that the classifier reads: the pooler only where it pools by it. */
export function backboneParameters({ config, family, pooling }: Classifier): ParameterSpec[] {
  const { pooler } = family.names
  return [
    ...encoderParameters(config, family.names),
    ...(pooling === 'pooler' && pooler ? linearParameters(pooler, config.hidden, config.hidden) : []),
  ]
}

/** A classifier as methods see it. The head is always fresh; the encoder's own tensors keep their stored values as a start. */
export function tunable(model: Classifier): Tunable {
  const { config: c, family, pooling } = model
  const { names } = family
  const tables = [names.word, names.position, names.type].map(name => `${name}.weight`)
  const layerNames = Array.from({ length: c.layers }, (_, i) => Object.values(names.layer(i)))
  return {
    stored: backboneParameters(model),
    fresh: headParameters(model),
    modules: [family.classifier],
    linears: linearsOf(model),
    embeddings: tables,
    layers: c.layers,
    depth(name) {
      if (tables.includes(name) || name.startsWith(names.embeddingNorm)) return 0
      const at = layerNames.findIndex(own => own.some(module => name.startsWith(`${module}.`)))
      return at < 0 ? c.layers + 1 : at + 1
    },
  }

  function linearsOf(of: Classifier): LinearSpec[] {
    const wide = of.config.feedForward
    const narrow = of.config.hidden
    const blocks = Array.from({ length: c.layers }, (_, layer) =>
      linearParts.map((part): LinearSpec => {
        const sizes = { in: part === 'down' ? wide : narrow, out: part === 'intermediate' ? wide : narrow }
        return { name: names.layer(layer)[part], parts: [part], layer, ...sizes, stored: 'out-in' }
      }),
    ).flat()
    if (pooling !== 'pooler' || !names.pooler) return blocks
    return [...blocks, { name: names.pooler, parts: [], layer: c.layers, in: narrow, out: narrow, stored: 'out-in' }]
  }
}

/** What a method trains of a classifier. */
export function divide(model: Classifier, method: Method): Division {
  return methodOf(method.kind).divide(tunable(model), method)
}

/** What a method does to a classifier's linear layers; undefined where it leaves them as they are. */
export function adaptOf(model: Classifier, method: Method): AdaptGraph | undefined {
  return methodOf(method.kind).adapt?.(tunable(model), method)
}
