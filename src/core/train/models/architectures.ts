import { Failure } from '../../base/failure.ts'
import { type Architecture, type Backbone, ConfigError, type ConfigJson } from './architecture.ts'
import { bert } from './architectures/bert.ts'

/** The architectures that train here: the one list. */
export const architectures: readonly Architecture[] = [bert]

/**
 * The model that a `config.json` describes. Throws `Failure` (`unknown-model`, `bad-config`) where the model is of another
 * kind or uses something that is not built. `where` is the file, for the message.
 */
export function openBackbone(json: ConfigJson, where: string): Backbone {
  const type = json['model_type']
  const found = architectures.find(a => a.type === type)
  if (!found)
    throw new Failure(
      'unknown-model',
      `${where}: model type ${JSON.stringify(type)} cannot be trained`,
      `Known: ${architectures.map(a => a.type).join(', ')}`,
    )
  try {
    return found.open(json)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new Failure('bad-config', `${where}: ${error.message}`, '', { cause: error })
  }
}
