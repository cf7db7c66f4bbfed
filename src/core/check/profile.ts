import type { Roles, SplitName } from '../data/dataset.ts'
import { type Schema, schemaOf } from '../data/roles.ts'
import type { Table } from '../data/table.ts'
import type { Work } from '../sign/progress.ts'
import { type CheckInput, check } from './check.ts'
import { Corpus } from './corpus.ts'
import type { Finding } from './finding.ts'
import { type Histogram, histogram } from './histogram.ts'
import { Memory } from './memory.ts'
import { healthNote, type KnownHealth } from './rules/labelOverlap.ts'
import { languageOf, languages } from './scan/languages.ts'
import { TextStats } from './scan/textStats.ts'

/** What a dataset is made of: its card. Counts are of rows unless a name says otherwise. */
export interface Profile {
  readonly name: string
  readonly schema: Schema
  readonly roles: Roles
  readonly splits: readonly {
    readonly name: SplitName
    readonly rows: number
    readonly broken: number
    readonly files: readonly { readonly uri: string; readonly rows: number; readonly bytes: number }[]
    /** Findings by rule. */
    readonly findings: { readonly [rule: string]: number }
  }[]
  readonly columns: readonly {
    readonly name: string
    /** Null, empty or absent. */
    readonly missing: number
    /** Different values; `mostDistinct` stands for that many or more. */
    readonly distinct: number
  }[]
  /** Most frequent first; absent without a label column. */
  readonly labels?: readonly { readonly label: string; readonly rows: number; readonly splits: readonly number[] }[]
  readonly unlabelled: number
  /** What texts say about the labels; absent where they say nothing, or `label-overlap` is off. */
  readonly labelHealth?: KnownHealth
  readonly characters: Histogram
  readonly words: Histogram
  /** Most frequent first; what is too short to tell is under the empty name. */
  readonly languages: readonly { readonly language: string; readonly rows: number }[]
  readonly leaks: readonly Leak[]
}

/** Rows of one split that another holds as well. */
export interface Leak {
  readonly split: SplitName
  readonly from: SplitName
  readonly equal: number
  readonly near: number
}

/** Values of a column are told apart up to so many. */
export const mostDistinct = 100_000
/** Wide tables are no text datasets; their first columns tell enough. */
const mostColumns = 64

/** Words as people count them; where a script writes none apart, each character is one. */
const word = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]|[\p{L}\p{N}\p{M}]+/gu

/** Checks datasets and counts what they are made of. Throws a `Failure` for settings that cannot be used. */
export function* profile(input: CheckInput): Work<Profile[]> {
  const found: Profile[] = []
  for (const dataset of input.datasets) {
    const memory = new Memory({ incremental: false, threads: input.threads, spill: input.spill, budget: input.budget })
    const { findings } = yield* check({ ...input, datasets: [dataset], memory: () => memory })
    const corpus = new Corpus(dataset, memory)
    const splitOf = (of: { readonly uri: string; readonly part?: string }) =>
      corpus.files.find(({ table }) => table.source.uri === of.uri && table.part === of.part)!.split
    const names = dataset.splits.map(split => split.name)
    const texts = yield* countTexts(corpus)
    const labels = yield* countLabels(corpus, names)
    const labelHealth = memory.notes.get(healthNote) as KnownHealth | undefined
    found.push({
      name: dataset.name,
      schema: schemaOf(dataset.roles),
      roles: dataset.roles,
      splits: dataset.splits.map(({ name, tables }) => ({
        name,
        rows: tables.reduce((sum, table) => sum + table.rowCount, 0),
        broken: tables.reduce((sum, table) => sum + brokenRows(table), 0),
        files: tables.map(({ source, rowCount }) => ({
          uri: source.uri,
          rows: rowCount,
          bytes: source.size ?? source.bytes.length,
        })),
        findings: countRules(findings.filter(finding => splitOf(finding) === name)),
      })),
      columns: yield* countColumns(corpus),
      ...labels,
      ...(labelHealth ? { labelHealth } : {}),
      ...texts,
      leaks: countLeaks(findings, splitOf),
    })
  }
  return found
}

