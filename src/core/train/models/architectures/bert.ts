import type { Architecture, ConfigJson } from '../architecture.ts'
import { activation, count, headWidth, real, refuse } from '../config.ts'
import { postNormEncoder } from '../postNorm.ts'

/** BERT (Devlin et al. 2019), and what has its shape: MiniLM, BGE, E5, GTE. */
export const bert: Architecture = {
  type: 'bert',
  kind: 'encoder',
  prefix: 'bert.',
  // The output matrix and its bias may be stored in place of the table and the bias that they are one with.
  aliases: name => [
    name,
    ...(name === 'bert.embeddings.word_embeddings.weight' ? ['cls.predictions.decoder.weight'] : []),
    ...(name === 'cls.predictions.bias' ? ['cls.predictions.decoder.bias'] : []),
  ],
  architectures: {
    sequence: 'BertForSequenceClassification',
    tokens: 'BertForTokenClassification',
    language: 'BertForMaskedLM',
  },
  open(json) {
    refuseOther(json)
    const sizes = {
      vocab: count(json, 'vocab_size'),
      hidden: count(json, 'hidden_size'),
      layers: count(json, 'num_hidden_layers'),
      heads: count(json, 'num_attention_heads'),
      feedForward: count(json, 'intermediate_size'),
      positions: count(json, 'max_position_embeddings'),
      types: count(json, 'type_vocab_size', 2),
      initial: real(json, 'initializer_range', 0.02),
    }
    headWidth(sizes)
    const act = activation(json, 'hidden_act')
    const epsilon = real(json, 'layer_norm_eps', 1e-12)
    return postNormEncoder({
      architecture: bert,
      sizes,
      width: sizes.hidden,
      epsilon,
      activation: act,
      position: { first: 0, rows: sizes.positions },
      names: {
        word: 'bert.embeddings.word_embeddings',
        position: 'bert.embeddings.position_embeddings',
        type: 'bert.embeddings.token_type_embeddings',
        embeddingNorm: 'bert.embeddings.LayerNorm',
        layers: 'bert.encoder.layer.',
        parts: bertParts,
      },
      poolings: ['pooler', 'cls', 'mean'],
      sequence: { dense: { name: 'bert.pooler.dense', activation: 'tanh', kind: 'pooler' }, out: 'classifier' },
      masked: {
        dense: { name: 'cls.predictions.transform.dense', activation: act },
        norm: { name: 'cls.predictions.transform.LayerNorm', epsilon },
        bias: 'cls.predictions.bias',
        ...(json['tie_word_embeddings'] === false ? { own: 'cls.predictions.decoder.weight' } : {}),
      },
    })
  },
}

/** What BERT and its kin call the parts of a layer. */
export const bertParts = {
  query: 'attention.self.query',
  key: 'attention.self.key',
  value: 'attention.self.value',
  output: 'attention.output.dense',
  attentionNorm: 'attention.output.LayerNorm',
  intermediate: 'intermediate.dense',
  down: 'output.dense',
  outputNorm: 'output.LayerNorm',
} as const

/** Throws `ConfigError` where BERT's code does something else with the file. */
export function refuseOther(json: ConfigJson): void {
  const position = json['position_embedding_type'] ?? 'absolute'
  refuse(position !== 'absolute', `position_embedding_type ${position} is not supported`)
  refuse(json['is_decoder'] === true, 'an encoder used as a decoder is not supported')
}
