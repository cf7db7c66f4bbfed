/* Text from a decoder, token by token, with the keys and values of earlier tokens kept. */
import { type Cancel, checkCancel } from '../base/cancel.ts'
import { type Random, random } from '../base/random.ts'
import type { Value } from '../graph/graph.ts'
import { modelBytes } from '../graph/onnx.ts'
import { loweringFor, type NamedTensor } from './learner.ts'
import type { Backbone, BackboneOptions, Lookup } from './models/architecture.ts'
import { type Decoder, decode, type KeyValue } from './models/decoder.ts'
import { float32, int64, type Runtime, type Session, type Tensor } from './runtime.ts'
import { type Parameter, stateName } from './state.ts'
import { buildEvaluation } from './step.ts'

/** A decoder with its language-model head. */
export interface GeneratingModel {
  readonly backbone: Backbone
  /** Of backbone and head: trained ones are fed with each call, the others are stored in the graph. */
  readonly parameters: readonly Parameter[]
  /** What the method changes in a forward pass, as in `TaskModel`. */
  readonly wrap?: (lookup: Lookup) => Omit<BackboneOptions, 'dropout'>
  /** Where external weights lie. */
  readonly folder?: string
}

export interface GenerateOptions {
  /** At most so many new tokens for each prompt; fewer where the model has no more positions. */
  readonly maxTokens: number
  /** Tokens that end an answer; they are its last token. */
  readonly stop: readonly number[]
  /** Asked after every token with the answer so far: true ends it. For ends that are text, not a token. */
  readonly ended?: (answer: readonly number[]) => boolean
  /** The most probable token where 0 or left out; else a draw from the softmax of scores / temperature. */
  readonly temperature?: number
  /** Each prompt draws from its own numbers, so its answer does not depend on its neighbours. */
  readonly seed?: number | string
  /** Prompts that are read together; 8 unless said otherwise. */
  readonly rows?: number
  /** Asked before every token. */
  readonly cancel?: Cancel
  readonly onProgress?: (finished: number) => void
}

/** The backbone as a decoder, or undefined where it is an encoder. */
export const decoderOf = (backbone: Backbone): Decoder | undefined =>
  backbone.architecture.kind === 'decoder' && 'model' in backbone ? (backbone as Decoder) : undefined

const keyName = (i: number) => `past.${i}.key`
const valueName = (i: number) => `past.${i}.value`
const presentKey = (i: number) => `present.${i}.key`
const presentValue = (i: number) => `present.${i}.value`

/**
 * The next token's scores. Inputs: `ids` and `positions` int64 [B,S], `seen` float [B,P+S], and for each block the keys and
 * values [B,heads,P,size] of the P tokens before. Outputs: `scores` [B,V] after the last token, and the keys and values of
 * all P+S tokens.
 */
function generationGraph(runtime: Pick<Runtime, 'provider'>, { backbone, parameters, wrap }: GeneratingModel) {
  const decoder = decoderOf(backbone)
  if (!decoder) throw new Error(`${backbone.architecture.type} does not generate text`)
  const { model } = decoder
  const past = Object.fromEntries(
    model.blocks.flatMap(({ attention: { keyValueHeads, headSize } }, i) => {
      const spec = { dtype: 'float32', dims: ['B', keyValueHeads, 'P', headSize] } as const
      return [
        [keyName(i), spec],
        [valueName(i), spec],
      ]
    }),
  )
  return buildEvaluation({
    parameters,
    layout: 'per-tensor',
    lowering: loweringFor(runtime.provider),
    inputs: {
      ids: { dtype: 'int64', dims: ['B', 'S'] },
      positions: { dtype: 'int64', dims: ['B', 'S'] },
      seen: { dtype: 'float32', dims: ['B', 'P+S'] },
      ...past,
    },
    outputs(g, { lookup, inputs }) {
      const at = (name: string) => inputs[name] as Value
      const blocks = model.blocks.map((_, i): KeyValue => ({ key: at(keyName(i)), value: at(valueName(i)) }))
      const ids = at('ids')
      const { hidden, present } = decode(
        g,
        lookup,
        { ids, mask: at('seen'), positions: at('positions') },
        { ...wrap?.(lookup), model, past: { blocks, seen: at('seen') } },
      )
      const end = g.sub(g.shapeAt(ids, 1), 1)
      const last = g.reshape(g.gather(hidden, end, 1), ['B', model.sizes.hidden])
      const kept = present.flatMap(({ key, value }, i) => [
        [presentKey(i), key],
        [presentValue(i), value],
      ])
      return { scores: backbone.language.scores(g, lookup, last), ...Object.fromEntries(kept) }
    },
  })
}

/** A loaded decoder that answers prompts. */
export class Generator {
  private readonly session: Session
  private readonly decoder: Decoder

  private constructor(session: Session, decoder: Decoder) {
    this.session = session
    this.decoder = decoder
  }

