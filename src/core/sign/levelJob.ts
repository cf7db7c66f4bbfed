import type { FormArrays } from './formColumns.ts'
import { FormColumns } from './formColumns.ts'
import { countFrom, gradeLevels } from './levelCounts.ts'

/** The shingles of every so-manieth slot of [from, to) are to be counted, of those that `alive` marks. */
export interface CountJob {
  readonly kind: 'count'
  readonly forms: FormArrays
  readonly alive: Uint8Array
  readonly bits: number
  readonly step: number
  /** A multiple of `step`. */
  readonly from: number
  readonly to: number
}

/** How often shingles occur that begin with these bits. */
export interface Counted {
  readonly kind: 'count'
  readonly counts: Uint32Array
}

/** The levels of the counters [from, to) are to be written to `table`, which all see. */
export interface GradeJob {
  readonly kind: 'grade'
  readonly counts: readonly Uint32Array[]
  readonly table: Uint8Array
  readonly from: number
  readonly to: number
}

export interface Graded {
  readonly kind: 'grade'
}

export function runCountJob({ forms: arrays, alive, bits, step, from, to }: CountJob): Counted {
  const counts = new Uint32Array(new SharedArrayBuffer(4 << bits))
  const forms = new FormColumns({ ...arrays, count: to })
  const how = { counts, shift: 32 - bits, step, alive: (slot: number) => alive[slot] === 1 }
  for (let slot = from; slot < to; ) slot = countFrom(forms, slot, how)
  return { kind: 'count', counts }
}

export function runGradeJob({ counts, table, from, to }: GradeJob): Graded {
  const [sum, ...others] = counts.map(list => list.subarray(from, to))
  // Nobody else reads or writes this range.
  for (const list of others) for (let i = 0; i < list.length; i++) sum![i]! += list[i]!
  gradeLevels(sum!, table.subarray(from, to))
  return { kind: 'grade' }
}
