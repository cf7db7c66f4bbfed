import { random } from '../base/random.ts'
import type { Dataset } from '../data/dataset.ts'
import { rowText } from '../data/roles.ts'
import type { Table } from '../data/table.ts'
import { tokensOf } from '../label/features.ts'
import type { Work } from '../sign/progress.ts'

/** How an overlap with a benchmark is defined; `contamination.md` says what each means. */
export const contaminationPresets = ['13-gram', '8-gram', '50-char', 'idf'] as const
export type ContaminationPreset = (typeof contaminationPresets)[number]

/** What training rows must not hold. */
export interface Benchmarks {
  readonly preset: ContaminationPreset
  readonly datasets: readonly Dataset[]
}

/** A row of a benchmark. */
export interface BenchmarkRow {
  readonly table: Table
  readonly row: number
  readonly text: string
}

/** What a training row shares with a row of a benchmark. */
export interface Overlap {
  /** The number of the training row. */
  readonly row: number
  readonly with: BenchmarkRow
  /** For a person: `13 words in a row`. */
  readonly what: string
}

/** Training rows, by any numbering. */
export interface TrainRows {
  readonly rows: Iterable<number>
  readonly total: number
  text(row: number): string
}

/** The training rows that overlap with a benchmark, each with the row it overlaps most with. */
export function* contaminated(benchmarks: Benchmarks, train: TrainRows): Work<Overlap[]> {
  const rows: BenchmarkRow[] = []
  for (const { splits, roles } of benchmarks.datasets)
    for (const { tables } of splits)
      for (const table of tables)
        for (let row = 0; row < table.rowCount; row++) {
          const text = rowText(table, row, roles) ?? ''
          if (text.trim() !== '') rows.push({ table, row, text })
          if (row % 2000 === 1999) yield { phase: 'benchmark', done: row, total: table.rowCount }
        }
  if (rows.length === 0) return []
  if (benchmarks.preset === '50-char') return yield* byCharacters(rows, train)
  return yield* byGrams(benchmarks.preset, rows, train)
}

/** A 53-bit hash for each n-gram of the words, in order. */
function gramsOf(words: readonly string[], n: number): number[] {
  const grams: number[] = []
  for (let i = 0; i + n <= words.length; i++) {
    let a = 0x811c9dc5 | 0
    let b = 0x2545f491 | 0
    for (let w = i; w < i + n; w++) {
      const word = words[w]!
      for (let c = 0; c < word.length; c++) {
        a = Math.imul(a ^ word.charCodeAt(c), 0x01000193)
        b = Math.imul(b ^ word.charCodeAt(c), 0x5bd1e995)
      }
      a = Math.imul(a ^ 32, 0x01000193)
      b = Math.imul((b ^ 32) + (b >>> 13), 0x5bd1e995)
    }
    grams.push((a >>> 0) * 0x200000 + (b >>> 11))
  }
  return grams
}

interface Indexed {
  readonly row: BenchmarkRow
  /** Distinct. */
  readonly grams: readonly number[]
  readonly words: number
  readonly unique: number
}

/** A gram of more benchmark rows than this is how the benchmark speaks, not what one of its rows says. */
const common = 10

function* byGrams(
  preset: '13-gram' | '8-gram' | 'idf',
  rows: readonly BenchmarkRow[],
  train: TrainRows,
): Work<Overlap[]> {
  const words = rows.map(({ text }) => tokensOf(text))
  const n = preset === 'idf' ? 5 : preset === '8-gram' ? 8 : gramSize(words)
  const indexed: Indexed[] = rows.map((row, i) => ({
    row,
    grams: [...new Set(gramsOf(words[i]!, n))],
    words: words[i]!.length,
    unique: new Set(words[i]).size,
  }))
  const holders = new Map<number, number[]>()
  for (const [i, { grams }] of indexed.entries())
    for (const gram of grams) {
      const list = holders.get(gram)
      if (list) list.push(i)
      else holders.set(gram, [i])
    }
  const judge = new Judge(preset, n, indexed, holders)
  let work = 0
  let done = 0
  for (const row of train.rows) {
    const text = train.text(row)
    judge.look(row, gramsOf(tokensOf(text), n))
    done++
    work += text.length
    if (work > 20_000) {
      work = 0
      yield { phase: 'contamination', done, total: train.total }
    }
  }
  return judge.done()
}

