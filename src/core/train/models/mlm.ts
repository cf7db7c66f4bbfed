import { random } from '../../base/random.ts'
import type { Value } from '../../graph/graph.ts'
import { type Batch, padded, rowLength, type TokenRows } from '../batch.ts'
import {
  activate,
  type EncoderConfig,
  encode,
  encoderParameters,
  linearParameters,
  normParameters,
  type ParameterSpec,
  required,
} from './encoder.ts'
import type { Family } from './families.ts'
import type { Fed, Task } from './task.ts'

/** A masked language model: the encoder, a transform, and a decoder tied to the word embeddings. */
export interface MaskedModel {
  readonly family: Family
  readonly config: EncoderConfig
}

export interface MaskOptions {
  readonly tokens: TokenRows
  readonly pad: number
  readonly mask: number
  /** Ids that are never masked: [CLS], [SEP], [PAD]. */
  readonly special: ReadonlySet<number>
  /** Share of the tokens to predict. */
  readonly share: number
  readonly seed: number | string
}

const transform = 'cls.predictions.transform.dense'
const transformNorm = 'cls.predictions.transform.LayerNorm'
const decoderBias = 'cls.predictions.bias'

/** Every tensor of BertForMaskedLM; the decoder's weight is the word embedding itself. */
export function maskedParameters({ family, config }: MaskedModel): ParameterSpec[] {
  return [
    ...encoderParameters(config, family.names),
    ...linearParameters(transform, config.hidden, config.hidden),
    ...normParameters(transformNorm, config.hidden),
    { name: decoderBias, shape: [config.vocab], init: 'zero' },
  ]
}

/**
 * Masked-token prediction (Devlin et al. 2019): of the chosen tokens 80 % are replaced by [MASK], 10 % by a random token,
 * 10 % stay; the loss is over the chosen ones only, so logits are computed for those positions alone. The choice
 * depends on seed, step and row, so every pass masks anew and a resumed run masks the same.
 */
export function maskedLanguage(model: MaskedModel, rows: MaskOptions): Task {
  const { family, config } = model
  return {
    inputs: {
      ids: { dtype: 'int64', dims: ['B', 'S'] },
      mask: { dtype: 'float32', dims: ['B', 'S'] },
      places: { dtype: 'int64', dims: ['M'] },
      targets: { dtype: 'int64', dims: ['M'] },
      weights: { dtype: 'float32', dims: ['M'] },
    },
    loss(g, lookup, inputs, dropout) {
      const { ids, mask, places, targets, weights } = inputs as Record<string, Value> & { ids: Value; mask: Value }
      const options = { config, names: family.names, lookup, ...(dropout ? { dropout } : {}) }
      const chosen = g.gather(g.flat2d(encode(g, { ids, mask }, options)), places as Value)
      const get = (name: string) => required(lookup, name)
      const inner = activate(
        g,
        g.linear(chosen, get(`${transform}.weight`), get(`${transform}.bias`)),
        config.activation,
      )
      const x = g.layerNorm(inner, get(`${transformNorm}.weight`), get(`${transformNorm}.bias`), config.epsilon)
      const logits = g.linear(x, get(`${family.names.word}.weight`), get(decoderBias))
      return g.crossEntropy(logits, targets as Value, weights as Value)
    },
    feeds: (batch, step) => maskedFeeds(rows, batch, { step, vocab: config.vocab }),
  }
}

function maskedFeeds(
  rows: MaskOptions,
  batch: Batch,
  { step, vocab }: { readonly step: number; readonly vocab: number },
): Fed {
  const { ids, mask, tokens } = padded(rows.tokens, batch, rows.pad)
  const { length } = batch
  const draw = random(`${rows.seed}/mask-${step}`)
  // One size for every batch of a shape, because Loop stacks batches; what is not used weighs 0.
  const size = batch.rows.length * Math.max(1, Math.round(rows.share * length))
  const places = new BigInt64Array(size)
  const targets = new BigInt64Array(size)
  const weights = new Float32Array(size)
  let n = 0
  batch.rows.forEach((row, b) => {
    const candidates: number[] = []
    const count = Math.min(rowLength(rows.tokens, row), length)
    for (let s = 0; s < count; s++) if (!rows.special.has(Number(ids[b * length + s]))) candidates.push(b * length + s)
    const chosen = Math.min(size - n, Math.max(1, Math.round(rows.share * candidates.length)), candidates.length)
    draw.shuffle(candidates)
    for (const at of candidates.slice(0, chosen)) {
      places[n] = BigInt(at)
      targets[n] = ids[at] as bigint
      weights[n] = 1
      n++
      const dice = draw.next()
      if (dice < 0.8) ids[at] = BigInt(rows.mask)
      else if (dice < 0.9) ids[at] = BigInt(draw.int(vocab))
    }
  })
  const dims = [batch.rows.length, length]
  const feeds = {
    ids: { data: ids, dims },
    mask: { data: mask, dims },
    places: { data: places, dims: [size] },
    targets: { data: targets, dims: [size] },
    weights: { data: weights, dims: [size] },
  }
  return { feeds, tokens, weight: n }
}
