/* A state that is updated where it lies learns what a loop of the same steps learns. */
import { expect, test } from 'vitest'
import { buildGradients } from '../../../src/core/train/direct.ts'
import { specOf } from '../../../src/core/train/learner.ts'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import type { RecipeInput } from '../../../src/core/train/recipe.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { tinyConfig } from '../../node/train/tinyModel.ts'
import { difference, takeSteps, tinyBatches, tinyParts, tinyRecipe, tinyRows } from './tinyLearner.ts'

const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })
const rows = tinyRows(48)
const rate = () => 5e-3
const inputs: [string, Omit<RecipeInput, 'model' | 'data'>][] = [
  ['unclipped', { method: { kind: 'full' }, optimizer: { clip: 0 } }],
  [
    'clipped, with decay and rates by layer',
    { method: { kind: 'full' }, optimizer: { clip: 0.05, decay: 0.1 }, rates: { layerDecay: 0.8 } },
  ],
  ['in groups, with a mean of the weights', { method: { kind: 'full' }, unfreeze: { steps: 3 }, ema: 0.9 }],
]

test.each(inputs)('%s, with a table of which a batch touches few rows', async (_, input) => {
  const recipe = tinyRecipe({ dropout: 0.1, batch: { rows: 8 }, ...input })
  // Wide enough that the gradient of its words comes as rows; 30 is no multiple of what a vector holds.
  const config = { ...tinyConfig, vocab_size: 2100, hidden_size: 30, num_attention_heads: 2 }
  const { options } = tinyParts(recipe, rows, { config })
  const { gradients } = buildGradients(specOf(runtime, { ...options, mode: 'direct' }))
  expect(gradients.filter(g => g.at !== undefined).map(g => g.parameter.dims)).toEqual([[2100, 30]])
  const batches = tinyBatches(rows, recipe)
  const [loop, direct] = [
    await makeLearner(runtime, { ...options, mode: 'loop' }),
    await makeLearner(runtime, { ...options, mode: 'direct' }),
  ]
  const want = await takeSteps(loop, batches, { from: 1, to: 8, rate })
  const got = await takeSteps(direct, batches, { from: 1, to: 8, together: 3, rate })
  for (const [i, { loss, norm, samples }] of got.entries()) {
    const other = want[i] as (typeof want)[number]
    expect(loss / other.loss).toBeCloseTo(1, 5)
    expect(norm / other.norm).toBeCloseTo(1, 4)
    expect(samples).toEqual(other.samples)
  }
  const [a, b] = [await loop.state(), await direct.state()]
  expect(difference(b.first, a.first)).toBeLessThan(1e-4)
  expect(difference(b.second, a.second)).toBeLessThan(1e-4)
  expect(difference(b.parameters, a.parameters)).toBeLessThan(2e-3)
  expect(b.average?.length).toBe(a.average?.length)
  if (a.average && b.average) expect(difference(b.average, a.average)).toBeLessThan(2e-3)
  // What a caller holds stays as it was.
  const held = structuredClone(b)
  await takeSteps(direct, batches, { from: 9, to: 9, rate })
  expect(b).toEqual(held)
  await loop.release()
  await direct.release()
})
