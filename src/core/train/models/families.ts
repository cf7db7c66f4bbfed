import { Failure } from '../../base/failure.ts'
import type { EncoderConfig, EncoderNames, Pooling } from './encoder.ts'

/** A model's `config.json`. */
export type ConfigJson = Readonly<Record<string, unknown>>

/** How one architecture's checkpoints are read. */
export interface Family {
  /** `model_type` of `config.json`. */
  readonly type: string
  /** Before the encoder's tensor names in task checkpoints, absent in bare ones: `bert.`. */
  readonly prefix: string
  /** Older names of the same tensor, tried in turn. */
  aliases(name: string): readonly string[]
  config(json: ConfigJson): EncoderConfig
  readonly names: EncoderNames
  /** The linear layer on top, as Transformers' sequence classification names it. */
  readonly classifier: string
  /** `architectures` of a classifier and of a masked language model of this family. */
  readonly architectures: { readonly classification: string; readonly masked: string }
}

const bert: Family = {
  type: 'bert',
  prefix: 'bert.',
  // Checkpoints converted from TensorFlow call the scale and shift of normalisation gamma and beta.
  aliases: name => [
    name,
    name.replace(/LayerNorm\.weight$/, 'LayerNorm.gamma').replace(/LayerNorm\.bias$/, 'LayerNorm.beta'),
  ],
  config: json => ({
    vocab: count(json, 'vocab_size'),
    hidden: count(json, 'hidden_size'),
    layers: count(json, 'num_hidden_layers'),
    heads: count(json, 'num_attention_heads'),
    feedForward: count(json, 'intermediate_size'),
    positions: count(json, 'max_position_embeddings'),
    types: count(json, 'type_vocab_size', 2),
    epsilon: real(json, 'layer_norm_eps', 1e-12),
    activation: activation(json['hidden_act'] ?? 'gelu'),
    initial: real(json, 'initializer_range', 0.02),
  }),
  names: {
    word: 'bert.embeddings.word_embeddings',
    position: 'bert.embeddings.position_embeddings',
    type: 'bert.embeddings.token_type_embeddings',
    embeddingNorm: 'bert.embeddings.LayerNorm',
    layer: i => {
      const at = `bert.encoder.layer.${i}`
      return {
        query: `${at}.attention.self.query`,
        key: `${at}.attention.self.key`,
        value: `${at}.attention.self.value`,
        output: `${at}.attention.output.dense`,
        attentionNorm: `${at}.attention.output.LayerNorm`,
        intermediate: `${at}.intermediate.dense`,
        down: `${at}.output.dense`,
        outputNorm: `${at}.output.LayerNorm`,
      }
    },
    pooler: 'bert.pooler.dense',
  },
  classifier: 'classifier',
  architectures: { classification: 'BertForSequenceClassification', masked: 'BertForMaskedLM' },
}

/** The families that train here, in the order a person would ask for them. */
export const families: readonly Family[] = [bert]

/**
 * The family of a `config.json` and the encoder it describes. Throws `Failure` (`unknown-model`, `bad-config`) where the
 * model is of another kind or uses something that is not built.
 */
export function describeEncoder(json: ConfigJson, where: string): { family: Family; config: EncoderConfig } {
  const type = json['model_type']
  const family = families.find(f => f.type === type)
  if (!family) {
    const known = families.map(f => f.type).join(', ')
    throw new Failure(
      'unknown-model',
      `${where}: model type ${JSON.stringify(type)} cannot be trained`,
      `Known: ${known}`,
    )
  }
  let config: EncoderConfig
  try {
    config = family.config(json)
  } catch (error) {
    throw new Failure('bad-config', `${where}: ${(error as Error).message}`, '', { cause: error })
  }
  const refuse = (what: string) => {
    throw new Failure('bad-config', `${where}: ${what}`)
  }
  if (config.hidden % config.heads !== 0)
    refuse(`hidden_size ${config.hidden} is no multiple of num_attention_heads ${config.heads}`)
  const relative = json['position_embedding_type']
  if (relative !== undefined && relative !== 'absolute') refuse(`position_embedding_type ${relative} is not supported`)
  if (json['is_decoder'] === true) refuse('a BERT used as a decoder is not supported')
  return { family, config }
}

/**
 * What the classification head sees. A recipe may say; else the config's `classifier_pooling` (a key that ModernBERT
 * introduced and we also write); else the pooler where the checkpoint has one, because that is what Transformers
 * computes with the same file; else the mean.
 */
export function choosePooling(wanted: Pooling | 'auto', json: ConfigJson, hasPooler: boolean): Pooling {
  if (wanted !== 'auto') return wanted
  const own = json['classifier_pooling']
  if (own === 'cls' || own === 'mean' || own === 'pooler') return own
  return hasPooler ? 'pooler' : 'mean'
}

function count(json: ConfigJson, key: string, otherwise?: number): number {
  const value = json[key] ?? otherwise
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw new Error(`${key} must be a whole number above 0, not ${JSON.stringify(value)}`)
  return value
}

function real(json: ConfigJson, key: string, otherwise: number): number {
  const value = json[key] ?? otherwise
  if (typeof value !== 'number' || !(value > 0)) throw new Error(`${key} must be a number above 0`)
  return value
}

function activation(name: unknown): EncoderConfig['activation'] {
  switch (name) {
    case 'gelu':
      return 'gelu'
    case 'gelu_new':
    case 'gelu_pytorch_tanh':
      return 'gelu-tanh'
    case 'relu':
      return 'relu'
    case 'silu':
    case 'swish':
      return 'silu'
    default:
      throw new Error(`hidden_act ${JSON.stringify(name)} is not supported`)
  }
}
