import { expect, test } from 'vitest'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import { planTraining } from '../../../src/core/train/methods/plan.ts'
import { pulled } from '../../../src/core/train/methods/pull.ts'
import { startTensors } from '../../../src/core/train/models/start.ts'
import { parametersOf } from '../../../src/core/train/models/weights.ts'
import { tinyBatches, tinyModel, tinyRows } from '../../../src/core/train/selftest/tiny.ts'
import { classification } from '../../../src/core/train/tasks/classification.ts'
import { openRuntime } from '../../../src/node/ort.ts'

const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })
const rows = tinyRows(24, 'class')
const batches = tinyBatches(rows)
const tiny = tinyModel({ method: { kind: 'full' }, optimizer: { decay: 0 } })

async function learn(alpha: number, mode: 'steps' | 'loop' | 'direct', micro?: number) {
  const { division, weights, model } = tiny
  const pull = alpha > 0 ? pulled(classification, { alpha, division, weights }) : undefined
  const initial = startTensors(division, weights, { seed: 1, std: 0.1 })
  const learner = await makeLearner(runtime, {
    task: (pull?.kind ?? classification).task(model, rows, { smoothing: 0, seed: 1 }),
    parameters: [...parametersOf(division, weights), ...(pull?.parameters ?? [])],
    initial,
    optimizer: tiny.recipe.optimizer,
    dropout: 0,
    mode,
    ...(micro === undefined ? {} : { micro }),
  })
  const losses: number[] = []
  for (let step = 1; step <= 12; step++) {
    const batch = batches[(step - 1) % batches.length]!
    losses.push((await learner.step([batch], step, [5e-3]))[0]!.loss)
  }
  const { parameters } = await learner.state()
  await learner.release()
  const own = new Set(weights.names)
  let away = 0
  let head = 0
  parameters.forEach((tensor, i) => {
    const from = initial[i]!
    expect(from.name).toBe(tensor.name)
    const distance = tensor.data.reduce((sum, x, k) => sum + (x - (from.data[k] as number)) ** 2, 0)
    if (own.has(tensor.name)) away += distance
    else head += distance
  })
  return { losses, away, head }
}

test('weights stay nearer to where they began the more they are pulled, the head moves as it likes', async () => {
  const free = await learn(0, 'steps')
  const held = await learn(0.1, 'steps')
  const tight = await learn(10, 'steps')
  // Nothing has moved before the first step: the penalty is 0, the loss the same.
  expect(held.losses[0]).toBeCloseTo(free.losses[0] as number, 6)
  expect(held.away).toBeLessThan(0.9 * free.away)
  expect(tight.away).toBeLessThan(0.2 * free.away)
  expect(tight.head).toBeGreaterThan(0.3 * free.head)
  // The same in every way to take a step.
  for (const other of [await learn(0.1, 'loop'), await learn(0.1, 'direct'), await learn(0.1, 'steps', 3)])
    other.losses.forEach((loss, i) => {
      expect(Math.abs(loss - (held.losses[i] as number))).toBeLessThan(2e-4)
    })
}, 60_000)

test('a method that trains nothing of the model cannot be pulled', () => {
  const lora = tinyModel({ method: { kind: 'lora', rank: 4 } })
  const { division } = planTraining(lora.whole, lora.recipe)
  expect(() => pulled(classification, { alpha: 0.1, division, weights: lora.weights })).toThrow(/trains none of them/)
})
