import type { FormColumns } from './formColumns.ts'

const sample = 1 << 23

/** For so many shingles: how many bits of each choose its counter, and that of every so-manieth form they are counted. */
export function levelSample(shingles: number): { readonly bits: number; readonly step: number } {
  return {
    bits: Math.min(23, Math.max(10, 31 - Math.clz32(shingles))),
    step: Math.max(1, Math.round(shingles / sample)),
  }
}

// Loops over millions stand in functions of their own: inside a generator they are compiled late or not at all.

/** Counts the shingles of some living slots from one on; the first slot that is left. */
export function countFrom(
  { pool, start, count }: FormColumns,
  first: number,
  how: {
    readonly counts: Uint32Array
    readonly shift: number
    readonly step: number
    readonly alive: (slot: number) => boolean
  },
): number {
  const { counts, shift, step, alive } = how
  let slot = first
  for (let work = 0; slot < count && work < 400_000; slot += step) {
    if (!alive(slot)) continue
    const end = start[slot + 1]!
    for (let i = start[slot]!; i < end; i++) counts[pool[i]! >>> shift]!++
    work += end - start[slot]! + 4
  }
  return slot
}

/** The level of each counter: exact up to 15, then eight levels for each doubling. */
export function levelsOf(counts: Uint32Array): Uint8Array {
  const table = new Uint8Array(new SharedArrayBuffer(counts.length))
  gradeLevels(counts, table)
  return table
}

/** Writes the level of each counter to a list. */
export function gradeLevels(counts: Uint32Array, table: Uint8Array): void {
  for (let i = 0; i < counts.length; i++) {
    const c = counts[i]!
    if (c < 16) table[i] = c
    else {
      const log = 31 - Math.clz32(c)
      table[i] = 16 + (log - 4) * 8 + ((c >>> (log - 3)) & 7)
    }
  }
}
