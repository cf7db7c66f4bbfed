import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decoderOf } from '../../../src/core/text/decode.ts'
import { orderEdits } from '../../../src/core/text/span.ts'
import { byteFaults } from '../../../src/core/text/utf8.ts'

const soup = fc.array(fc.oneof(fc.constantFrom(0, 0x61, 0x80, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f), fc.nat(255)))

test('byteFaults: clean exactly where the bytes are UTF-8, at every alignment', () => {
  fc.assert(
    fc.property(soup, fc.nat(7), fc.nat(40), (list, shift, padding) => {
      const whole = Uint8Array.from([...Array(shift).fill(0xff), ...Array(padding).fill(0x61), ...list])
      const bytes = whole.subarray(shift)
      const faults = byteFaults(bytes, 1000)
      expect(faults.badCount === 0).toBe(isUtf8(bytes))
      expect(faults.nulCount).toBe(bytes.filter(b => b === 0).length)
      expect(faults.nuls).toEqual([...bytes.keys()].filter(i => bytes[i] === 0))
      // Without the bad bytes the rest is UTF-8.
      const rest = bytes.filter((_, i) => !faults.bad.some(span => i >= span.start && i < span.end))
      expect(isUtf8(rest)).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

describe('decoderOf', () => {
  const part = 'plain ascii text, then é and 漢字 and 😀. '
  const text = `${'x'.repeat(65_530)}${part.repeat(4000)}${'y'.repeat(70_000)}${part}\ufffd${part.repeat(2000)}`
  const bytes = new TextEncoder().encode(text)
  const plain = new TextDecoder('utf-8', { ignoreBOM: true })
  const boundary = (at: number) => {
    let start = at
    while (start < bytes.length && (bytes[start]! & 0xc0) === 0x80) start++
    return start
  }

  test('ranges in any order read as TextDecoder reads them', () => {
    const decode = decoderOf(bytes)
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.nat(300), (at, length) => {
        const start = boundary(at)
        const end = boundary(Math.min(bytes.length, start + length))
        expect(decode(start, end)).toBe(plain.decode(bytes.subarray(start, end)))
      }),
      { numRuns: 2000 },
    )
  })

  test('ranges in order, with steps back and forth, too', () => {
    const broken = bytes.slice()
    for (let i = 250_000; i < 300_000; i += 997) broken[i] = 0xff
    for (const list of [bytes, broken]) {
      const decode = decoderOf(list)
      // Ends lie at ASCII bytes, as quotes and line ends do: an invalid byte may then stand next to them.
      const ends = [...list.keys()].filter(i => list[i]! === 0x20 || list[i] === 0x2c)
      for (let i = 0; i + 9 < ends.length; i += 26) {
        for (const [a, b] of [
          [i, i + 3],
          [i + 4, i + 9],
          [i, i + 1],
        ] as const) {
          const [start, end] = [ends[a]!, ends[b]!]
          if (end - start < 1000) expect(decode(start, end)).toBe(plain.decode(list.subarray(start, end)))
        }
      }
    }
  })
})

test('orderEdits: sorts, joins equal edits and overlapping removals, names other overlaps', () => {
  const edit = (start: number, end: number, text = '') => ({ span: { start, end }, text })
  expect(orderEdits([edit(5, 6, 'b'), edit(1, 2, 'a'), edit(1, 2, 'a')])).toEqual({
    ok: [edit(1, 2, 'a'), edit(5, 6, 'b')],
  })
  expect(orderEdits([edit(3, 6), edit(1, 4)])).toEqual({ ok: [edit(1, 6)] })
  expect(orderEdits([edit(1, 9), edit(3, 6)])).toEqual({ ok: [edit(1, 9)] })
  expect(orderEdits([edit(1, 4, 'x'), edit(3, 6)])).toEqual({ overlap: [edit(1, 4, 'x'), edit(3, 6)] })
  expect(orderEdits([edit(1, 4), edit(4, 6)])).toEqual({ ok: [edit(1, 4), edit(4, 6)] })
})
