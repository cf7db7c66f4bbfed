/* What must hold of the engine whatever is trained: pieces equal the whole, resuming changes no bit, and so on. */
import { describe, expect, test } from 'vitest'
import { classWeightsOf } from '../../../src/core/train/classWeights.ts'
import type { LearnerOptions, NamedTensor } from '../../../src/core/train/learner.ts'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import type { RecipeInput } from '../../../src/core/train/recipe.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { difference, takeSteps, tinyBatches, tinyLearner, tinyParts, tinyRecipe, tinyRows } from './tinyLearner.ts'

const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })
const rows = tinyRows(48)
type Input = Omit<RecipeInput, 'model' | 'data'>
const rate = () => 5e-3

const all = { rank: 4, targets: 'all-linear' as const }
const kinds: [name: string, input: Input, mode: LearnerOptions['mode']][] = [
  ['full, where it lies', { method: { kind: 'full' } }, 'direct'],
  ['full', { method: { kind: 'full' } }, 'loop'],
  ['last layer', { method: { kind: 'last', layers: 1 } }, 'loop'],
  ['BitFit', { method: { kind: 'bitfit' } }, 'loop'],
  ['LoRA', { method: { kind: 'lora', ...all } }, 'steps'],
  ['rsLoRA', { method: { kind: 'rslora', ...all } }, 'steps'],
  ['LoRA+', { method: { kind: 'lora-plus', ...all } }, 'steps'],
  ['DoRA', { method: { kind: 'dora', ...all } }, 'steps'],
  ['QLoRA', { method: { kind: 'qlora', rank: 4, block: 32 } }, 'steps'],
]
const regular: [name: string, input: Input, mode: LearnerOptions['mode']][] = [
  ['unfreezing where it lies', { method: { kind: 'full' }, unfreeze: { steps: 3 }, ema: 0.9 }, 'direct'],
  ['SGD, which no kernel has', { method: { kind: 'full' }, optimizer: { kind: 'sgd' } }, 'direct'],
  ['full, by SGD with Nesterov', { method: { kind: 'full' }, optimizer: { kind: 'sgd', nesterov: true } }, 'loop'],
  ['LoRA, by plain SGD', { method: { kind: 'lora' }, optimizer: { kind: 'sgd', momentum: 0 } }, 'steps'],
  ['full, with a mean of the weights', { method: { kind: 'full' }, ema: 0.9 }, 'loop'],
  ['LoRA, with a mean of the weights', { method: { kind: 'lora' }, ema: 0.9 }, 'steps'],
  ['full, unfreezing', { method: { kind: 'full' }, unfreeze: { steps: 3 }, ema: 0.9 }, 'loop'],
  ['LoRA, unfreezing', { method: { kind: 'lora' }, unfreeze: { steps: 3 } }, 'steps'],
  ['full, rates by layer', { method: { kind: 'full' }, rates: { layerDecay: 0.8, embeddings: 0 } }, 'loop'],
  ['LoRA, with noise', { method: { kind: 'lora' }, neftune: 5 }, 'steps'],
]

describe.each([...kinds, ...regular])('%s', (_, input, mode) => {
  const recipe = tinyRecipe({ dropout: 0.1, batch: { rows: 8 }, ...input })
  const batches = tinyBatches(rows, recipe)
  const steps = 10

  test('resumes with the same bits, however many steps share a run; pieces add up; activations may be made again', async () => {
    const learner = await tinyLearner(runtime, recipe, rows, mode)
    const start = structuredClone(await learner.state())
    const want = await takeSteps(learner, batches, { from: 1, to: steps, rate })
    const end = structuredClone(await learner.state())
    expect(want.at(-1)?.loss).not.toBe(want[0]?.loss)

    learner.load(start)
    const before = await takeSteps(learner, batches, { from: 1, to: 5, together: mode !== 'steps' ? 3 : 1, rate })
    const saved = structuredClone(await learner.state())
    await takeSteps(learner, batches, { from: 6, to: 7, rate })
    learner.load(saved)
    const after = await takeSteps(learner, batches, { from: 6, to: steps, together: mode !== 'steps' ? 4 : 1, rate })
    expect([...before, ...after]).toEqual(want)
    expect(await learner.state()).toEqual(end)
    await learner.release()

    const again = tinyRecipe({ dropout: 0.1, ...input, batch: { rows: 8, recompute: true } })
    const lean = await tinyLearner(runtime, again, rows, mode)
    expect(await takeSteps(lean, batches, { from: 1, to: 4, rate })).toEqual(want.slice(0, 4))
    await lean.release()

    // Without what is random, since pieces draw their own.
    const calm = { ...input, dropout: 0, neftune: 0 }
    const one = await tinyLearner(runtime, tinyRecipe({ ...calm, batch: { rows: 8 } }), rows, mode)
    const whole = await takeSteps(one, batches, { from: 1, to: 5, rate })
    await one.release()
    const many = await tinyLearner(runtime, tinyRecipe({ ...calm, batch: { rows: 8, micro: 3 } }), rows, mode)
    const pieces = await takeSteps(many, batches, { from: 1, to: 5, rate })
    await many.release()
    for (const [i, { loss, norm, ...rest }] of pieces.entries()) {
      const other = whole[i] as (typeof whole)[number]
      expect(loss / other.loss).toBeCloseTo(1, 4)
      expect(norm / other.norm).toBeCloseTo(1, 3)
      expect(rest.samples).toEqual(other.samples)
      expect(rest.tokens).toBe(other.tokens)
      expect(furthest(rest.rows, other.rows)).toBeLessThan(1e-4)
    }
  })
})

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (x, i) => Math.abs(x - (b[i] as number))))
const named = (tensors: readonly NamedTensor[], part: string) => tensors.filter(t => t.name.includes(part))