function brokenRows(table: Table): number {
  let broken = 0
  for (let row = 0; row < table.rowCount; row++) if (table.broken(row)) broken++
  return broken
}

function countRules(findings: readonly Finding[]): { [rule: string]: number } {
  const counts = new Map<string, number>()
  for (const { rule } of findings) counts.set(rule, (counts.get(rule) ?? 0) + 1)
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)))
}

function countLeaks(
  findings: readonly Finding[],
  splitOf: (of: Finding['related'][number] | Finding) => SplitName,
): Leak[] {
  const leaks = new Map<string, { split: SplitName; from: SplitName; equal: number; near: number }>()
  for (const finding of findings) {
    const source = finding.related[0]
    if (finding.rule !== 'leak' || !source) continue
    const [split, from] = [splitOf(finding), splitOf(source)]
    const leak = leaks.get(`${split} ${from}`) ?? { split, from, equal: 0, near: 0 }
    leaks.set(`${split} ${from}`, leak)
    if (source.similarity === 1) leak.equal++
    else leak.near++
  }
  return [...leaks.values()]
}

function* countTexts(corpus: Corpus): Work<Pick<Profile, 'characters' | 'words' | 'languages'>> {
  const characters = new Uint32Array(corpus.rowCount)
  const words = new Uint32Array(corpus.rowCount)
  const byLanguage = new Uint32Array(languages.length)
  const stats = new TextStats()
  let rows = 0
  let work = 0
  for (const { table, base } of corpus.files) {
    for (let row = 0; row < table.rowCount; row++) {
      if (table.broken(row)) continue
      const text = corpus.text(base + row)
      if (text.trim() === '') continue
      characters[rows] = codePoints(text)
      words[rows++] = text.match(word)?.length ?? 0
      stats.begin()
      stats.read(text)
      byLanguage[languageOf(stats)]!++
      work += text.length + 50
      if (work < 100_000) continue
      work = 0
      yield { phase: 'texts', done: base + row, total: corpus.rowCount }
    }
  }
  return {
    characters: histogram(characters.subarray(0, rows)),
    words: histogram(words.subarray(0, rows)),
    languages: languages
      .map((language, i) => ({ language, rows: byLanguage[i]! }))
      .filter(one => one.rows > 0)
      .sort((a, b) => b.rows - a.rows),
  }
}

function codePoints(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0xdc00 && unit <= 0xdfff) count--
  }
  return count
}

function* countLabels(corpus: Corpus, splits: readonly SplitName[]): Work<Pick<Profile, 'labels' | 'unlabelled'>> {
  if (corpus.labelColumn === undefined) return { unlabelled: 0 }
  const { of, names } = yield* corpus.labels()
  const counts = names.map(() => splits.map(() => 0))
  let unlabelled = 0
  for (const { table, base, split } of corpus.files)
    for (let row = 0; row < table.rowCount; row++) {
      if (of[base + row]! >= 0) counts[of[base + row]!]![splits.indexOf(split)]!++
      else if (!table.broken(row)) unlabelled++
    }
  const labels = names
    .map((label, i) => ({ label, rows: counts[i]!.reduce((a, b) => a + b, 0), splits: counts[i]! }))
    .sort((a, b) => b.rows - a.rows || (a.label < b.label ? -1 : 1))
  return { labels, unlabelled }
}

function* countColumns(corpus: Corpus): Work<Profile['columns']> {
  const names = [...new Set(corpus.files.flatMap(({ table }) => table.columns))].slice(0, mostColumns)
  const columns: Profile['columns'][number][] = []
  for (const name of names) {
    let missing = 0
    const values = new Set<string>()
    for (const { table, base } of corpus.files) {
      for (let row = 0; row < table.rowCount; row++) {
        if (row % 8192 === 8191) yield { phase: 'columns', done: base + row, total: corpus.rowCount }
        if (table.broken(row)) continue
        const text = table.text(row, name)
        if (text === undefined || text.trim() === '') missing++
        else if (values.size < mostDistinct) values.add(text)
      }
    }
    columns.push({ name, missing, distinct: values.size })
  }
  return columns
}
