import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LineIndex } from '../../../src/core/text/lines.ts'
import { utf16Length } from '../../../src/core/text/utf8.ts'

/** Lines as VS Code counts them, from the decoded text: the slow and obvious way. */
function slowPosition(bytes: Uint8Array, offset: number): { line: number; column: number } {
  // Decoding the prefix alone would make U+FFFD of a character that the offset cuts, so step back to a boundary.
  const text = decode(bytes)
  let at = 0
  let line = 0
  let column = 0
  for (const c of text) {
    const width = widths(bytes, at)
    if (at + width > offset) break
    at += width
    const next = bytes[at]
    if (c === '\n' || (c === '\r' && next !== 0x0a)) {
      line++
      column = 0
    } else if (c !== '\r') column += c.length
  }
  return { line, column }
}

/** Bytes that the decoder turns into the character at `at`. */
function widths(bytes: Uint8Array, at: number): number {
  for (let n = 1; n <= 4 && at + n <= bytes.length; n++) {
    const text = decode(bytes.subarray(at, at + n))
    if (!text.includes('\ufffd')) return n
  }
  if (bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd) return 3
  // Invalid: the maximal subpart is the longest prefix that still decodes to one U+FFFD together with what follows.
  for (let n = 3; n > 1; n--) {
    if (at + n > bytes.length) continue
    if (decode(bytes.subarray(at, at + n)) === '\ufffd') return n
  }
  return 1
}

const decode = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
const bytes = (text: string) => new TextEncoder().encode(text)

const text = fc.string({ unit: fc.constantFrom('a', 'é', '漢', '😀', '\n', '\r', '\r\n', ' ', '\u2028', '\ufffd') })
const anyBytes = fc
  .array(
    fc.constantFrom(
      0x0a,
      0x0d,
      0x61,
      0x80,
      0xbf,
      0xc3,
      0xa9,
      0xe2,
      0x82,
      0xac,
      0xed,
      0xa0,
      0xf0,
      0x9f,
      0x98,
      0x80,
      0xff,
    ),
  )
  .map(list => Uint8Array.from(list))

describe('LineIndex', () => {
  test.each([
    ['a\nb', 2, 1, 0],
    ['a\r\nb', 3, 1, 0],
    ['a\r\nb', 2, 0, 1],
    ['a\rb', 2, 1, 0],
    ['\n\n', 2, 2, 0],
    ['😀x', 4, 0, 2],
    ['😀x', 2, 0, 0],
    ['é漢x', 5, 0, 2],
    ['a', 99, 0, 1],
    ['', 0, 0, 0],
  ])('%j: byte %i is line %i, column %i', (source, offset, line, column) => {
    expect(new LineIndex(bytes(source)).position(offset)).toEqual({ line, column })
  })

  test('agrees with the decoded text at every byte, also where it is not UTF-8', () => {
    fc.assert(
      fc.property(fc.oneof(text.map(bytes), anyBytes), source => {
        const index = new LineIndex(source)
        const shared = new LineIndex(source)
        for (let at = 0; at <= source.length; at++) {
          const want = slowPosition(source, at)
          expect(index.position(at)).toEqual(want)
          expect(new LineIndex(source).position(at)).toEqual(want)
          shared.position(source.length - at)
          expect(shared.position(at)).toEqual(want)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('offset is the inverse of position', () => {
    fc.assert(
      fc.property(text, fc.nat(), (source, seed) => {
        const list = bytes(source)
        const index = new LineIndex(list)
        // A byte that starts a character and does not lie inside a CRLF.
        let at = seed % (list.length + 1)
        while (at < list.length && ((list[at]! & 0xc0) === 0x80 || (list[at] === 0x0a && list[at - 1] === 0x0d))) at++
        expect(index.offset(index.position(at))).toBe(at)
      }),
      { numRuns: 1000 },
    )
  })

  test('a column inside a surrogate pair or beyond the line goes to the nearest byte before', () => {
    const index = new LineIndex(bytes('😀x\r\nab'))
    expect(index.offset({ line: 0, column: 1 })).toBe(0)
    expect(index.offset({ line: 0, column: 99 })).toBe(5)
    expect(index.offset({ line: 1, column: 99 })).toBe(9)
    expect(index.offset({ line: 9, column: 0 })).toBe(9)
  })

  test('ascending questions about one line of 4 MB are cheap', () => {
    const index = new LineIndex(bytes('é'.repeat(2_000_000)))
    // Processor time: a busy machine must not fail this.
    const start = process.cpuUsage()
    for (let at = 0; at <= 4_000_000; at += 400) index.position(at)
    expect(index.position(4_000_000)).toEqual({ line: 0, column: 2_000_000 })
    expect(process.cpuUsage(start).user).toBeLessThan(1_500_000)
  })

  test('ranges go there and back', () => {
    const source = bytes('{"a": "😀é"}\n{"b": "x"}')
    const index = new LineIndex(source)
    const span = { start: 7, end: 13 }
    expect(index.range(span)).toEqual({ line: 0, column: 7, endLine: 0, endColumn: 10 })
    expect(index.span(index.range(span))).toEqual(span)
  })
})

test('utf16Length counts what a decoder makes', () => {
  fc.assert(
    fc.property(anyBytes, list => {
      expect(utf16Length(list, 0, list.length)).toBe(decode(list).length)
    }),
    { numRuns: 3000 },
  )
})
