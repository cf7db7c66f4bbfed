import { expect, test } from 'vitest'
import { type InspectInput, inspectRows } from '../../../src/core/train/inspection.ts'
import type { ChatTemplate } from '../../../src/core/train/tasks/chat.ts'
import type { SampleEncoder } from '../../../src/core/train/tasks/task.ts'
import { rowText } from '../../../src/core/view/inspectionText.ts'

/** Words and marks of a conversation; 1 ends an answer. */
const words = ['<s>', '<e>']
const encoder: SampleEncoder = {
  special: { pad: 0, end: 1 },
  ends: new Set([1]),
  isSpecial: id => id < 2,
  encode: () => ({ ids: [], types: [], cut: 0 }),
  frame: { before: [], after: [] },
  content: text =>
    (text.match(/<.>| ?[^ <]+/g) ?? []).map(word => {
      if (!words.includes(word)) words.push(word)
      return words.indexOf(word)
    }),
  pieces: ids => ids.map(id => words[id] as string),
  decode: ids => ids.map(id => words[id]).join(''),
}
const template = (end: 'inside' | 'outside'): ChatTemplate => ({
  source: 'test',
  render: () => '',
  marked: turns => {
    let text = ''
    const spans: [number, number][] = []
    for (const { role, content } of turns) {
      text += '<s>'
      const from = text.length
      text += ` ${content}`
      if (end === 'outside' && role === 'assistant') spans.push([from, text.length])
      text += '<e>'
      if (end === 'inside' && role === 'assistant') spans.push([from, text.length])
    }
    return { text, spans }
  },
})
const talk = (prompt: string, answer: string) => ({
  ...{ text: prompt, gold: answer },
  turns: [
    { role: 'user', content: prompt },
    { role: 'assistant', content: answer },
  ],
})
const samples = [talk('a b', 'c d e'), talk('a b c d e f g h i', 'j'), talk('x', 'y'), talk('a', 'b c d e f g h')]

function inspect(limit: number, end: 'inside' | 'outside', more: Partial<InspectInput> = {}) {
  return inspectRows({
    kind: { name: 'instruction', head: 'language' },
    samples,
    refs: samples.map((_, row) => ({ file: 0, row: 10 * row })),
    files: [{ path: 'train.jsonl' }],
    encoding: { encoder, limit, labels: [], answers: 'all', chat: template(end) },
    about: { name: 'n', dataset: 'd', model: 'm', method: 'LoRA', task: 'instruction', seed: 1 },
    ...{ leaked: 0, template: "model's", most: 64, random: () => 0 },
    ...more,
  })
}

test('every token is counted as training counts it', () => {
  const seen = inspect(32, 'inside')
  expect(seen.tokens).toEqual({ total: 9 + 14 + 6 + 12, trained: 4 + 2 + 2 + 8, median: 12, p95: 14, longest: 14 })
  expect(seen.histogram.rows.reduce((a, b) => a + b, 0)).toBe(4)
  expect(seen.stops).toEqual([])
  expect(seen.checks.every(check => check.state === 'good')).toBe(true)
  expect(seen.picked.longest.map(i => seen.shown[i]?.row)).toEqual([10, 30, 0, 20])
  expect(rowText(seen.shown[seen.picked.longest[2] as number] ?? { pieces: [] })).toBe('<s> a b<e><s>[ c d e<e>]')
})

test('rows without a learnt token and an end that is never learnt stop the recipe, and say what mends it', () => {
  const short = inspect(10, 'inside')
  expect(short.stops).toMatchObject([{ code: 'nothing-to-learn', rows: 1, fix: { kind: 'leave-out' } }])
  expect(short.cut).toBe(2)
  const endless = inspect(32, 'outside', { template: 'own' })
  expect(endless.stops).toMatchObject([
    { code: 'end-never-trained', fix: { kind: 'recipe', path: ['chat', 'template'], label: 'Train the end token' } },
  ])
  expect(endless.checks[0]).toMatchObject({ state: 'bad' })
  // Where only the length is to blame, more tokens mend it, as far as the model goes.
  expect(inspect(3, 'inside', { most: 12 }).stops).toMatchObject([
    { code: 'nothing-to-learn', rows: 4, fix: { kind: 'recipe', path: ['batch', 'tokens'], value: 12 } },
  ])
  expect(inspect(3, 'inside', { most: 3 }).stops[0]).not.toHaveProperty('fix')
})

test('a long row is folded in the middle, and no token is lost', () => {
  const text = Array.from({ length: 3000 }, (_, i) => `w${i}`).join(' ')
  const seen = inspect(1500, 'inside', { samples: [talk('q', text)], refs: [{ file: 0, row: 0 }], most: 4096 })
  const pieces = seen.shown[0]?.pieces ?? []
  const count = pieces.reduce((sum, piece) => sum + ('skipped' in piece ? piece.skipped : 1), 0)
  expect(count).toBe(3005)
  expect(pieces.length).toBeLessThan(700)
  expect(new Set(pieces.flatMap(piece => ('skipped' in piece ? [piece.kind] : [])))).toEqual(
    new Set(['trained', 'truncated']),
  )
})
