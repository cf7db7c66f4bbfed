import { never } from '../../base/failure.ts'
import { type Classifier, headParameters } from '../models/classifier.ts'
import { encoderParameters, linearParameters, type ParameterSpec } from '../models/encoder.ts'
import type { InitialSpec } from '../models/initial.ts'
import type { Division } from '../models/weights.ts'
import type { Method } from '../recipe.ts'
import { loraParameters } from './lora.ts'

/** The tensors of the encoder that the classifier reads: the pooler only where it pools by it. */
export function backboneParameters({ config, family, pooling }: Classifier): ParameterSpec[] {
  const { pooler } = family.names
  return [
    ...encoderParameters(config, family.names),
    ...(pooling === 'pooler' && pooler ? linearParameters(pooler, config.hidden, config.hidden) : []),
  ]
}

/** What a method trains. The head is always fresh; the encoder's own tensors keep their stored values as a start. */
export function divide(model: Classifier, method: Method): Division {
  const backbone = backboneParameters(model)
  const head: readonly InitialSpec[] = headParameters(model)
  const names = backbone.map(spec => spec.name)
  switch (method.kind) {
    case 'head':
      return { trained: head, frozen: names }
    case 'lora':
      return { trained: [...loraParameters(model, method), ...head], frozen: names }
    case 'full': {
      const tables = new Set(
        [model.family.names.word, model.family.names.position, model.family.names.type].map(name => `${name}.weight`),
      )
      const isFrozen = (name: string) => method.freezeEmbeddings && tables.has(name)
      return {
        trained: [...backbone.filter(spec => !isFrozen(spec.name)), ...head],
        frozen: names.filter(isFrozen),
      }
    }
    default:
      return never(method)
  }
}
