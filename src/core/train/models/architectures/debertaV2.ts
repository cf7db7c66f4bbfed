import type { Value } from '../../../graph/graph.ts'
import type { Architecture, ConfigJson, Sizes } from '../architecture.ts'
import { normParameters, splitHeads, tableParameter } from '../blocks.ts'
import { activation, count, flag, headWidth, index, real, refuse } from '../config.ts'
import { postNormEncoder, type RelativeAttention } from '../postNorm.ts'
import { bertParts } from './bert.ts'

const prefix = 'deberta.'
const table = `${prefix}encoder.rel_embeddings`
const tableNorm = `${prefix}encoder.LayerNorm`

/** DeBERTa v2 and v3 (He et al. 2021; 2023): content and distance attend to each other, with no absolute positions. */
export const debertaV2: Architecture = {
  type: 'deberta-v2',
  kind: 'encoder',
  prefix,
  aliases: name => [
    name,
    ...(name === `${prefix}embeddings.word_embeddings.weight` ? ['cls.predictions.decoder.weight'] : []),
    ...(name === 'cls.predictions.bias' ? ['cls.predictions.decoder.bias'] : []),
  ],
  architectures: {
    sequence: 'DebertaV2ForSequenceClassification',
    tokens: 'DebertaV2ForTokenClassification',
    language: 'DebertaV2ForMaskedLM',
  },
  open(json) {
    const sizes = {
      vocab: count(json, 'vocab_size'),
      hidden: count(json, 'hidden_size'),
      layers: count(json, 'num_hidden_layers'),
      heads: count(json, 'num_attention_heads'),
      feedForward: count(json, 'intermediate_size'),
      positions: count(json, 'max_position_embeddings'),
      types: index(json, 'type_vocab_size', 0),
      initial: real(json, 'initializer_range', 0.02),
    }
    headWidth(sizes)
    const width = count(json, 'embedding_size', sizes.hidden)
    const epsilon = real(json, 'layer_norm_eps', 1e-7)
    const act = activation(json, 'hidden_act')
    refuse(index(json, 'conv_kernel_size', 0) > 0, 'conv_kernel_size is not supported')
    const relative = flag(json, 'relative_attention', false) ? disentangled(json, sizes, epsilon) : undefined
    const absolute = flag(json, 'position_biased_input', true)
    const embeddings = `${prefix}embeddings`
    const head = flag(json, 'legacy', true) ? 'cls.predictions' : 'lm_predictions.lm_head'
    const transform = head === 'cls.predictions' ? `${head}.transform` : head
    return postNormEncoder({
      architecture: debertaV2,
      sizes,
      width,
      ...(width === sizes.hidden
        ? {}
        : { projection: { name: `${embeddings}.embed_proj`, bias: false, norm: 'after' as const } }),
      epsilon,
      activation: act,
      position: { first: 0, rows: sizes.positions },
      names: {
        word: `${embeddings}.word_embeddings`,
        ...(absolute ? { position: `${embeddings}.position_embeddings` } : {}),
        type: `${embeddings}.token_type_embeddings`,
        embeddingNorm: `${embeddings}.LayerNorm`,
        layers: `${prefix}encoder.layer.`,
        parts: {
          ...bertParts,
          query: 'attention.self.query_proj',
          key: 'attention.self.key_proj',
          value: 'attention.self.value_proj',
        },
      },
      ...(relative ? { relative } : {}),
      poolings: ['cls', 'mean'],
      sequence: {
        dense: { name: 'pooler.dense', activation: activation(json, 'pooler_hidden_act'), kind: 'fresh' },
        out: 'classifier',
      },
      masked: {
        dense: { name: transform === head ? `${head}.dense` : `${transform}.dense`, activation: act },
        norm: { name: `${transform}.LayerNorm`, epsilon },
        bias: `${head}.bias`,
      },
    })
  },
}

/**
 * Content to position and position to content. A distance falls into a bucket with a vector of its own: each of the near ones,
 * and ranges that grow with the distance for the far ones. Its vectors go through the layer's own query and key matrices.
 */
function disentangled(json: ConfigJson, sizes: Sizes, epsilon: number): RelativeAttention {
  refuse(!flag(json, 'share_att_key', false), 'share_att_key false is not supported')
  const types = json['pos_att_type']
  const kinds = (Array.isArray(types) ? types : String(types ?? '').split('|')).map(kind => String(kind).trim())
  const [contentToPosition, positionToContent] = [kinds.includes('c2p'), kinds.includes('p2c')]
  refuse(!contentToPosition && !positionToContent, 'pos_att_type must name c2p, p2c or both')
  const longest = Number(json['max_relative_positions'] ?? -1)
  const furthest = longest < 1 ? sizes.positions : longest
  const buckets = Number(json['position_buckets'] ?? -1)
  const span = buckets > 0 ? buckets : furthest
  const normed = String(json['norm_rel_ebd'] ?? 'none')
    .split('|')
    .some(part => part.trim().toLowerCase() === 'layer_norm')
  const rowOf = (distance: number): number => {
    const bucket = buckets > 0 ? logBucket(distance, buckets, furthest) : distance
    return Math.min(2 * span - 1, Math.max(0, bucket + span))
  }
  const most = sizes.positions - 1
  const rows = Array.from({ length: 2 * most + 1 }, (_, i) => rowOf(i - most))
  return {
    kinds: 1 + Number(contentToPosition) + Number(positionToContent),
    parameters: [
      tableParameter(table, 2 * span, sizes.hidden),
      ...(normed ? normParameters(tableNorm, sizes.hidden) : []),
    ],
    tables: [table],
    prepare(layers, ids) {
      const { g, get, linear, norm, drop } = layers
      const stored = get(`${table}.weight`)
      const vectors = normed ? norm(stored, tableNorm, epsilon) : stored
      const distance = g.distances(ids, 1)
      const rowsOf = (distances: Value) => g.gather(g.ints(rows), g.add(distances, most))
      const [near, far] = [rowsOf(distance), rowsOf(g.neg(distance))]
      // Through the layer's matrix first, as many vectors as the table has; then one for each distance, [heads, 2S−1, width].
      const along = (matrix: string, row: Value) =>
        g.squeeze(splitHeads(g, g.unsqueeze(g.gather(linear(drop(vectors), matrix), row), [0]), sizes.heads), [0])
      return ({ name, query, key, alpha }) => {
        const options = { transB: true, alpha }
        const scores: Value[] = []
        if (contentToPosition) scores.push(g.relativeShift(g.matmul(query, along(name('key'), near), options)))
        if (positionToContent)
          scores.push(g.transposeLast(g.relativeShift(g.matmul(key, along(name('query'), far), options))))
        return scores.reduce((a, b) => g.add(a, b))
      }
    },
  }
}

/**
 * The bucket of a distance: itself up to half of the buckets, then by its logarithm up to the furthest. In float32 step by
 * step, as the checkpoints were trained.
 */
export function logBucket(distance: number, buckets: number, furthest: number): number {
  const middle = Math.floor(buckets / 2)
  const far = Math.abs(distance)
  if (far <= middle) return distance
  const f = Math.fround
  const share = f(f(Math.log(f(far / middle))) / f(Math.log(f((furthest - 1) / middle))))
  return Math.sign(distance) * (Math.ceil(f(share * (middle - 1))) + middle)
}
