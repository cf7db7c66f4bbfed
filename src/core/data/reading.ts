/** Reading a large file: it yields every few milliseconds, and whoever drives it may stop pulling. */
export type Reading<T> = Generator<{ readonly phase: string; readonly done: number; readonly total: number }, T, void>

/** So many bytes are read between two yields. */
export const readSlice = 1 << 20

/** Reads to the end at once. */
export function readAtOnce<T>(reading: Reading<T>): T {
  for (;;) {
    const step = reading.next()
    if (step.done) return step.value
  }
}
