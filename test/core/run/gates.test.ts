import { expect, test } from 'vitest'
import { gateResult, gateText } from '../../../src/core/run/gates.ts'
import { newRun, reduce } from '../../../src/core/run/run.ts'

const scored = (id: string, accuracy: number, dataset = 'tickets') => ({
  id,
  dataset,
  run: reduce(newRun(id, `run ${id}`), {
    kind: 'evaluated',
    at: 1,
    step: 10,
    epoch: 1,
    split: 'test',
    of: 'best',
    scores: { loss: 0.4, accuracy },
    withoutLeaks: { loss: 0.5, accuracy: accuracy - 0.1 },
  }),
})
const base = (id: string) => ({
  id,
  run: reduce(newRun(id, id), {
    kind: 'evaluated',
    at: 1,
    step: 0,
    epoch: 0,
    split: 'test',
    of: 'base',
    scores: { loss: 2, accuracy: 0.99 },
  }),
})

test('the newest scored run is held to the bar, a base is not', () => {
  const runs = [base('3'), scored('2', 0.9), scored('1', 0.2)]
  expect(gateResult({ metric: 'accuracy', least: 0.9 }, runs)).toEqual({ kind: 'passed', run: '2', value: 0.9 })
  expect(gateResult({ metric: 'accuracy', least: 0.91 }, runs)).toMatchObject({
    kind: 'failed',
    reason: 'run 2: accuracy 90.0 %, asked for at least 91.0 %.',
  })
  expect(gateResult({ metric: 'loss', most: 0.39 }, runs).kind).toBe('failed')
  expect(gateResult({ metric: 'accuracy', least: 0.85, withoutLeaks: true }, runs).kind).toBe('failed')
  expect(gateResult({ metric: 'accuracy', least: 0.1, run: 'run 1' }, runs)).toMatchObject({ run: '1' })
  expect(gateResult({ metric: 'accuracy', least: 0.1, dataset: 'tickets', run: '2' }, runs)).toMatchObject({ run: '2' })
})

test('without a run or its scores nothing can be said; without the score, something is wrong', () => {
  expect(gateResult({ metric: 'accuracy', least: 0.5 }, []).kind).toBe('open')
  expect(gateResult({ metric: 'accuracy', least: 0.5 }, [base('3')]).kind).toBe('open')
  expect(gateResult({ metric: 'accuracy', least: 0.5, dataset: 'mail' }, [scored('1', 1)]).kind).toBe('open')
  expect(gateResult({ metric: 'rouge1', least: 0.5 }, [scored('1', 1)])).toMatchObject({ kind: 'failed' })
})

test('a gate reads as a sentence', () => {
  expect(gateText({ metric: 'accuracy', least: 0.9, dataset: 'tickets' })).toBe(
    'tickets: accuracy on test at least 90.0 %',
  )
  expect(gateText({ metric: 'perplexity', most: 12, split: 'validation' })).toBe(
    'perplexity on validation at most 12.00',
  )
})