/** GPT-3: the 5th percentile of the lengths of the benchmark's rows in words, from 8 to 13. */
function gramSize(words: readonly (readonly string[])[]): number {
  const lengths = words.map(list => list.length).sort((a, b) => a - b)
  return Math.min(13, Math.max(8, lengths[Math.floor(lengths.length * 0.05)]!))
}

class Judge {
  private readonly preset: '13-gram' | '8-gram' | 'idf'
  private readonly n: number
  private readonly rows: readonly Indexed[]
  private readonly holders: ReadonlyMap<number, readonly number[]>
  private readonly overlaps: Overlap[] = []
  /** PaLM: what of each row was seen anywhere, and the training row with most of it. */
  private readonly seen = new Map<number, Set<number>>()
  private readonly best = new Map<number, { readonly row: number; readonly count: number }>()
  private readonly totals = new Map<number, number>()

  constructor(
    preset: '13-gram' | '8-gram' | 'idf',
    n: number,
    rows: readonly Indexed[],
    holders: ReadonlyMap<number, readonly number[]>,
  ) {
    this.preset = preset
    this.n = n
    this.rows = rows
    this.holders = holders
  }

  look(row: number, grams: readonly number[]): void {
    const shared = new Map<number, number[]>()
    for (const gram of new Set(grams)) {
      const holders = this.holders.get(gram)
      if (!holders || (this.preset === '13-gram' && holders.length > common)) continue
      for (const holder of holders) {
        const list = shared.get(holder)
        if (list) list.push(gram)
        else shared.set(holder, [gram])
      }
    }
    if (shared.size === 0) return
    if (this.preset === '8-gram') this.remember(row, shared)
    else {
      const overlap = this.preset === 'idf' ? this.byWeight(shared) : this.byCount(shared)
      if (overlap) this.overlaps.push({ row, ...overlap })
    }
  }

  done(): Overlap[] {
    for (const [holder, seen] of this.seen) {
      const { row, grams } = this.rows[holder]!
      const best = this.best.get(holder)!
      const share = seen.size / grams.length
      if (share < 0.7) continue
      const here = best.count === seen.size ? '' : `, ${best.count} of them here`
      const what = `${seen.size} of its ${grams.length} runs of 8 words stand in training rows${here}`
      this.overlaps.push({ row: best.row, with: row, what })
    }
    return this.overlaps.sort((a, b) => a.row - b.row)
  }

  private byCount(shared: ReadonlyMap<number, readonly number[]>): Omit<Overlap, 'row'> | undefined {
    let top = -1
    for (const [holder, grams] of shared) if (top < 0 || grams.length > shared.get(top)!.length) top = holder
    if (top < 0) return undefined
    return { with: this.rows[top]!.row, what: `${this.n} words in a row, ${shared.get(top)!.length} times` }
  }

  /** decon: the weight of the shared 5-grams must be that of nearly all; of all in short rows. */
  private byWeight(shared: ReadonlyMap<number, readonly number[]>): Omit<Overlap, 'row'> | undefined {
    let top: { readonly holder: number; readonly score: number } | undefined
    for (const [holder, grams] of shared) {
      const { words, unique, grams: all } = this.rows[holder]!
      // Shorter rows say too little, and so do less than four different words.
      if (words < 20 || unique < 4) continue
      const score = this.weight(grams) / this.total(holder, all)
      const least = words <= 20 ? 1 : words >= 50 ? 0.8 : 1 - (0.2 * (words - 20)) / 30
      if (score + 1e-9 >= least && (!top || score > top.score)) top = { holder, score }
    }
    if (!top) return undefined
    return { with: this.rows[top.holder]!.row, what: `IDF-weighted overlap ${top.score.toFixed(2)}` }
  }

