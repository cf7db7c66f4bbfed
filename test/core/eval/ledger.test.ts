import { describe, expect, test } from 'vitest'
import type { Evaluation, Prediction } from '../../../src/core/eval/evaluation.ts'
import { ledgerPieces, makeLedger, pairedAccuracy, type RowOutcome } from '../../../src/core/eval/ledger.ts'
import { scoreTwice } from '../../../src/core/eval/score.ts'
import { decided, verdictOf } from '../../../src/core/eval/verdict.ts'

const labels = ['x', 'y', 'z']

/** `gold>label` a row; a trailing `!` says it leaked; `@n` moves it to row n. Texts are the gold and the position. */
function evaluation(model: string, lines: readonly string[], texts?: readonly string[]): Evaluation {
  const predictions = lines.map((line, i): Prediction => {
    const [, gold = '', label = '', leaked, at] = /^(\w)>(\w)(!?)(?:@(\d+))?$/.exec(line) ?? []
    return {
      file: 'test.csv',
      row: at === undefined ? i : Number(at),
      text: texts?.[i] ?? `text ${i}`,
      gold,
      label,
      loss: gold === label ? 0.1 : 2,
      probabilities: [[label, 0.9]],
      leaked: leaked === '!',
    }
  })
  const { all, withoutLeaks } = scoreTwice(predictions, labels)
  return { model, split: 'test', labels, predictions, all, withoutLeaks }
}

function outcomesOf(fixed: number, broken: number, right: number, wrong: number): { outcome: RowOutcome }[] {
  return [
    ...Array.from({ length: fixed }, () => ({ outcome: 'fixed' as const })),
    ...Array.from({ length: broken }, () => ({ outcome: 'broken' as const })),
    ...Array.from({ length: right }, () => ({ outcome: 'still-right' as const })),
    ...Array.from({ length: wrong }, () => ({ outcome: 'still-wrong' as const })),
  ]
}

test('four outcomes, counted with and without the leaked rows', () => {
  const ledger = makeLedger(
    evaluation('base', ['x>x', 'x>y', 'y>y', 'y>x', 'z>x!', 'z>z!']),
    evaluation('tuned', ['x>x', 'x>x', 'y>z', 'y>z', 'z>z!', 'z>z!']),
  )
  expect(ledger.rows.map(r => r.outcome)).toEqual([
    'still-right',
    'fixed',
    'broken',
    'still-wrong',
    'fixed',
    'still-right',
  ])
  expect(ledger.all).toMatchObject({ rows: 6, fixed: 2, broken: 1, stillRight: 2, stillWrong: 1 })
  expect(ledger.all.a).toBeCloseTo(3 / 6)
  expect(ledger.all.b).toBeCloseTo(4 / 6)
  expect(ledger.withoutLeaks).toMatchObject({ rows: 4, fixed: 1, broken: 1, p: 1 })
  expect(ledger.unmatched).toEqual({ a: 0, b: 0 })
  const x = ledger.perLabel.find(l => l.label === 'x')
  expect(x).toMatchObject({ rows: 2, recallA: 0.5, recallB: 1, fixed: 1, broken: 0, precisionB: 1 })
  expect(x?.precisionA).toBeCloseTo(1 / 3)
})

test('no leaked rows: no second score', () => {
  const ledger = makeLedger(evaluation('a', ['x>x']), evaluation('b', ['x>x']))
  expect(ledger.withoutLeaks).toBeUndefined()
  expect(verdictOf(ledger).kind).toBe('same')
})

test('a row that leaked into the training of either model is left out of the second score', () => {
  const ledger = makeLedger(evaluation('a', ['x>x!', 'x>x']), evaluation('b', ['x>x', 'x>x']))
  expect(ledger.withoutLeaks?.rows).toBe(1)
})

