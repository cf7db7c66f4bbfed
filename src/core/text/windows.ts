/** Bytes that need not be in memory: whoever holds them hands out the part that is asked for. */
export interface Windows {
  readonly length: number
  /** The bytes [start, end); their content stays as it is, whatever is read later. */
  read(start: number, end: number): Uint8Array
}

/** The same view of bytes that are in memory. */
export function windowsOf(bytes: Uint8Array): Windows {
  return { length: bytes.length, read: (start, end) => bytes.subarray(start, end) }
}
