import { NumberLists } from '../base/numberLists.ts'
import type { Dataset } from '../data/dataset.ts'
import { finishWork, type Work } from '../sign/progress.ts'
import { Similar } from '../sign/similar.ts'
import { type ChangedRows, Corpus, type CorpusFile, type Likeness } from './corpus.ts'
import type { Finding } from './finding.ts'
import { keptRows } from './kept.ts'
import { keyMatcher } from './keys.ts'
import type { Memory } from './memory.ts'
import { type RuleSetting, resolveRules } from './options.ts'
import type { LocalRule, RuleSettings } from './rule.ts'
import { rules as allRules } from './rules.ts'

/** What an edit does to findings that were told. */
export interface LocalChange {
  /** The numbers of those that no longer hold. */
  readonly removed: readonly number[]
  readonly added: readonly { readonly id: number; readonly finding: Finding }[]
}

export interface LiveInput {
  readonly dataset: Dataset
  /** What the check of it remembered. */
  readonly memory: Memory
  readonly rules: { readonly [rule: string]: RuleSetting }
  readonly ignored: ReadonlySet<string>
  /** What the check found; the first of them is called by the number `first`, those behind it by the ones that follow. */
  readonly findings: readonly Finding[]
  readonly first: number
  /** Gives new numbers. */
  readonly next: () => number
}

interface Part {
  readonly id: string
  readonly settings: RuleSettings
  readonly local: LocalRule
  /** By form: the findings of its rows. */
  readonly told: NumberLists
}

/**
 * Keeps the findings of the rules that judge rows by what is similar to them up to date while a dataset is edited, at the cost
 * of the edit: duplicates, near-duplicates, leaks and label conflicts. What depends on all rows (statistics, rows within others,
 * numbers of rows in messages) or on very many similar ones is as the last check of all said, until the next one.
 */
export class Live {
  private readonly memory: Memory
  private readonly isIgnored: (key: string) => boolean
  private readonly anyIgnored: boolean
  private readonly next: () => number
  private readonly parts: readonly Part[]
  private corpus: Corpus
  private follows = true

  private constructor(input: LiveInput, corpus: Corpus, parts: readonly Part[]) {
    this.memory = input.memory
    this.anyIgnored = input.ignored.size > 0
    this.isIgnored = keyMatcher(input.ignored)
    this.next = input.next
    this.corpus = corpus
    this.parts = parts
  }

  static *begin(input: LiveInput): Work<Live> {
    const corpus = new Corpus(input.dataset, input.memory)
    const parts: Part[] = []
    for (const { rule, settings } of resolveRules(allRules, input.rules))
      if (rule.local) parts.push({ id: rule.meta.id, settings, local: rule.local, told: new NumberLists() })
    const live = new Live(input, corpus, parts)
    const byRule = new Map(parts.map(part => [part.id, part]))
    const likenesses = new Map<Part, Likeness>()
    for (const { part, likeness } of yield* live.likenesses(corpus)) likenesses.set(part, likeness)
    // What is read from disk on demand is not followed.
    live.follows = [...likenesses.values()].every(({ similar }) => similar instanceof Similar)
    if (!live.follows) return live
    yield* corpus.foldedLabels()
    input.memory.reserveForEdits()
    const files = new Map(corpus.files.map(file => [file.id, file]))
    for (const [i, finding] of input.findings.entries()) {
      const part = byRule.get(finding.rule)
      if (part) remember(part, likenesses.get(part)!, files, { id: input.first + i, finding })
      if (i % 20_000 === 19_999) yield { phase: 'remember', done: i, total: input.findings.length }
    }
    return live
  }

  /** From now on `change` is asked, and no `Live` of before. */
  start(): void {
    for (const { likeness } of finishWork(this.likenesses(this.corpus)))
      if (likeness.similar instanceof Similar) likeness.similar.takeTouched()
  }

