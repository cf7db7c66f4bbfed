import { expect, test } from 'vitest'
import { Cancelled, checkCancel } from '../../../src/core/base/cancel.ts'
import { scoresOf } from '../../../src/core/eval/score.ts'
import { answeredRows, writeAnswers } from '../../../src/core/train/answering.ts'
import type { Generator } from '../../../src/core/train/generate.ts'
import type { SampleEncoder } from '../../../src/core/train/tasks/task.ts'

/** One token a character; the token 0 ends an answer. */
const encoder = {
  ends: new Set([0]),
  content: (text: string) => Array.from(text, c => c.codePointAt(0) as number),
  decode: (ids: readonly number[]) => String.fromCodePoint(...ids),
} as unknown as SampleEncoder
const chat = {
  source: 'test',
  render: (turns: readonly { readonly content: string }[]) => `${turns.map(t => t.content).join('|')}>`,
}
const samples = Array.from({ length: 40 }, (_, i) => ({
  text: '',
  gold: '',
  turns: [
    { role: 'user', content: `q${i}${i === 7 ? 'x'.repeat(100) : ''}` },
    { role: 'assistant', content: 'a' },
  ],
}))

/** Says its prompt again, and how long it took. */
function echo(seconds: number) {
  const clock = { now: 0 }
  const generator: Pick<Generator, 'generate' | 'positions'> = {
    positions: 50,
    async generate(prompts, _, { cancel, maxTokens }) {
      if (cancel) checkCancel(cancel)
      clock.now += 1000 * seconds
      return prompts.map(ids => [...ids.slice(0, maxTokens), 0])
    },
  }
  return { clock, generator }
}

const write = ({ clock, generator }: ReturnType<typeof echo>, limits: object, aborted = false) =>
  writeAnswers(generator, samples, {
    encoding: { encoder, chat },
    limits: { rows: 100, tokens: 20, seconds: 10, ...limits },
    values: [],
    clock: () => clock.now,
    cancel: { aborted },
  })

test('the rows that are answered are the same for every model, spread, and fewer are the first of more', () => {
  const rows = answeredRows(1000, 20)
  expect(rows).toHaveLength(20)
  expect(answeredRows(1000, 20)).toEqual(rows)
  expect(answeredRows(1000, 5)).toEqual(rows.slice(0, 5))
  expect(new Set(rows.map(row => Math.floor(row / 100))).size).toBeGreaterThan(5)
  expect(answeredRows(3, 20).sort()).toEqual([0, 1, 2])
})

test('the last turn is asked for, the end token is no text, and a prompt without room gets no answer', async () => {
  const written = await write(echo(0), {})
  expect(written.size).toBe(39)
  expect(written.has(7)).toBe(false)
  expect(written.get(12)).toBe('q12>')
  expect((await write(echo(0), { tokens: 2 })).get(12)).toBe('q1')
  expect((await write(echo(0), { rows: 0 })).size).toBe(0)
})

test('time ends it with whole answers only, cancelling at once', async () => {
  const written = await write(echo(4), {})
  // Two groups of eight end before the tenth second, the third does not.
  expect(written.size).toBeGreaterThanOrEqual(15)
  expect(written.size).toBeLessThanOrEqual(16)
  await expect(write(echo(0), {}, true)).rejects.toBeInstanceOf(Cancelled)
})

test('what was written has scores of its own, and the rest only those of its tokens', () => {
  const row = { gold: 'The answer is 4', loss: 1, probabilities: [], tokens: { count: 4, right: 4 } }
  const told = scoresOf([{ ...row, label: 'The answer is 4' }], [])
  expect(told).toMatchObject({ accuracy: 1, tokenAccuracy: 1 })
  expect('written' in told).toBe(false)
  const scores = scoresOf(
    [
      { ...row, label: 'answer is 4!', written: true },
      { ...row, label: 'four', written: true },
      { ...row, label: '' },
    ],
    [],
  )
  expect(scores).toMatchObject({ rows: 3, written: 2, exactMatch: 0.5, accuracy: 0.5, tokenAccuracy: 1 })
  expect(scores['tokenF1']).toBe(0.5)
})
