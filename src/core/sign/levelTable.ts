import type { FormArrays } from './formColumns.ts'
import { levelSample } from './levelCounts.ts'
import type { CountJob, GradeJob } from './levelJob.ts'
import type { LevelTable } from './postings.ts'
import type { Work } from './progress.ts'
import type { Threads } from './threads.ts'

/** Each thread that counts has counters of its own, and they are many. */
const mostCounters = 4

/** As `Levels.table`, by other threads. */
export function* levelTable(threads: Threads, forms: FormArrays, alive: Uint8Array): Work<LevelTable> {
  const { bits, step } = levelSample(forms.start[forms.count]!)
  const share = Math.ceil(forms.count / step / Math.min(mostCounters, threads.count)) * step
  const asked: CountJob[] = []
  for (let from = 0; from < forms.count; from += share)
    asked.push({ kind: 'count', forms, alive, bits, step, from, to: Math.min(forms.count, from + share) })
  const counts: Uint32Array[] = []
  yield* threads.run(asked, done => void counts.push(done.counts))
  const size = 1 << bits
  const table = new Uint8Array(new SharedArrayBuffer(size))
  const part = Math.ceil(size / threads.count)
  const graded: GradeJob[] = []
  for (let from = 0; from < size; from += part)
    graded.push({ kind: 'grade', counts, table, from, to: Math.min(size, from + part) })
  yield* threads.run(graded, () => {})
  return { table, shift: 32 - bits }
}
