import type { Dim } from '../../../graph/shape.ts'
import type { Architecture } from '../architecture.ts'
import { tableParameter } from '../blocks.ts'
import { activation, count, headWidth, real } from '../config.ts'
import { postNormEncoder, type RelativeAttention } from '../postNorm.ts'

const prefix = 'mpnet.'
const table = `${prefix}encoder.relative_attention_bias`
/** The row of padding in every table, whatever the config says. */
const pad = 1

/** MPNet (Song et al. 2020): a bias for each head and distance, the same in all layers; all-mpnet and SetFit's models. */
export const mpnet: Architecture = {
  type: 'mpnet',
  kind: 'encoder',
  prefix,
  aliases: name => {
    switch (name) {
      case `${prefix}embeddings.word_embeddings.weight`:
        return [name, 'lm_head.decoder.weight']
      case 'lm_head.bias':
        return [name, 'lm_head.decoder.bias']
      default:
        return [name]
    }
  },
  architectures: {
    sequence: 'MPNetForSequenceClassification',
    tokens: 'MPNetForTokenClassification',
    language: 'MPNetForMaskedLM',
  },
  open(json) {
    const rows = count(json, 'max_position_embeddings')
    const sizes = {
      vocab: count(json, 'vocab_size'),
      hidden: count(json, 'hidden_size'),
      layers: count(json, 'num_hidden_layers'),
      heads: count(json, 'num_attention_heads'),
      feedForward: count(json, 'intermediate_size'),
      positions: rows - pad - 1,
      types: 0,
      initial: real(json, 'initializer_range', 0.02),
    }
    headWidth(sizes)
    const epsilon = real(json, 'layer_norm_eps', 1e-12)
    return postNormEncoder({
      architecture: mpnet,
      sizes,
      width: sizes.hidden,
      epsilon,
      activation: activation(json, 'hidden_act'),
      position: { first: pad + 1, rows },
      relative: distanceBias(count(json, 'relative_attention_num_buckets', 32), sizes),
      names: {
        word: `${prefix}embeddings.word_embeddings`,
        position: `${prefix}embeddings.position_embeddings`,
        embeddingNorm: `${prefix}embeddings.LayerNorm`,
        layers: `${prefix}encoder.layer.`,
        parts: {
          query: 'attention.attn.q',
          key: 'attention.attn.k',
          value: 'attention.attn.v',
          output: 'attention.attn.o',
          attentionNorm: 'attention.LayerNorm',
          intermediate: 'intermediate.dense',
          down: 'output.dense',
          outputNorm: 'output.LayerNorm',
        },
      },
      poolings: ['cls', 'mean'],
      sequence: { dense: { name: 'classifier.dense', activation: 'tanh', kind: 'fresh' }, out: 'classifier.out_proj' },
      masked: {
        dense: { name: 'lm_head.dense', activation: 'gelu' },
        norm: { name: 'lm_head.layer_norm', epsilon },
        bias: 'lm_head.bias',
        ...(json['tie_word_embeddings'] === false ? { own: 'lm_head.decoder.weight' } : {}),
      },
    })
  },
}

/** A number for each head and bucket of distances, added to the scores of every layer (Raffel et al. 2020). */
function distanceBias(
  rows: number,
  { positions, heads }: { readonly positions: number; readonly heads: number },
): RelativeAttention {
  const most = positions - 1
  const buckets = Array.from({ length: 2 * most + 1 }, (_, i) => bucketOf(i - most))
  return {
    kinds: 1,
    parameters: [tableParameter(table, rows, heads)],
    tables: [table],
    prepare({ g, get }, ids) {
      const row = g.gather(g.ints(buckets), g.add(g.distances(ids, 1), most))
      const byDistance = g.unsqueeze(g.transpose(g.gather(get(`${table}.weight`), row), [1, 0]), [0, 2])
      const zeros = g.mul(g.cast(g.unsqueeze(g.range(ids.dims[1] as Dim), [1]), g.dtype), 0)
      const bias = g.relativeShift(g.add(byDistance, zeros))
      return () => bias
    },
  }
}

/** The row of a distance i − j: 16 for tokens behind, 16 for those ahead; near ones apart, far ones by logarithm up to 128. */
function bucketOf(distance: number): number {
  const ahead = distance < 0 ? 16 : 0
  const far = Math.abs(distance)
  if (far < 8) return ahead + far
  const f = Math.fround
  const share = f(f(Math.log(f(far / 8))) / f(Math.log(128 / 8)))
  return ahead + Math.min(15, 8 + Math.trunc(f(share * 8)))
}
