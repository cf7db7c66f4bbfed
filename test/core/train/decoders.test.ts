/* What is special of decoders: packed rows, losses at chosen places, and text. Logits are models.test.ts's. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { type Builder, builder } from '../../../src/core/graph/builder.ts'
import { grad } from '../../../src/core/graph/grad.ts'
import type { Value } from '../../../src/core/graph/graph.ts'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import { chooseToken, generate } from '../../../src/core/train/generate.ts'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import type { Backbone, BackboneInputs, ConfigJson } from '../../../src/core/train/models/architecture.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { languageAnswers, languageLoss } from '../../../src/core/train/models/causal.ts'
import type { Task } from '../../../src/core/train/models/task.ts'
import { memoryWeights, parametersOf } from '../../../src/core/train/models/weights.ts'
import { adamWDefaults } from '../../../src/core/train/optimizer.ts'
import { float32, int64, type Tensor } from '../../../src/core/train/runtime.ts'
import type { Frozen } from '../../../src/core/train/state.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { formulaTensor } from './formula.ts'

interface Golden {
  readonly config: ConfigJson
  readonly causal?: unknown
  readonly generated: { readonly prompts: readonly number[][]; readonly answers: readonly number[][] }
}

const folder = fileURLToPath(new URL('../../golden/models/', import.meta.url))
const goldens = readdirSync(folder)
  .map(file => [file.replace(/\.json$/, ''), JSON.parse(readFileSync(folder + file, 'utf8')) as Golden] as const)
  .filter(([, golden]) => golden.causal)
const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })

const frozenOf = (backbone: Backbone): Frozen[] =>
  [...backbone.parameters(), ...backbone.language.parameters].map(spec => {
    const { name, shape, data } = formulaTensor(spec)
    return { kind: 'frozen', name, dims: shape, dtype: 'float32', data }
  })

const shift = 3
const documents = [
  [5, 9, 14, 33, 8, 21, 40],
  [7, 7, 30, 12],
  [50, 11, 6, 19, 25, 13, 44, 18, 9],
]

/** Rows of documents: one each, or all in one with positions and segments. Padded with 0 by `pad` tokens. */
function layOut(packing: 'apart' | 'packed', pad: number) {
  const rows = packing === 'apart' ? documents.map(d => [d]) : [documents]
  const length = Math.max(...rows.map(row => row.flat().length)) + pad
  const fill = (of: (document: number[], d: number) => number[], row: number[][]) => {
    const own = row.flatMap(of)
    return [...own, ...new Array<number>(length - own.length).fill(0)]
  }
  const dims = [rows.length, length]
  const places: number[] = []
  rows.forEach((row, r) => {
    let at = r * length
    for (const document of row) {
      for (let i = 0; i + 1 < document.length; i++) places.push(at + i)
      at += document.length
    }
  })
  return {
    dims,
    places,
    ids: rows.flatMap(row => fill(d => d, row)),
    mask: rows.flatMap(row => fill(d => d.map(() => 1), row)),
    positions: rows.flatMap(row => fill(d => [...d.keys()], row)),
    segments: rows.flatMap(row => fill((d, i) => d.map(() => i + 1), row)),
  }
}

