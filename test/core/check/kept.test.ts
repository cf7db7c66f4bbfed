import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keptRows } from '../../../src/core/check/kept.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import type { Table } from '../../../src/core/data/table.ts'
import { Pieces } from '../../../src/core/text/pieces.ts'
import { orderEdits } from '../../../src/core/text/span.ts'

function table(name: string, text: string): Table {
  const source = { uri: name, version: 0, bytes: Buffer.from(text), encoding: 'utf-8' as const, bom: false }
  return parseTables(source)[0]!.table
}

/** Texts made of what makes parsing depend on what came before. */
const csvText = fc
  .array(fc.constantFrom('a', 'b', 'é', ',', '"', '\n', '\r\n', 'a,b\n', '"x\ny",z\n', 'q'), { maxLength: 40 })
  .map(parts => `text,label\n${parts.join('')}`)
const jsonlText = fc
  .array(
    fc.constantFrom('{"text":"a"}\n', '{"text":"b","label":"x"}\n', '{"text":"a"', '\n', '}', '{"text":"é"}\r\n', 'x'),
    { maxLength: 30 },
  )
  .map(parts => parts.join(''))

test.each([
  ['a.csv', csvText],
  ['a.jsonl', jsonlText],
] as const)('rows that count as kept say what they said: %s', (name, texts) => {
  fc.assert(
    fc.property(
      texts,
      fc.nat(),
      fc.nat(20),
      fc.constantFrom('', 'a', '"', '\n', 'a,b\n', '{"text":"n"}\n'),
      (text, from, length, put) => {
        const at = from % (text.length + 1)
        const old = table(name, text)
        const now = table(name, text.slice(0, at) + put + text.slice(at + length))
        const { head, tail } = keptRows(old, now)
        expect(head + tail).toBeLessThanOrEqual(Math.min(old.rowCount, now.rowCount))
        const says = (t: Table, row: number) => [t.broken(row), ...t.columns.map(column => t.text(row, column))]
        for (let i = 0; i < head; i++) expect(says(now, i)).toEqual(says(old, i))
        for (let i = 1; i <= tail; i++) expect(says(now, now.rowCount - i)).toEqual(says(old, old.rowCount - i))
      },
    ),
    { numRuns: 1500 },
  )
})

test('one changed row leaves all others kept', () => {
  const lines = Array.from({ length: 1000 }, (_, i) => `{"text": "row ${i}", "label": "x"}\n`)
  const old = table('a.jsonl', lines.join(''))
  const changed = [...lines]
  changed[400] = '{"text": "another text altogether", "label": "x"}\n'
  expect(keptRows(old, table('a.jsonl', changed.join('')))).toEqual({ head: 400, tail: 599 })
  expect(keptRows(old, table('a.jsonl', [...lines.slice(0, 10), ...lines.slice(11)].join('')))).toEqual({
    head: 10,
    tail: 989,
  })
  expect(keptRows(old, old)).toEqual({ head: 1000, tail: 0 })
})

test('rounds of edits are told as edits of the original', () => {
  const edit = fc.record({ start: fc.nat(60), length: fc.nat(8), text: fc.constantFrom('', 'x', 'yz', 'é') })
  fc.assert(
    fc.property(
      fc.string({ maxLength: 40 }),
      fc.array(fc.array(edit, { maxLength: 4 }), { maxLength: 4 }),
      (text, rounds) => {
        const original = Buffer.from(text)
        const pieces = new Pieces(original)
        let now: Buffer = Buffer.from(original)
        for (const round of rounds) {
          const edits = round.map(({ start, length, text: put }) => {
            // Between characters, as every span is.
            const from = boundary(now, Math.min(start, now.length))
            const to = boundary(now, Math.min(from + length, now.length))
            return { span: { start: from, end: Math.max(from, to) }, text: put }
          })
          const ordered = orderEdits(edits)
          if ('overlap' in ordered) continue
          pieces.apply(ordered.ok)
          now = applied(now, ordered.ok)
        }
        expect(Buffer.from(pieces.bytes())).toEqual(now)
        const all = orderEdits(pieces.edits())
        if ('overlap' in all) throw new Error('overlap')
        expect(applied(original, all.ok)).toEqual(now)
      },
    ),
    { numRuns: 500 },
  )
})

function boundary(bytes: Buffer, at: number): number {
  let start = at
  while (start < bytes.length && (bytes[start]! & 0xc0) === 0x80) start++
  return start
}

function applied(bytes: Buffer, edits: readonly { span: { start: number; end: number }; text: string }[]): Buffer {
  const parts: Buffer[] = []
  let at = 0
  for (const { span, text } of edits) {
    parts.push(bytes.subarray(at, span.start), Buffer.from(text))
    at = span.end
  }
  return Buffer.concat([...parts, bytes.subarray(at)])
}