  static async load(runtime: Runtime, model: GeneratingModel): Promise<Generator> {
    const session = await runtime.load(modelBytes(generationGraph(runtime, model)), {
      ...(model.folder === undefined ? {} : { folder: model.folder }),
      arena: 'off',
    })
    return new Generator(session, decoderOf(model.backbone) as Decoder)
  }

  /** Most tokens of a prompt and its answer together. */
  get positions(): number {
    return this.decoder.model.sizes.positions
  }

  /** New tokens of each prompt, the stop token included. A prompt is at least one token; `trained` as in `Predictor.scan`. */
  async generate(
    prompts: readonly (readonly number[])[],
    trained: readonly NamedTensor[],
    options: GenerateOptions,
  ): Promise<number[][]> {
    const fed: Record<string, Tensor> = {}
    for (const { name, shape, data } of trained) fed[stateName('p', name)] = { dtype: 'float32', dims: shape, data }
    // Prompts of about the same length together: what is shorter is padded on the left.
    const order = prompts.map((_, i) => i).sort((a, b) => lengthOf(prompts, a) - lengthOf(prompts, b) || a - b)
    const answers: number[][] = prompts.map(() => [])
    const rows = options.rows ?? 8
    for (let at = 0; at < order.length; at += rows) {
      const chosen = order.slice(at, at + rows)
      const group = chosen.map(
        (i): Row => ({
          prompt: prompts[i] as readonly number[],
          answer: answers[i] as number[],
          draw: random(`${options.seed ?? 0}/${i}`),
        }),
      )
      await this.answer(group, fed, options)
      options.onProgress?.(at + chosen.length)
    }
    return answers
  }

  release(): Promise<void> {
    return this.session.release()
  }

  private async answer(rows: readonly Row[], fed: Record<string, Tensor>, options: GenerateOptions): Promise<void> {
    const { sizes, blocks } = this.decoder.model
    const longest = Math.max(...rows.map(row => row.prompt.length))
    const pads = rows.map(row => longest - row.prompt.length)
    const stop = new Set(options.stop)
    const count = rows.length
    let ids = rows.flatMap((row, b) => [...new Array<number>(pads[b] as number).fill(0), ...row.prompt])
    let past: Record<string, Tensor> = {}
    blocks.forEach(({ attention: { keyValueHeads, headSize } }, i) => {
      for (const name of [keyName(i), valueName(i)]) past[name] = float32([], [count, keyValueHeads, 0, headSize])
    })
    const open = rows.map(row => row.prompt.length < sizes.positions)
    for (let step = 0; step < options.maxTokens && open.some(Boolean); step++) {
      if (options.cancel) checkCancel(options.cancel)
      const total = longest + step
      const width = ids.length / count
      const seen = new Float32Array(count * total).fill(1)
      const positions: number[] = []
      pads.forEach((pad, b) => {
        seen.fill(0, b * total, b * total + pad)
        for (let s = total - width; s < total; s++) positions.push(Math.min(Math.max(0, s - pad), sizes.positions - 1))
      })
      const out = await this.session.run({
        ...fed,
        ...past,
        ids: int64(ids, [count, width]),
        positions: int64(positions, [count, width]),
        seen: float32(seen, [count, total]),
      })
      const scores = out['scores']?.data as Float32Array
      ids = rows.map((row, b) => {
        if (!open[b]) return 0
        const token = chooseToken(
          scores.subarray(b * sizes.vocab, (b + 1) * sizes.vocab),
          row.draw,
          options.temperature,
        )
        row.answer.push(token)
        const ended = stop.has(token) || options.ended?.(row.answer) === true
        open[b] = !ended && row.prompt.length + row.answer.length < sizes.positions
        return token
      })
      past = {}
      blocks.forEach((_, i) => {
        past[keyName(i)] = out[presentKey(i)] as Tensor
        past[valueName(i)] = out[presentValue(i)] as Tensor
      })
    }
  }
}

interface Row {
  readonly prompt: readonly number[]
  readonly answer: number[]
  readonly draw: Random
}

const lengthOf = (prompts: readonly (readonly number[])[], i: number) => (prompts[i] as readonly number[]).length

/** The index of the largest score (the first of equal ones), or a draw from softmax(scores / temperature). */
export function chooseToken(scores: Float32Array, draw: Random, temperature = 0): number {
  let best = 0
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i
  if (temperature === 0) return best
  const top = scores[best] as number
  const shares = Float64Array.from(scores, x => Math.exp((x - top) / temperature))
  let left = draw.next() * shares.reduce((a, b) => a + b, 0)
  for (let i = 0; i < shares.length; i++) {
    left -= shares[i] as number
    if (left < 0) return i
  }
  return best
}

/** Loads, answers and lets go: for a single set of prompts. */
export async function generate(
  runtime: Runtime,
  model: GeneratingModel,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions & { readonly trained?: readonly NamedTensor[] },
): Promise<number[][]> {
  const generator = await Generator.load(runtime, model)
  try {
    return await generator.generate(prompts, options.trained ?? [], options)
  } finally {
    await generator.release()
  }
}
