import type { Architecture } from '../architecture.ts'
import { activation, count, headWidth, index, real } from '../config.ts'
import { postNormEncoder } from '../postNorm.ts'
import { bertParts, refuseOther } from './bert.ts'

/** RoBERTa (Liu et al. 2019): BERT without a pooler, whose positions begin behind that of padding. */
export const roberta: Architecture = robertaLike('roberta', 'Roberta')

/** XLM-RoBERTa (Conneau et al. 2020): RoBERTa in a hundred languages, E5 and BGE-M3 among its children. */
export const xlmRoberta: Architecture = robertaLike('xlm-roberta', 'XLMRoberta')

function robertaLike(type: string, classes: string): Architecture {
  const architecture: Architecture = {
    type,
    kind: 'encoder',
    prefix: 'roberta.',
    // The output matrix and its bias are stored under either name, as they are one with the table and `lm_head.bias`.
    aliases: name => {
      switch (name) {
        case 'roberta.embeddings.word_embeddings.weight':
          return [name, 'lm_head.decoder.weight']
        case 'lm_head.bias':
          return [name, 'lm_head.decoder.bias']
        default:
          return [name]
      }
    },
    architectures: {
      sequence: `${classes}ForSequenceClassification`,
      tokens: `${classes}ForTokenClassification`,
      language: `${classes}ForMaskedLM`,
    },
    open(json) {
      refuseOther(json)
      const rows = count(json, 'max_position_embeddings')
      // Position 0 is the row after that of padding.
      const first = index(json, 'pad_token_id', 1) + 1
      const sizes = {
        vocab: count(json, 'vocab_size'),
        hidden: count(json, 'hidden_size'),
        layers: count(json, 'num_hidden_layers'),
        heads: count(json, 'num_attention_heads'),
        feedForward: count(json, 'intermediate_size'),
        positions: rows - first,
        types: count(json, 'type_vocab_size', 1),
        initial: real(json, 'initializer_range', 0.02),
      }
      headWidth(sizes)
      const epsilon = real(json, 'layer_norm_eps', 1e-5)
      return postNormEncoder({
        architecture,
        sizes,
        width: sizes.hidden,
        epsilon,
        activation: activation(json, 'hidden_act'),
        position: { first, rows },
        names: {
          word: 'roberta.embeddings.word_embeddings',
          position: 'roberta.embeddings.position_embeddings',
          type: 'roberta.embeddings.token_type_embeddings',
          embeddingNorm: 'roberta.embeddings.LayerNorm',
          layers: 'roberta.encoder.layer.',
          parts: bertParts,
        },
        poolings: ['cls', 'mean'],
        sequence: {
          dense: { name: 'classifier.dense', activation: 'tanh', kind: 'fresh' },
          out: 'classifier.out_proj',
        },
        masked: {
          dense: { name: 'lm_head.dense', activation: 'gelu' },
          norm: { name: 'lm_head.layer_norm', epsilon },
          bias: 'lm_head.bias',
          ...(json['tie_word_embeddings'] === false ? { own: 'lm_head.decoder.weight' } : {}),
        },
      })
    },
  }
  return architecture
}
