import type { Architecture } from '../architecture.ts'
import { activation, count, headWidth, real } from '../config.ts'
import { postNormEncoder } from '../postNorm.ts'
import { bertParts, refuseOther } from './bert.ts'

/** ELECTRA (Clark et al. 2020), discriminator or generator: BERT with narrow embeddings that are projected. */
export const electra: Architecture = {
  type: 'electra',
  kind: 'encoder',
  prefix: 'electra.',
  aliases: name => [
    name,
    ...(name === 'electra.embeddings.word_embeddings.weight' ? ['generator_lm_head.weight'] : []),
  ],
  architectures: {
    sequence: 'ElectraForSequenceClassification',
    tokens: 'ElectraForTokenClassification',
    language: 'ElectraForMaskedLM',
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
    const width = count(json, 'embedding_size', 128)
    const epsilon = real(json, 'layer_norm_eps', 1e-12)
    const projection = { name: 'electra.embeddings_project', bias: true, norm: 'before' } as const
    return postNormEncoder({
      architecture: electra,
      sizes,
      width,
      ...(width === sizes.hidden ? {} : { projection }),
      epsilon,
      activation: activation(json, 'hidden_act'),
      position: { first: 0, rows: sizes.positions },
      names: {
        word: 'electra.embeddings.word_embeddings',
        position: 'electra.embeddings.position_embeddings',
        type: 'electra.embeddings.token_type_embeddings',
        embeddingNorm: 'electra.embeddings.LayerNorm',
        layers: 'electra.encoder.layer.',
        parts: bertParts,
      },
      poolings: ['cls', 'mean'],
      sequence: { dense: { name: 'classifier.dense', activation: 'gelu', kind: 'fresh' }, out: 'classifier.out_proj' },
      masked: {
        dense: { name: 'generator_predictions.dense', activation: 'gelu' },
        norm: { name: 'generator_predictions.LayerNorm', epsilon },
        bias: 'generator_lm_head.bias',
        ...(json['tie_word_embeddings'] === false ? { own: 'generator_lm_head.weight' } : {}),
      },
    })
  },
}
