import type { CompareJob, NumberedTable } from '../sign/compareJob.ts'
import type { Work } from '../sign/progress.ts'
import { partsOf } from '../sign/rowsJob.ts'
import { defaultScheme } from '../sign/scheme.ts'
import type { Threads } from '../sign/threads.ts'
import type { Comparison } from './comparisons.ts'
import type { Corpus, CorpusFile, Likeness } from './corpus.ts'

/** With fewer pairs, telling other threads takes longer than comparing. */
const fewPairs = 2000
/** So many pairs are one job: while threads are at it, this one has time for a piece of what it does meanwhile. */
const jobPairs = 8192

/** How a pair of rows compares, by its number. */
export type Compare = (pair: number) => Comparison

/**
 * How the rows `rows[2i]` and `rows[2i + 1]` compare, asked by the number i of the pair: what `corpus.compare` says, found out by other
 * threads where there are some and the pairs are many. `heard` is called as they go on: the first so many pairs are compared.
 * `meanwhile` is what this thread can do while they are at it; what is left of it is for the caller to do.
 */
export function* comparePairs(
  corpus: Corpus,
  likeness: Likeness,
  {
    rows,
    heard,
    meanwhile,
  }: {
    readonly rows: readonly number[]
    readonly heard?: (exact: Compare, pairs: number) => void
    readonly meanwhile?: Work<void> | undefined
  },
): Work<Compare> {
  const alone = (pair: number) => corpus.compare(likeness, rows[2 * pair]!, rows[2 * pair + 1]!)
  const { threads } = corpus
  const column = corpus.dataset.roles.text
  if (!threads || column === undefined || likeness.scheme !== defaultScheme) return alone
  if (corpus.remembers || rows.length < fewPairs * 2) return alone
  const tables = sharedTables(corpus.files, threads)
  if (!tables) return alone
  const jobs: CompareJob[] = []
  for (let from = 0; from < rows.length; from += jobPairs * 2)
    jobs.push({ kind: 'compare', tables, column, rows: Int32Array.from(rows.slice(from, from + jobPairs * 2)) })
  const inter = new Int32Array(rows.length / 2)
  const union = new Int32Array(rows.length / 2)
  const exact = (pair: number) =>
    inter[pair]! < 0 ? alone(pair) : { inter: inter[pair]!, union: union[pair]!, numbers: false }
  let at = 0
  let compared = 0
  const take = (done: { readonly inter: Int32Array; readonly union: Int32Array }) => {
    inter.set(done.inter, at)
    union.set(done.union, at)
    at += done.inter.length
    // What is left to this thread takes longer.
    while (compared < at && inter[compared]! >= 0) compared++
    heard?.(exact, compared)
  }
  yield* threads.run(jobs, take, meanwhile)
  return exact
}

/** Tables as other threads see them; undefined where they cannot read one of them. */
function sharedTables(files: readonly CorpusFile[], threads: Threads): readonly NumberedTable[] | undefined {
  const list = (items: Uint32Array) => {
    const bytes = threads.share(new Uint8Array(items.buffer, items.byteOffset, items.byteLength))
    return new Uint32Array(bytes.buffer, bytes.byteOffset, items.length)
  }
  const shared: NumberedTable[] = []
  for (const { base, table } of files) {
    if (table.rowCount === 0) continue
    const parts = partsOf(table)
    if (!parts) return undefined
    const source = { ...parts.source, bytes: threads.share(parts.source.bytes) }
    shared.push({ base, table: { ...parts, source, starts: list(parts.starts), ends: list(parts.ends) } })
  }
  return shared
}
