/** Reads the bytes [start, end) as UTF-8; what is not UTF-8 becomes U+FFFD. A leading U+FEFF is kept. */
export type Decode = (start: number, end: number) => string

const blockSize = 1 << 16

/**
 * A decoder for many small ranges of one buffer. A `TextDecoder` call costs more than the text of a short cell, so
 * whole blocks are decoded and sliced where every byte gives exactly one UTF-16 unit (ASCII, in practice); any other
 * range is decoded alone.
 */
export function decoderOf(bytes: Uint8Array): Decode {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let block = -1
  let text = ''
  let exact = false
  return (start, end) => {
    if (end <= start) return ''
    const k = Math.floor(start / blockSize)
    if (end <= (k + 1) * blockSize) {
      if (k !== block) {
        const piece = bytes.subarray(k * blockSize, (k + 1) * blockSize)
        block = k
        text = decoder.decode(piece)
        // One unit for every byte: no byte can give more than one, so equal lengths mean equal positions.
        exact = text.length === piece.length
      }
      if (exact) return text.slice(start - k * blockSize, end - k * blockSize)
    }
    return decoder.decode(bytes.subarray(start, end))
  }
}

/** Decodes a whole buffer at once, as `Decode` does its ranges. */
export function decodeAll(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
