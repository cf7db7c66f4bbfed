import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
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

test('decoderOf: ranges read as TextDecoder reads them, across blocks', () => {
  const part = 'plain ascii text, then é and 漢字 and 😀. '
  const text = 'x'.repeat(65_530) + part.repeat(4000) + 'y'.repeat(70_000) + part
  const bytes = new TextEncoder().encode(text)
  const decode = decoderOf(bytes)
  const plain = new TextDecoder('utf-8', { ignoreBOM: true })
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.nat(300), (start, length) => {
      const end = Math.min(bytes.length, start + length)
      expect(decode(start, end)).toBe(plain.decode(bytes.subarray(start, end)))
    }),
    { numRuns: 2000 },
  )
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
