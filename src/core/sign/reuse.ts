/** A list of so many numbers in the memory of one that nobody reads any more, where that is large enough; not cleared. */
export function listOver(old: Int32Array | undefined, length: number): Int32Array {
  if (old && old.buffer.byteLength >= length * 4) return new Int32Array(old.buffer, 0, length)
  // A little more, so that the next row that is added finds room.
  const buffer = new ArrayBuffer(4 * (length + (old ? (length >>> 6) + 64 : 0)))
  return new Int32Array(buffer, 0, length)
}