  private total(holder: number, grams: readonly number[]): number {
    const known = this.totals.get(holder)
    if (known !== undefined) return known
    const total = this.weight(grams)
    this.totals.set(holder, total)
    return total
  }

  private weight(grams: readonly number[]): number {
    return grams.reduce((sum, gram) => sum + Math.log(1 + this.rows.length / this.holders.get(gram)!.length), 0)
  }

  private remember(row: number, shared: ReadonlyMap<number, readonly number[]>): void {
    for (const [holder, grams] of shared) {
      const seen = this.seen.get(holder) ?? new Set<number>()
      this.seen.set(holder, seen)
      for (const gram of grams) seen.add(gram)
      if (grams.length > (this.best.get(holder)?.count ?? 0)) this.best.set(holder, { row, count: grams.length })
    }
  }
}

const window = 50
const samples = 3
/** Rows of fewer letters and digits are in other texts by chance: they count where they are the whole row. */
const leastPart = 20

/**
 * GPT-4: three substrings of 50 letters and digits of each benchmark row, drawn with a seed of their own, looked for in the training
 * rows; a shorter row is looked for as a whole.
 */
function* byCharacters(rows: readonly BenchmarkRow[], train: TrainRows): Work<Overlap[]> {
  const letters = (text: string) =>
    text
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, '')
  const whole = new Map<string, BenchmarkRow>()
  const long = new Parts(window)
  const short = new Parts(leastPart)
  for (const row of rows) {
    const text = letters(row.text)
    if (text === '') continue
    if (text.length < window) {
      whole.set(text, row)
      if (text.length >= leastPart) short.add(text, row)
      continue
    }
    const draw = random(text)
    for (let s = 0; s < samples; s++) {
      const at = draw.int(text.length - window + 1)
      long.add(text.slice(at, at + window), row)
    }
  }
  const overlaps: Overlap[] = []
  let work = 0
  let done = 0
  for (const row of train.rows) {
    const text = letters(train.text(row))
    const same = whole.get(text)
    const part = same ? undefined : (long.in(text) ?? short.in(text))
    if (same) overlaps.push({ row, with: same, what: 'the whole row' })
    else if (part) overlaps.push({ row, with: part.row, what: `${part.part.length} letters and digits in a row` })
    done++
    work += text.length
    if (work > 50_000) {
      work = 0
      yield { phase: 'contamination', done, total: train.total }
    }
  }
  return overlaps
}

interface Part {
  readonly part: string
  readonly row: BenchmarkRow
}

const base = 0x01000193

/** Parts of benchmark rows, of so many characters or more, by the hash of their first ones. */
class Parts {
  private readonly size: number
  /** `base` to the power of `size`, modulo 2^32. */
  private readonly power: number
  private readonly byHash = new Map<number, Part[]>()

  constructor(size: number) {
    this.size = size
    this.power = Array.from({ length: size }).reduce<number>(product => Math.imul(product, base), 1)
  }

  add(part: string, row: BenchmarkRow): void {
    const hash = this.hash(part)
    const list = this.byHash.get(hash)
    if (list) list.push({ part, row })
    else this.byHash.set(hash, [{ part, row }])
  }

  /** The first part that a text holds. */
  in(text: string): Part | undefined {
    const { size, power, byHash } = this
    if (text.length < size || byHash.size === 0) return undefined
    let hash = this.hash(text)
    for (let at = 0; ; at++) {
      const hit = byHash.get(hash)?.find(({ part }) => text.startsWith(part, at))
      if (hit) return hit
      if (at + size >= text.length) return undefined
      hash = (Math.imul(hash, base) + text.charCodeAt(at + size) - Math.imul(text.charCodeAt(at), power)) | 0
    }
  }

  private hash(text: string): number {
    let hash = 0
    for (let i = 0; i < this.size; i++) hash = (Math.imul(hash, base) + text.charCodeAt(i)) | 0
    return hash
  }
}
