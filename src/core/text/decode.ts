/** Reads the bytes [start, end) as UTF-8; what is not UTF-8 becomes U+FFFD. A leading U+FEFF is kept. */
export type Decode = (start: number, end: number) => string

const windowSize = 1 << 16

/**
 * A decoder for many small ranges of one buffer, mostly asked for in order. A `TextDecoder` call costs more than the text
 * of a short cell, so where ranges follow each other a window of the buffer is decoded once and sliced. Ranges begin and
 * end at characters (in practice at quotes, delimiters and line ends).
 */
export function decoderOf(bytes: Uint8Array): Decode {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let from = 0
  let to = 0
  let text = ''
  let kind: 'none' | 'bytes' | 'units' = 'none'
  // A known pair of byte and unit offsets in the window: the last place asked for.
  let atByte = 0
  let atUnit = 0

  const open = (start: number) => {
    from = start
    to = Math.min(bytes.length, start + windowSize)
    // Not through a character: back to the first byte of the one that the edge cuts.
    if (to < bytes.length) for (let n = 0; n < 4 && (bytes[to]! & 0xc0) === 0x80; n++) to--
    text = decoder.decode(bytes.subarray(from, to))
    // One unit for every byte: no byte can give more than one, so equal lengths mean equal positions.
    if (text.length === to - from) kind = 'bytes'
    // A replacement character may stand for one to three bytes, so units could not be counted from lead bytes.
    else kind = text.includes('\ufffd') ? 'none' : 'units'
    atByte = from
    atUnit = 0
  }

  return (start, end) => {
    if (end <= start) return ''
    if (start < from || end > to) {
      // Only a step forward opens a window: for a jump it would cost more than it saves.
      if (start < to - windowSize || start > to + windowSize || end - start > windowSize / 4)
        return decoder.decode(bytes.subarray(start, end))
      open(start)
      if (end > to) return decoder.decode(bytes.subarray(start, end))
    }
    if (kind === 'bytes') return text.slice(start - from, end - from)
    if (kind === 'none') return decoder.decode(bytes.subarray(start, end))
    atUnit += start < atByte ? -units(bytes, start, atByte) : units(bytes, atByte, start)
    atByte = start
    return text.slice(atUnit, atUnit + units(bytes, start, end))
  }
}

/** UTF-16 units of valid UTF-8: one a lead byte, two for four-byte characters. */
function units(bytes: Uint8Array, start: number, end: number): number {
  let count = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    if (byte < 0x80) count++
    else if (byte >= 0xc0) count += byte >= 0xf0 ? 2 : 1
  }
  return count
}

/** Decodes a whole buffer at once, as `Decode` does its ranges. */
export function decodeAll(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

/** The same string by itself: a slice would keep the whole that it was cut from. */
export function ownCopy(text: string): string {
  // Units, since a lone surrogate would not survive UTF-8.
  let copy = ''
  for (let at = 0; at < text.length; at += 4096)
    copy += String.fromCharCode(
      ...Array.from({ length: Math.min(4096, text.length - at) }, (_, i) => text.charCodeAt(at + i)),
    )
  return copy
}
