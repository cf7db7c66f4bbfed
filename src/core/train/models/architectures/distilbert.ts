import type { Architecture } from '../architecture.ts'
import { activation, count, headWidth, real } from '../config.ts'
import { postNormEncoder } from '../postNorm.ts'

/** DistilBERT (Sanh et al. 2019): BERT with half the layers and no token types. */
export const distilbert: Architecture = {
  type: 'distilbert',
  kind: 'encoder',
  prefix: 'distilbert.',
  aliases: name =>
    name === 'distilbert.embeddings.word_embeddings.weight' ? [name, 'vocab_projector.weight'] : [name],
  architectures: {
    sequence: 'DistilBertForSequenceClassification',
    tokens: 'DistilBertForTokenClassification',
    language: 'DistilBertForMaskedLM',
  },
  open(json) {
    const sizes = {
      vocab: count(json, 'vocab_size'),
      hidden: count(json, 'dim'),
      layers: count(json, 'n_layers'),
      heads: count(json, 'n_heads'),
      feedForward: count(json, 'hidden_dim'),
      positions: count(json, 'max_position_embeddings'),
      types: 0,
      initial: real(json, 'initializer_range', 0.02),
    }
    headWidth(sizes)
    const epsilon = 1e-12
    const act = activation(json, 'activation')
    return postNormEncoder({
      architecture: distilbert,
      sizes,
      width: sizes.hidden,
      epsilon,
      activation: act,
      position: { first: 0, rows: sizes.positions },
      names: {
        word: 'distilbert.embeddings.word_embeddings',
        position: 'distilbert.embeddings.position_embeddings',
        embeddingNorm: 'distilbert.embeddings.LayerNorm',
        layers: 'distilbert.transformer.layer.',
        parts: {
          query: 'attention.q_lin',
          key: 'attention.k_lin',
          value: 'attention.v_lin',
          output: 'attention.out_lin',
          attentionNorm: 'sa_layer_norm',
          intermediate: 'ffn.lin1',
          down: 'ffn.lin2',
          outputNorm: 'output_layer_norm',
        },
      },
      poolings: ['cls', 'mean'],
      sequence: { dense: { name: 'pre_classifier', activation: 'relu', kind: 'fresh' }, out: 'classifier' },
      masked: {
        dense: { name: 'vocab_transform', activation: act },
        norm: { name: 'vocab_layer_norm', epsilon },
        bias: 'vocab_projector.bias',
        ...(json['tie_word_embeddings'] === false ? { own: 'vocab_projector.weight' } : {}),
      },
    })
  },
}