test('before its group begins a parameter does not move, and then as if it began at step 1', async () => {
  const input: Input = { method: { kind: 'full' }, batch: { rows: 8 }, optimizer: { decay: 0.1 } }
  const recipe = tinyRecipe({ ...input, unfreeze: { steps: 4 } })
  const batches = tinyBatches(rows, recipe)
  const { options } = tinyParts(recipe, rows)
  expect(options.begins).toEqual([0, 4, 8, 12])
  const learner = await makeLearner(runtime, { ...options, mode: 'loop' })
  await takeSteps(learner, batches, { from: 1, to: 4, rate })
  const frozen = structuredClone(await learner.state())
  const untouched = (tensors: readonly NamedTensor[], part: string) =>
    expect(named(tensors, part)).toEqual(named(options.initial, part))
  for (const part of ['layer.0.', 'layer.1.', 'embeddings']) {
    untouched(frozen.parameters, part)
    expect(named([...frozen.first, ...frozen.second], part).every(t => t.data.every(x => x === 0))).toBe(true)
  }
  // The head learnt exactly as if it were alone.
  const alone = tinyParts(tinyRecipe({ ...input, method: { kind: 'head' } }), rows)
  const head = await makeLearner(runtime, { ...alone.options, mode: 'loop' })
  await takeSteps(head, batches, { from: 1, to: 4, rate })
  expect(difference((await head.state()).parameters, named(frozen.parameters, 'classifier'))).toBeLessThan(1e-6)
  await takeSteps(learner, batches, { from: 5, to: 5, rate })
  const moved = await learner.state()
  for (const part of ['layer.0.', 'embeddings']) untouched(moved.parameters, part)
  // A first step of AdamW is as long as the rate for every number that has a gradient: bias correction begins here.
  const bias = 'layer.1.output.dense.bias'
  const [was, is] = [frozen, moved].map(state => named(state.parameters, bias)[0] as NamedTensor) as [
    NamedTensor,
    NamedTensor,
  ]
  const moves = is.data.map((x, i) => Math.abs(x - (was.data[i] as number)))
  expect(furthest(moves, new Float32Array(moves.length).fill(5e-3))).toBeLessThan(5e-5)
  for (const one of [learner, head]) await one.release()
})

test('the running mean is the mean', async () => {
  const recipe = tinyRecipe({ method: { kind: 'lora' }, ema: 0.9, batch: { rows: 8 } })
  const batches = tinyBatches(rows, recipe)
  const { options } = tinyParts(recipe, rows)
  const learner = await makeLearner(runtime, { ...options, mode: 'steps' })
  const mean = new Map(options.initial.map(t => [t.name, Float64Array.from(t.data)]))
  for (let step = 1; step <= 10; step++) {
    await takeSteps(learner, batches, { from: step, to: step, rate })
    const pull = 1 - Math.min(0.9, (1 + step) / (10 + step))
    for (const { name, data } of (await learner.state()).parameters) {
      const own = mean.get(name) as Float64Array
      own.forEach((e, i) => {
        own[i] = e + pull * ((data[i] as number) - e)
      })
    }
  }
  const { average = [] } = await learner.state()
  expect(average.map(t => t.name)).toEqual(options.initial.map(t => t.name))
  for (const { name, data } of average) expect(furthest(data, mean.get(name) as Float64Array)).toBeLessThan(1e-6)
  await learner.release()
})

test('balanced classes weigh the same in sum, and labels that no row has are refused', () => {
  const labels = ['a', 'b', 'c']
  expect(classWeightsOf('none', { labels, targets: [0, 1, 2] })).toBeUndefined()
  const balanced = classWeightsOf('balanced', { labels, targets: [0, 0, 0, 0, 1, 2] })
  expect([...(balanced as Float32Array)]).toEqual([0.5, 2, 2])
  expect(classWeightsOf({ b: 3 }, { labels, targets: [] })).toEqual(Float32Array.of(1, 3, 1))
  expect(() => classWeightsOf({ d: 3 }, { labels, targets: [] })).toThrow(/no training row has the label "d"/)
})
