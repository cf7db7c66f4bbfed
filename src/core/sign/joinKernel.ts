import { Program } from '../base/wasm.ts'
import { joinBytes } from './generated/joinBytes.ts'

/** What `assembly/join.ts` offers; addresses are in bytes. */
export interface JoinKernel {
  readonly memory: ArrayBuffer
  count(hashes: number, starts: number, sets: number, takes: number, step: number, counts: number, shift: number): void
  grade(counts: number, n: number, table: number): void
  rarest(
    hashes: number,
    starts: number,
    sets: number,
    takes: number,
    table: number,
    shift: number,
    levels: number,
    counts: number,
    out: number,
  ): number
  list(
    hashes: number,
    starts: number,
    sets: number,
    takes: number,
    first: number,
    table: number,
    shift: number,
    least: number,
    levels: number,
    counts: number,
    keys: number,
    seen: number,
    seenShift: number,
    out: number,
  ): number
  link(
    from: number,
    to: number,
    seen: number,
    seenShift: number,
    heads: number,
    headShift: number,
    entries: number,
    told: number,
  ): number
  walk(
    place: number,
    end: number,
    records: number,
    sum: number,
    difference: number,
    out: number,
    outEnd: number,
  ): number
}

const program = new Program<Omit<JoinKernel, 'memory'>>(joinBytes)

/** As `newKernel`. */
export const newJoinKernel = (bytes: number): JoinKernel | undefined => program.open(bytes)
