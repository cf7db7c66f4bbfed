import { random } from '../../../src/core/base/random.ts'
import type { RunEvent } from '../../../src/core/train/event.ts'

/** The events of a small run as the training process writes them: 40 steps, killed at 25, resumed from 20. */
export function exampleEvents(): RunEvent[] {
  const draw = random('log')
  const start = Date.UTC(2026, 10, 1, 12, 0, 0)
  const events: RunEvent[] = []
  const started = (from: number, at: number): RunEvent => ({
    kind: 'started',
    at,
    model: 'tiny-encoder',
    method: 'LoRA rank 8',
    provider: 'cpu',
    threads: 2,
    parameters: 1_900_000,
    trainable: 24_000,
    rows: { train: 320, validation: 40, test: 60 },
    labels: 6,
    steps: 40,
    epochs: 2,
    from,
  })
  const steps = (from: number, to: number, at: number) => {
    for (let step = from; step <= to; step++) {
      const epoch = step <= 20 ? 1 : 2
      events.push({
        kind: 'step',
        at: at + step * 50,
        step,
        epoch,
        loss: 1.8 * Math.exp(-step / 15) + 0.05 * draw.next(),
        rate: 5e-4 * (1 - step / 40),
        norm: 1 + draw.next(),
        rows: 16,
        tokens: 200 + draw.int(50),
        ms: 48 + draw.int(4),
        batch: [step, step + 1],
      })
      if (step % 20 === 0) {
        events.push({
          kind: 'evaluated',
          at: at + step * 50 + 10,
          step,
          epoch,
          split: 'validation',
          scores: { loss: 1.5 - step / 40, accuracy: 0.5 + step / 100, macroF1: 0.48 + step / 100 },
          best: true,
        })
        const path = `checkpoint-${step}`
        events.push({ kind: 'saved', at: at + step * 50 + 20, step, path, best: true })
      }
    }
  }
  events.push(started(0, start))
  events.push({
    kind: 'warned',
    at: start + 1,
    code: 'provider-fallback',
    message:
      'CUDA did not start (libcublas.so.12 is missing): the run goes on on the CPU — slower, but with equal results.',
  })
  steps(1, 25, start)
  events.push(started(20, start + 60_000))
  steps(21, 40, start + 60_000)
  events.push({
    kind: 'evaluated',
    at: start + 63_000,
    step: 0,
    epoch: 0,
    split: 'test',
    of: 'base',
    scores: { loss: 1.79, accuracy: 0.2, macroF1: 0.1 },
    withoutLeaks: { loss: 1.8, accuracy: 0.18, macroF1: 0.09 },
    leaked: 4,
    path: 'evaluations/test-0.jsonl',
  })
  events.push({ kind: 'ended', at: start + 64_000, outcome: 'finished', bestStep: 40 })
  return events
}