/** Everything there is to say of the documents: scores, losses, and the gradient of what is added to every word vector. */
async function study(backbone: Backbone, packing: 'apart' | 'packed', lowering: 'fused' | 'portable' = 'fused') {
  const laid = layOut(packing, 2)
  const g = builder({ name: 'study', lowering })
  const known = new Map<string, Value>()
  for (const t of frozenOf(backbone)) known.set(t.name, g.init(t.name, t.data, t.dims, t.dtype))
  const lookup = (name: string) => known.get(name)
  const whole = (name: string) => g.input(name, 'int64', ['B', 'S'])
  const inputs: BackboneInputs = {
    ids: whole('ids'),
    mask: g.input('mask', 'float32', ['B', 'S']),
    ...(packing === 'packed' ? { positions: whole('positions'), segments: whole('segments') } : {}),
  }
  const delta = g.input('delta', 'float32', [backbone.sizes.hidden])
  const hidden = backbone.hidden(g, lookup, inputs, { noise: (h: Builder, words) => h.add(words, delta) })
  const targets = documents.flatMap(d => d.slice(1))
  const weights = targets.map((_, i) => (i % shift === 0 ? 0 : 1))
  const chosen = {
    head: backbone.language,
    hidden,
    places: g.ints(laid.places),
    targets: g.ints(targets),
    weights: g.const(weights, [weights.length]),
  }
  const { loss, rows } = languageLoss(g, lookup, chosen)
  const { losses, said, right } = languageAnswers(g, lookup, chosen)
  const [slope] = grad(g, loss, [delta]) as [Value]
  for (const [name, value] of Object.entries({ loss, rows, losses, said, right, slope })) g.output(value, name)
  const session = await runtime.load(modelBytes(g))
  const feeds: Record<string, Tensor> = {
    ids: int64(laid.ids, laid.dims),
    mask: float32(laid.mask, laid.dims),
    delta: float32(new Float32Array(backbone.sizes.hidden)),
    ...(packing === 'packed'
      ? { positions: int64(laid.positions, laid.dims), segments: int64(laid.segments, laid.dims) }
      : {}),
  }
  const out = await session.run(feeds)
  await session.release()
  return Object.fromEntries(Object.entries(out).map(([name, { data }]) => [name, Array.from(data, Number)])) as Record<
    'loss' | 'rows' | 'losses' | 'said' | 'right' | 'slope',
    number[]
  > & { readonly weights?: never }
}

const furthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number))))

describe.each(goldens)('%s', (_, { config, generated }) => {
  const backbone = openBackbone(config, 'config.json')

  test('documents in one row lose and learn as in rows of their own', async () => {
    const apart = await study(backbone, 'apart')
    for (const lowering of ['fused', 'portable'] as const) {
      const packed = await study(backbone, 'packed', lowering)
      expect(furthest(apart.rows, packed.rows)).toBeLessThan(2e-5)
      expect(furthest(apart.slope, packed.slope)).toBeLessThan(2e-5)
      expect(packed.said).toEqual(apart.said)
    }
  })

  test('the greedy answers of Transformers, prompts of different lengths together', async () => {
    const model = { backbone, parameters: frozenOf(backbone) }
    const count = generated.answers[0]?.length ?? 0
    expect(await generate(runtime, model, generated.prompts, { maxTokens: count, stop: [] })).toEqual(generated.answers)
  })
})

const [, llama] = goldens.find(([name]) => name === 'llama') as (typeof goldens)[number]
const backbone = openBackbone(llama.config, 'config.json')

test('the loss is the mean of the weighted places, and the answers say how each came about', async () => {
  const { loss, rows, losses, said, right } = await study(backbone, 'apart')
  const targets = documents.flatMap(d => d.slice(1))
  const counted = rows.filter((_, i) => i % shift !== 0)
  expect(loss[0]).toBeCloseTo(counted.reduce((a, b) => a + b, 0) / counted.length, 5)
  expect(losses).toEqual(rows)
  expect(right).toEqual(targets.map((target, i) => Number(target === said[i])))
})

test('a large vocabulary is scored in pieces: the same losses, answers and gradient', async () => {
  const config = { ...llama.config, vocab_size: 9000, hidden_size: 16, num_hidden_layers: 1 }
  const wide = openBackbone({ ...config, tie_word_embeddings: true }, 'config.json')
  // The portable graph makes all scores at once.
  const whole = await study(wide, 'apart', 'portable')
  const pieces = await study(wide, 'apart', 'fused')
  for (const name of ['loss', 'rows', 'losses', 'slope'] as const)
    expect(furthest(whole[name], pieces[name]), name).toBeLessThan(2e-5)
  expect(pieces.said).toEqual(whole.said)
  expect(pieces.right).toEqual(whole.right)
})

