import type { Span } from './span.ts'

/**
 * One step of the WHATWG UTF-8 decoder: the length of the sequence at `at`, negative where it is not UTF-8 (then the
 * "maximal subpart" that becomes one U+FFFD). Never reads at or beyond `end`.
 */
export function sequence(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return -1
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  let low = 0x80
  let high = 0xbf
  if (first === 0xe0) low = 0xa0
  else if (first === 0xed) high = 0x9f
  else if (first === 0xf0) low = 0x90
  else if (first === 0xf4) high = 0x8f
  for (let i = 1; i < length; i++) {
    const byte = at + i < end ? bytes[at + i]! : 0
    if (byte < low || byte > high) return -i
    low = 0x80
    high = 0xbf
  }
  return length
}

/** UTF-16 units that a decoder makes of the bytes [start, end). */
export function utf16Length(bytes: Uint8Array, start: number, end: number): number {
  let units = 0
  for (let i = start; i < end; ) {
    if (bytes[i]! < 0x80) {
      i++
      units++
      continue
    }
    const length = sequence(bytes, i, end)
    units += length === 4 ? 2 : 1
    i += Math.abs(length)
  }
  return units
}

/** What a first look at the bytes says; lists stop at `limit`, counts do not. */
export interface ByteFaults {
  /** Places that are not UTF-8, adjacent ones joined. */
  readonly bad: readonly Span[]
  readonly badCount: number
  readonly nuls: readonly number[]
  readonly nulCount: number
}

/** Finds NUL bytes and bytes that are not UTF-8. Four bytes at a time where they are plain ASCII. */
export function byteFaults(bytes: Uint8Array, limit: number): ByteFaults {
  const bad: { start: number; end: number }[] = []
  const nuls: number[] = []
  let badCount = 0
  let nulCount = 0
  const length = bytes.length
  const skew = (4 - (bytes.byteOffset & 3)) & 3
  const words =
    length >= skew + 4 ? new Int32Array(bytes.buffer, bytes.byteOffset + skew, (length - skew) >> 2) : new Int32Array(0)
  let i = 0
  while (i < length) {
    if (i >= skew && ((i - skew) & 3) === 0) {
      let w = (i - skew) >> 2
      const from = w
      while (w < words.length) {
        const x = words[w]!
        // No byte has its high bit set, and none is zero (Mycroft's test).
        if ((x & 0x80808080) !== 0 || ((x - 0x01010101) & ~x & 0x80808080) !== 0) break
        w++
      }
      i += (w - from) * 4
      if (i >= length) break
    }
    const byte = bytes[i]!
    if (byte === 0) {
      nulCount++
      if (nuls.length < limit) nuls.push(i)
    }
    if (byte < 0x80) {
      i++
      continue
    }
    const step = sequence(bytes, i, length)
    if (step > 0) i += step
    else {
      badCount++
      const last = bad.at(-1)
      if (last && last.end === i) last.end = i - step
      else if (bad.length < limit) bad.push({ start: i, end: i - step })
      i -= step
    }
  }
  return { bad, badCount, nuls, nulCount }
}