describe('pairing', () => {
  test('rows that moved are found by their text, each once', () => {
    const before = evaluation('a', ['x>x', 'y>x', 'z>z'], ['one', 'two', 'three'])
    // The first row was removed: everything moved up by one.
    const after = evaluation('b', ['y>y', 'z>x'], ['two', 'three'])
    const ledger = makeLedger(before, after)
    expect(ledger.rows.map(r => [r.text, r.row, r.outcome])).toEqual([
      ['two', 0, 'fixed'],
      ['three', 1, 'broken'],
    ])
    expect(ledger.unmatched).toEqual({ a: 1, b: 0 })
  })

  test('equal texts pair in order, and by gold label first', () => {
    const before = evaluation('a', ['x>x', 'x>y', 'y>y'], ['same', 'same', 'same'])
    const after = evaluation('b', ['y>y@10', 'x>x@11', 'x>x@12'], ['same', 'same', 'same'])
    const ledger = makeLedger(before, after)
    expect(ledger.rows.map(r => r.outcome)).toEqual(['still-right', 'still-right', 'fixed'])
    expect(ledger.relabelled).toBe(0)
  })

  test('a relabelled row is judged by its new label under both models', () => {
    const ledger = makeLedger(evaluation('a', ['x>y']), evaluation('b', ['y>x']))
    expect(ledger.relabelled).toBe(1)
    expect(ledger.rows[0]).toMatchObject({ gold: 'y', outcome: 'broken' })
  })

  test('100,000 rows in another order are paired without a search a row', () => {
    const n = 100_000
    const lines = Array.from({ length: n }, (_, i) => (i % 3 ? 'x>x' : 'x>y'))
    const texts = lines.map((_, i) => `row ${i}`)
    const before = evaluation('a', lines, texts)
    const after = evaluation('b', [...lines].reverse(), [...texts].reverse())
    const start = performance.now()
    const ledger = makeLedger(before, after)
    // A search a row would be 10,000 million comparisons: minutes. This is a fraction of a second on an idle machine.
    expect(performance.now() - start).toBeLessThan(20_000)
    expect(ledger.all).toMatchObject({ rows: n, fixed: 0, broken: 0 })
  })
})

describe('the verdict names no winner inside the noise', () => {
  const ledgerOf = (all: { outcome: RowOutcome }[], clean?: { outcome: RowOutcome }[]) => ({
    ...makeLedger(evaluation('base', ['x>x']), evaluation('tuned', ['x>x'])),
    all: pairedAccuracy(all),
    ...(clean ? { withoutLeaks: pairedAccuracy(clean) } : {}),
  })

  test('7 fixed against 4 broken of 60 rows: not enough, and how many would do', () => {
    const verdict = verdictOf(ledgerOf(outcomesOf(7, 4, 47, 2)))
    expect(verdict).toEqual({
      kind: 'undecided',
      sentence: 'Not enough rows to say. The interval includes 0: 7 fixed against 4 broken can be chance.',
      detail:
        'About 570 rows would decide a difference of 5.0 points; these 60 rows could only have shown 15.2 points or more.',
    })
  })

  test('58 fixed against 12 broken of 500 rows: better', () => {
    const verdict = verdictOf(ledgerOf(outcomesOf(58, 12, 400, 30)))
    expect(verdict.kind).toBe('better')
    expect(verdict.sentence).toBe('tuned is better: 58 fixed against 12 broken.')
    expect(verdict.detail).toBe('These 500 rows could have shown a difference of 4.7 points or more.')
  })

  test('worse, equal and too few', () => {
    expect(verdictOf(ledgerOf(outcomesOf(2, 30, 60, 8))).sentence).toBe('tuned is worse: 2 fixed against 30 broken.')
    expect(verdictOf(ledgerOf(outcomesOf(5, 5, 80, 10))).sentence).toBe(
      'No difference to decide: 5 fixed against 5 broken.',
    )
    expect(verdictOf(ledgerOf(outcomesOf(1, 0, 8, 1))).detail).toContain('too few of these 10 rows changed')
  })

  test('a winner on paper that the exact test does not confirm is not named', () => {
    // The interval leaves out 0, but 0 against 5 is p = 0.0625.
    const accuracy = pairedAccuracy(outcomesOf(5, 0, 45, 0))
    expect(accuracy.interval[0]).toBeGreaterThan(0)
    expect(decided(accuracy)).toBe('undecided')
  })

  test('a gain that only the leaked rows carry is said to be just that', () => {
    const verdict = verdictOf(ledgerOf(outcomesOf(20, 4, 70, 6), outcomesOf(6, 4, 70, 6)))
    expect(verdict.kind).toBe('undecided')
    expect(verdict.sentence).toBe(
      'tuned is better only through the 14 leaked rows. Without them: 6 fixed against 4 broken can be chance.',
    )
  })
})

test('in pieces it is the same ledger, and none of many rows takes long', () => {
  const rows = 100_000
  const letter = (i: number) => String.fromCharCode(97 + (i % 26))
  const said = (seed: number) =>
    Array.from({ length: rows }, (_, i) => `${letter(i)}>${(i * seed) % 53 < 45 ? letter(i) : 'z'}`)
  const [before, after] = [evaluation('a', said(7)), evaluation('b', said(11))]
  const pieces = ledgerPieces(before, after)
  let longest = 0
  let count = 0
  for (;;) {
    const start = performance.now()
    const next = pieces.next()
    longest = Math.max(longest, performance.now() - start)
    count++
    if (!next.done) continue
    expect(next.value).toEqual(makeLedger(before, after))
    break
  }
  console.log(`a ledger of ${rows} rows: ${count} pieces, the longest ${longest.toFixed(0)} ms`)
  expect(count).toBeGreaterThan(100)
})