test('a large vocabulary learns the same in steps, in a loop of steps, and with activations computed again', async () => {
  const config = { ...llama.config, vocab_size: 9000, hidden_size: 16, num_hidden_layers: 2 }
  const wide = openBackbone({ ...config, tie_word_embeddings: true }, 'config.json')
  const specs = [...wide.parameters(), ...wide.language.parameters]
  const { ids, mask, dims, places } = layOut('apart', 0)
  const targets = documents.flatMap(d => d.slice(1))
  const size = [places.length]
  const task: Task = {
    inputs: {
      ids: { dtype: 'int64', dims: ['B', 'S'] },
      mask: { dtype: 'float32', dims: ['B', 'S'] },
      places: { dtype: 'int64', dims: ['M'] },
      targets: { dtype: 'int64', dims: ['M'] },
      weights: { dtype: 'float32', dims: ['M'] },
    },
    loss(g, lookup, inputs) {
      const given = inputs as Readonly<Record<'ids' | 'mask' | 'places' | 'targets' | 'weights', Value>>
      const hidden = wide.hidden(g, lookup, given)
      return languageLoss(g, lookup, { head: wide.language, hidden, ...given })
    },
    feeds: () => ({
      feeds: {
        ids: { data: BigInt64Array.from(ids, BigInt), dims },
        mask: { data: Float32Array.from(mask), dims },
        places: { data: BigInt64Array.from(places, BigInt), dims: size },
        targets: { data: BigInt64Array.from(targets, BigInt), dims: size },
        weights: { data: new Float32Array(places.length).fill(1), dims: size },
      },
      tokens: 20,
      weight: places.length,
    }),
  }
  const initial = specs.map(formulaTensor)
  const parameters = parametersOf({ trained: specs, frozen: [] }, memoryWeights(initial))
  const batch = { rows: Int32Array.of(0, 1, 2), length: dims[1] as number }
  const losses = async (mode: 'steps' | 'loop', recompute: boolean) => {
    const learner = await makeLearner(runtime, {
      task,
      parameters,
      initial,
      optimizer: adamWDefaults,
      dropout: 0,
      mode,
      recompute,
    })
    const results = await learner.step([batch, batch, batch], 1, [0.01, 0.01, 0.01])
    await learner.release()
    return results.map(result => result.loss)
  }
  const steps = await losses('steps', false)
  expect(steps[2] as number).toBeLessThan((steps[0] as number) - 0.5)
  expect(furthest(await losses('loop', false), steps)).toBeLessThan(1e-5)
  expect(await losses('steps', true)).toEqual(steps)
})

test('an answer ends at its stop token, and no neighbour changes what is drawn', async () => {
  const model = { backbone, parameters: frozenOf(backbone) }
  const { prompts, answers } = llama.generated
  const stop = answers[0]?.[5] as number
  const short = await generate(runtime, model, prompts, { maxTokens: 10, stop: [stop] })
  expect(short[0]).toEqual(answers[0]?.slice(0, (answers[0]?.indexOf(stop) ?? 0) + 1))
  const two = await generate(runtime, model, prompts, { maxTokens: 10, stop: [], ended: answer => answer.length === 2 })
  expect(two).toEqual(answers.map(answer => answer.slice(0, 2)))
  const drawn = { maxTokens: 8, stop: [], temperature: 1, seed: 3 }
  const together = await generate(runtime, model, prompts, drawn)
  expect(await generate(runtime, model, prompts, { ...drawn, rows: 1 })).toEqual(together)
  expect(await generate(runtime, model, prompts, { ...drawn, seed: 4 })).not.toEqual(together)
})

test('tokens are drawn as often as the softmax says', () => {
  const scores = Float32Array.of(0, 1, 2)
  const draw = random('tokens')
  const counts = [0, 0, 0]
  for (let i = 0; i < 4000; i++) counts[chooseToken(scores, draw, 0.5)]!++
  const shares = [0, 2, 4].map(Math.exp)
  const sum = shares.reduce((a, b) => a + b, 0)
  counts.forEach((n, i) => {
    expect(Math.abs(n / 4000 - (shares[i] as number) / sum)).toBeLessThan(0.03)
  })
  expect(chooseToken(scores, draw)).toBe(2)
})