  /**
   * Takes the dataset as it is after an edit; undefined where only a check of all would do. Findings that it adds are to be read
   * before the next edit.
   */
  *change(dataset: Dataset): Work<LocalChange | undefined> {
    if (!this.follows) return undefined
    const before = this.corpus
    const rows = changedRows(before, dataset)
    if (!rows || rows.oldEnd - rows.head > mostRows || rows.newEnd - rows.head > mostRows) return undefined
    // The lists of the corpus before are those of the one after in a moment.
    const gone = new Map<Part, Int32Array>()
    for (const { part, likeness } of yield* this.likenesses(before))
      gone.set(part, likeness.slots.slice(rows.head, rows.oldEnd))
    const corpus = new Corpus(dataset, this.memory, [], { corpus: before, rows })
    this.corpus = corpus
    const now = yield* this.likenesses(corpus)
    const touched = new Map<Similar, ReadonlySet<number> | undefined>()
    for (const { likeness } of now) {
      if (!(likeness.similar instanceof Similar)) return undefined
      if (!touched.has(likeness.similar)) touched.set(likeness.similar, likeness.similar.takeTouched())
    }
    const files = new Map(corpus.files.map(file => [file.id, file]))
    const removed: number[] = []
    const added: { id: number; finding: Finding }[] = []
    for (const { part, likeness } of now) {
      const sets = touched.get(likeness.similar as Similar)
      if (!sets) return undefined
      const slots = new Set<number>()
      const compares = part.local.comparison(part.settings) !== undefined
      const around = (slot: number) => {
        if (slot < 0 || slots.has(slot)) return
        const group = compares ? likeness.similar.group(slot) : [slot]
        if (group.length <= mostForms) for (const member of group) slots.add(member)
      }
      if (compares) for (const slot of sets) around(slot)
      for (const slot of gone.get(part)!) around(slot)
      for (let row = rows.head; row < rows.newEnd; row++) around(likeness.slots[row]!)
      for (const slot of slots) for (const id of part.told.take(slot)) removed.push(id)
      const { settings, local } = part
      const add = (finding: Finding) => {
        if (this.anyIgnored && this.isIgnored(finding.key)) return
        const told = { id: this.next(), finding }
        added.push(told)
        remember(part, likeness, files, told)
      }
      yield* local.about(
        { corpus, settings, add },
        [...slots].sort((a, b) => a - b),
      )
    }
    return { removed, added }
  }

  /** The comparison of each rule; those that need none of their own take whichever there is. */
  private *likenesses(corpus: Corpus): Work<{ readonly part: Part; readonly likeness: Likeness }[]> {
    const found: { part: Part; likeness: Likeness }[] = []
    for (const part of this.parts) {
      const { scheme, threshold } = part.local.comparison(part.settings) ?? { scheme: '', threshold: 1 }
      if (scheme !== '') found.push({ part, likeness: yield* corpus.likeness(scheme, threshold) })
    }
    for (const part of this.parts)
      if (!part.local.comparison(part.settings)) found.push({ part, likeness: yield* corpus.forms() })
    return found
  }
}

/** More rows at once are left to a check, which may take its time. */
const mostRows = 5000
/** Sets of more similar forms than this are told by the next check of all: most rows of some template, as a rule. */
const mostForms = 5000

/** The rows that differ; undefined where the files are others. */
function changedRows(before: Corpus, now: Dataset): ChangedRows | undefined {
  const tables = now.splits.flatMap(split => split.tables)
  if (tables.length !== before.files.length) return undefined
  let found: ChangedRows | undefined
  for (const [i, file] of before.files.entries()) {
    const table = tables[i]!
    if (table === file.table) continue
    if (found || table.source.uri !== file.uri || table.part !== file.table.part) return undefined
    const { head, tail } = keptRows(file.table, table)
    const end = file.base + file.table.rowCount - tail
    found = { head: file.base + head, oldEnd: end, newEnd: end + table.rowCount - file.table.rowCount }
  }
  return found ?? { head: 0, oldEnd: 0, newEnd: 0 }
}

/** Takes down that a finding is one of the form of its row. */
function remember(
  part: Part,
  { slots }: Likeness,
  files: ReadonlyMap<string, CorpusFile>,
  { id, finding }: { readonly id: number; readonly finding: Finding },
): void {
  const file = files.get(finding.part === undefined ? finding.uri : `${finding.uri}#${finding.part}`)
  if (!file || finding.row === undefined || finding.alike === 'contained') return
  const slot = slots[file.base + finding.row]!
  if (slot >= 0) part.told.add(slot, id)
}
