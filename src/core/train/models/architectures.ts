import { Failure } from '../../base/failure.ts'
import { type Architecture, type Backbone, ConfigError, type ConfigJson } from './architecture.ts'
import { bert } from './architectures/bert.ts'
import { debertaV2 } from './architectures/debertaV2.ts'
import { distilbert } from './architectures/distilbert.ts'
import { electra } from './architectures/electra.ts'
import { gemma } from './architectures/gemma.ts'
import { gemma2 } from './architectures/gemma2.ts'
import { gemma3 } from './architectures/gemma3.ts'
import { gpt2 } from './architectures/gpt2.ts'
import { llama } from './architectures/llama.ts'
import { mistral } from './architectures/mistral.ts'
import { modernbert } from './architectures/modernbert.ts'
import { mpnet } from './architectures/mpnet.ts'
import { phi3 } from './architectures/phi3.ts'
import { qwen2 } from './architectures/qwen2.ts'
import { qwen3 } from './architectures/qwen3.ts'
import { roberta, xlmRoberta } from './architectures/roberta.ts'
import { smollm3 } from './architectures/smollm3.ts'

/** The architectures that train here: the one list. */
export const architectures: readonly Architecture[] = [
  bert,
  roberta,
  xlmRoberta,
  distilbert,
  electra,
  debertaV2,
  modernbert,
  mpnet,
  llama,
  smollm3,
  mistral,
  qwen2,
  qwen3,
  gemma,
  gemma2,
  gemma3,
  phi3,
  gpt2,
]

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
