import { expect, test } from 'vitest'
import { Alarms } from '../../../src/core/train/alarms.ts'
import type { RunEvent } from '../../../src/core/train/event.ts'

/** Seeded normal deviates (Box and Muller 1958). */
function normal(seed: number): () => number {
  let state = seed | 0
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (((t ^ (t >>> 14)) >>> 0) + 1) / 4294967297
  }
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}

interface Curve {
  readonly steps: number
  readonly loss: (step: number) => number
  readonly norm?: (step: number) => number
  readonly validation?: (step: number) => number
  readonly every?: number
}

function heard({ steps, loss, norm = () => 1, validation, every = 50 }: Curve): { code: string; step: number }[] {
  const alarms = new Alarms(steps)
  const out: { code: string; step: number }[] = []
  for (let step = 1; step <= steps; step++) {
    const events: RunEvent[] = [
      {
        ...{ kind: 'step', at: step, step, epoch: 0, loss: loss(step), rate: 1e-3 },
        ...{ norm: norm(step), rows: 8, tokens: 64, ms: 1 },
      } as RunEvent,
    ]
    if (validation && step % every === 0)
      events.push({
        kind: 'evaluated',
        at: step,
        step,
        epoch: 0,
        split: 'validation',
        scores: { loss: validation(step) },
      })
    for (const event of events)
      for (const { code, step } of alarms.hear(event)) out.push({ code, step: step as number })
  }
  return out
}

const fall = (step: number) => 0.3 + 2.7 * Math.exp(-step / 200)
const seeds = Array.from({ length: 60 }, (_, i) => i + 1)

test('noise alone says nothing, on sixty seeds, whether it falls, rests or is heavy-tailed', () => {
  const said = seeds.flatMap(seed => {
    const noise = normal(seed)
    const falling = heard({
      steps: 1500,
      loss: step => Math.max(0.01, fall(step) * (1 + 0.25 * noise())),
      norm: step => (0.5 + fall(step)) * Math.exp(0.35 * noise()),
      // Converged, with the noise of 500 validation rows.
      validation: step => 0.4 + 2 * Math.exp(-step / 200) + 0.012 * noise(),
    })
    const learnt = heard({ steps: 1500, loss: step => 0.02 + 3 * Math.exp(-step / 100) + 0.02 * Math.abs(noise()) })
    return [...falling, ...learnt].map(({ code, step }) => `seed ${seed}: ${code} at ${step}`)
  })
  expect(said).toEqual([])
})

test('a spike is told at its step, at most five times', () => {
  for (const seed of seeds.slice(0, 10)) {
    const noise = normal(seed)
    const norm = (step: number) => Math.exp(0.2 * noise()) * (step === 268 ? 9 : 1)
    expect(heard({ steps: 600, loss: fall, norm })).toEqual([{ code: 'gradient-spike', step: 268 }])
  }
  const many = heard({ steps: 2000, loss: fall, norm: step => (step % 100 === 0 ? 20 : 1 + 0.1 * Math.sin(step)) })
  expect(many.map(({ code }) => code)).toEqual(Array.from({ length: 5 }, () => 'gradient-spike'))
})

test('overfitting is told once, from the lowest validation loss on', () => {
  for (const seed of seeds.slice(0, 20)) {
    const noise = normal(seed)
    const said = heard({
      steps: 1500,
      loss: step => fall(step) * 0.8 * (1 - step / 2500) * (1 + 0.1 * noise()),
      validation: step => 0.4 + 2 * Math.exp(-step / 120) + (step > 700 ? (step - 700) * 4e-4 : 0) + 0.004 * noise(),
    })
    expect(said.map(({ code }) => code)).toEqual(['overfitting'])
    expect(Math.abs((said[0]?.step as number) - 700)).toBeLessThanOrEqual(150)
  }
})

test('a loss that rises again after it fell is diverging; one that never moves is a plateau', () => {
  for (const seed of seeds.slice(0, 20)) {
    const noise = normal(seed)
    const rising = heard({
      steps: 1200,
      loss: step => (step < 500 ? fall(step) : fall(500) + (step - 500) * 0.01) * (1 + 0.15 * noise()),
    })
    expect(rising.map(({ code }) => code)).toEqual(['diverging'])
    expect(Math.abs((rising[0]?.step as number) - 500)).toBeLessThanOrEqual(128)
    const flat = heard({ steps: 2000, loss: () => 4.34 * (1 + 0.05 * noise()) })
    expect(flat.map(({ code }) => code)).toEqual(['plateau'])
  }
})
