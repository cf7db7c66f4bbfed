import { canonical, contentHash } from '../base/hash.ts'
import type { Dataset, SplitName } from '../data/dataset.ts'
import { rowText, textColumns } from '../data/roles.ts'
import type { Table } from '../data/table.ts'
import type { EarlyWork } from '../sign/ahead.ts'
import { numbersDiffer, overlapOf } from '../sign/exact.ts'
import type { LeanSimilar, SimilarForms } from '../sign/leanSimilar.ts'
import { normalForm } from '../sign/normal.ts'
import { PlainTexts } from '../sign/plainTexts.ts'
import type { Work } from '../sign/progress.ts'
import { roomyList, splice } from '../sign/reuse.ts'
import { defaultScheme, parseScheme } from '../sign/scheme.ts'
import type { Threads } from '../sign/threads.ts'
import type { PlainComparison } from '../sign/wordOverlap.ts'
import type { Comparison } from './comparisons.ts'
import type { Fix, Related } from './finding.ts'
import { foldedNumbers } from './labels.ts'
import type { Memory } from './memory.ts'
import type { NamedLook } from './scan/look.ts'
import { canChange } from './scan/place.ts'
import { type FileScan, scanRows } from './scan/rowScan.ts'
import { shortNames } from './shortNames.ts'

export interface CorpusFile {
  /** Tells the tables of a dataset apart: the uri, and the list in it where there are several. */
  readonly id: string
  readonly uri: string
  /** The shortest end of its path that no other file of the dataset has, and `#` with the list in it. */
  readonly name: string
  readonly split: SplitName
  readonly table: Table
  /** The number of its first row in the corpus. */
  readonly base: number
}

/** Rows [head, oldEnd) of a corpus are rows [head, newEnd) of the one after an edit. */
export interface ChangedRows {
  readonly head: number
  readonly oldEnd: number
  readonly newEnd: number
}

/** The corpus before an edit, and which rows it changed. */
export interface Before {
  readonly corpus: Corpus
  readonly rows: ChangedRows
}

/** Which rows say the same and which forms are similar, by one way of comparing. */
export interface Likeness {
  readonly scheme: string
  /** The form of each row of the corpus; -1 where it has none. */
  readonly slots: Int32Array
  readonly similar: SimilarForms
  /** By what name comparisons of its forms are remembered. */
  readonly memo: string
  /** The rows of a form, ascending. */
  rowsOf(slot: number): Int32Array
  /** The first of them (-1: none), and how many they are, without making a list. */
  firstRow(slot: number): number
  rowsIn(slot: number): number
}

/**
 * All rows of one dataset in one numbering: train before validation before test, files in their order, then rows. The
 * earlier of two rows is the one that others are copies of.
 */
export class Corpus {
  readonly dataset: Dataset
  readonly files: readonly CorpusFile[]
  readonly rowCount: number
  /** The columns whose content is compared; a finding about it is shown at the first of them. */
  readonly textColumns: readonly string[]
  readonly labelColumn: string | undefined
  private readonly memory: Memory
  private readonly likenesses = new Map<string, Likeness>()
  private readonly looks: readonly NamedLook[]
  private readonly plain: PlainTexts
  private rowLabels: Int32Array | undefined
  private folded: { readonly of: Int32Array; readonly numbers: Int32Array } | undefined
  private before: Before | undefined

  /**
   * `looks` are what the pass over the rows looks for, all at once. `before` is the corpus that an edit has made this one of: its
   * lists of a number a row are taken over and changed in their place, so that it can be asked for them no longer.
   */
  constructor(dataset: Dataset, memory: Memory, looks: readonly NamedLook[] = [], before?: Before) {
    const names = shortNames([...new Set(dataset.splits.flatMap(split => split.tables.map(table => table.source.uri)))])
    const files: CorpusFile[] = []
    let base = 0
    for (const split of dataset.splits) {
      for (const table of split.tables) {
        const { uri } = table.source
        const part = table.part === undefined ? '' : `#${table.part}`
        files.push({ id: uri + part, uri, name: names.get(uri)! + part, split: split.name, table, base })
        base += table.rowCount
      }
    }
    this.dataset = dataset
    this.files = files
    this.rowCount = base
    this.textColumns = textColumns(dataset.roles)
    this.labelColumn = dataset.roles.label
    this.memory = memory
    this.plain = new PlainTexts(row => this.fileOf(row), dataset.roles.text)
    this.looks = looks
    this.before = before
    // Or each would hold the one before it.
    if (before) before.corpus.before = undefined
    memory.retain(new Set(files.map(file => file.id)))
  }

  /** So many texts could not be looked for within others: the dataset is too large, and their words are too common. */
  unsearched = 0

  /** What other threads begin with while rows are compared, before a rule asks for it. */
  ahead: EarlyWork | undefined

  /** What a rule keeps from one check to the next. */
  get notes(): Map<string, unknown> {
    return this.memory.notes
  }

  /** Do all rows belong to one split? */
  get hasOneSplit(): boolean {
    return this.files.every(({ split }) => split === this.files[0]!.split)
  }

  /** Other threads, where some take part. */
  get threads(): Threads | undefined {
    return this.memory.threads
  }

  fileOf(row: number): CorpusFile {
    let low = 0
    let high = this.files.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (this.files[middle]!.base <= row) low = middle
      else high = middle
    }
    return this.files[low]!
  }

  split(row: number): SplitName {
    return this.fileOf(row).split
  }

  /** `train.csv row 62` */
  name(row: number): string {
    const file = this.fileOf(row)
    return `${file.name} row ${row - file.base}`
  }

  /** The file of a finding, and the list in it where it holds several. */
  placeOf({ uri, table: { part } }: CorpusFile): Pick<Related, 'uri' | 'part'> {
    return part === undefined ? { uri } : { uri, part }
  }

  /** Where a row is, without its place in bytes. */
  rowOf(row: number): Pick<Related, 'uri' | 'part' | 'row'> {
    const { uri, base, table } = this.fileOf(row)
    return table.part === undefined ? { uri, row: row - base } : { uri, part: table.part, row: row - base }
  }

  text(row: number): string {
    const file = this.fileOf(row)
    return rowText(file.table, row - file.base, this.dataset.roles) ?? ''
  }

  label(row: number): string | undefined {
    if (this.labelColumn === undefined) return undefined
    const file = this.fileOf(row)
    return file.table.text(row - file.base, this.labelColumn)
  }

  /** The cell of a column, or the record where the row lacks it. */
  place(row: number, column: string | undefined): Pick<Related, 'uri' | 'part' | 'row' | 'span'> {
    const file = this.fileOf(row)
    const local = row - file.base
    const { table } = file
    const { part } = table
    const own = column === undefined ? undefined : (table.plainSpan?.(local, column) ?? table.cell(local, column)?.span)
    const span = own ?? table.rowSpan(local)
    return { uri: file.uri, ...(part === undefined ? {} : { part }), row: local, span }
  }

  textPlace(row: number) {
    return this.place(row, this.textColumns[0])
  }

  /** Another row that belongs to a finding, at its text; how similar it is where that is the reason. */
  related(row: number, message: string, how: Pick<Related, 'similarity' | 'containment'> = {}): Related {
    return { ...this.textPlace(row), message, ...how }
  }

  /** The fix that removes rows. It has no edits, and is not offered, where one of them stands in a file that cannot be changed. */
  removal(fix: Pick<Fix, 'kind' | 'title' | 'preferred'>, rows: readonly number[]): Fix {
    if (rows.some(row => !canChange(this.fileOf(row).table))) return { ...fix, edits: [] }
    if (rows.length === 1) {
      const { uri, table, base } = this.fileOf(rows[0]!)
      const row = rows[0]! - base
      return { ...fix, edits: [{ uri, edit: table.removeRow(row) }], removes: [{ table, row }] }
    }
    const byTable = new Map<CorpusFile, number[]>()
    for (const row of rows) {
      const file = this.fileOf(row)
      byTable.set(file, [...(byTable.get(file) ?? []), row - file.base])
    }
    const edits = [...byTable].flatMap(([file, list]) =>
      file.table.removeRows(list).map(edit => ({ uri: file.uri, edit })),
    )
    const removes = [...byTable].flatMap(([file, list]) => list.map(row => ({ table: file.table, row })))
    return { ...fix, edits, removes }
  }

  /** The fix that gives a row another label; without edits, and not offered, where the file cannot be changed. */
  relabel(row: number, label: string, fix: Pick<Fix, 'title' | 'preferred'>): Fix {
    const file = this.fileOf(row)
    if (!canChange(file.table) || file.table.fixed?.(this.labelColumn!)) return { kind: 'relabel', ...fix, edits: [] }
    const edit = file.table.setCell(row - file.base, this.labelColumn!, label)
    return { kind: 'relabel', ...fix, edits: [{ uri: file.uri, edit }] }
  }

  /** A name for a finding that only its own content decides. */
  key(rule: string, ...content: (string | undefined)[]): string {
    return contentHash(canonical([rule, ...content.map(part => part ?? null)])).slice(0, 20)
  }

  /** Label numbers by row (-1: none), and the names they stand for. */
  *labels(): Work<{ readonly of: Int32Array; readonly names: readonly string[] }> {
    const { labelColumn: column, memory } = this
    this.rowLabels ??= yield* this.list(
      ({ id, table }) => (column === undefined ? unlabelled(table) : memory.labelsOf(id, table, column)),
      this.before?.corpus.rowLabels,
    )
    return { of: this.rowLabels, names: this.memory.labels }
  }

  /** What a pass over the rows of a file tells; the second call answers at once. */
  *scan({ id, table }: CorpusFile): Work<FileScan> {
    const { roles } = this.dataset
    const { looks } = this
    const key = JSON.stringify([roles, looks.map(look => look.key)])
    return yield* this.memory.scanOf(id, { table, key }, known => scanRows({ table, roles, looks, known }))
  }

  /** Label numbers by row with the spellings of one label taken together; -1 without one. */
  *foldedLabels(): Work<Int32Array> {
    if (!this.folded) {
      const { of, names } = yield* this.labels()
      const known = this.before?.corpus.folded
      const numbers = known?.numbers.length === names.length ? known.numbers : foldedNumbers(names)
      // As a rule no label has two spellings: then the numbers are what they were, and a pass over all rows is saved.
      const same = numbers.every((number, label) => number === label)
      this.folded = { of: same ? of : this.replaced(of, numbers), numbers }
    }
    return this.folded.of
  }

  /** The labels by row with the new number of each. */
  private replaced(of: Int32Array, numbers: Int32Array): Int32Array {
    const { before } = this
    const number = (label: number) => (label < 0 ? -1 : numbers[label]!)
    const known = before?.corpus.folded
    if (!before || known?.numbers !== numbers || known.of === before.corpus.rowLabels) {
      const all = roomyList(of.length)
      for (let row = 0; row < of.length; row++) all[row] = number(of[row]!)
      return all
    }
    const { head, newEnd } = before.rows
    return splice(known.of, { head, tail: of.length - newEnd }, of.slice(head, newEnd).map(number))
  }

  /** A number for each row, of those that `read` tells of the rows of a file; `known` are those of the corpus before. */
  private *list(read: (file: CorpusFile) => Work<Int32Array>, known: Int32Array | undefined): Work<Int32Array> {
    const { before, rowCount } = this
    if (!before || !known) {
      const all = roomyList(rowCount)
      for (const file of this.files) all.set(yield* read(file), file.base)
      return all
    }
    const { head, newEnd } = before.rows
    const fresh = new Int32Array(newEnd - head)
    for (const file of this.files) {
      const own = yield* read(file)
      // The rows that changed stand in one file.
      if (head >= file.base && newEnd <= file.base + own.length && newEnd > head)
        fresh.set(own.subarray(head - file.base, newEnd - file.base))
    }
    return splice(known, { head, tail: rowCount - newEnd }, fresh)
  }

  /** Signs and joins all rows by a scheme and a threshold; the second call answers at once. */
  *likeness(scheme: string, threshold: string | number): Work<Likeness> {
    const key = `${scheme} ${threshold}`
    const known = this.likenesses.get(key)
    if (known) return known
    const { before } = this
    const over = before?.corpus.likenesses.get(key)
    const gone = over?.slots.slice(before!.rows.head, before!.rows.oldEnd)
    const { slots, similar, memo } = this.memory.keepsSets(this.files.map(({ table }) => table))
      ? yield* this.kept(scheme, threshold, over?.slots)
      : yield* this.lean(scheme, threshold)
    const rows = this.memory.slotRows(memo === scheme ? scheme : key)
    if (gone) rows.follow({ ...before!.rows, before: over!.slots, gone }, slots, similar.matcher.forms.count)
    else rows.update(slots, similar.matcher.forms.count)
    yield { phase: 'rows', done: this.rowCount, total: this.rowCount }
    const rowsOf = (slot: number) => rows.of(slot)
    const firstRow = (slot: number) => rows.first(slot)
    const rowsIn = (slot: number) => rows.count(slot)
    const likeness = { scheme, slots, similar, rowsOf, firstRow, rowsIn, memo }
    this.likenesses.set(key, likeness)
    return likeness
  }

  private *kept(scheme: string, threshold: string | number, known: Int32Array | undefined) {
    const { memory, dataset } = this
    const slots = yield* this.list(({ id, table }) => memory.slotsOf(id, table, scheme, dataset.roles), known)
    const next = this.ahead?.behind(scheme, threshold)
    return { slots, similar: yield* memory.similarAt(scheme, threshold, next), memo: scheme }
  }

  /** Of files whose sets of shingles do not fit: nothing of it is updated, but it holds as long as the files are the same. */
  private *lean(scheme: string, threshold: string | number) {
    const name = `lean ${scheme} ${threshold}`
    const known = this.memory.notes.get(name) as Lean | undefined
    const tables = this.files.map(({ table }) => table)
    if (known && known.tables.length === tables.length && known.tables.every((table, i) => table === tables[i]))
      return known
    known?.similar.close()
    const similar = yield* this.memory.leanSimilar(tables, { scheme, threshold, roles: this.dataset.roles })
    leans++
    const fresh = { tables, similar, slots: similar.slots, memo: `${name} ${leans}` }
    this.memory.notes.set(name, fresh)
    return fresh
  }

  /** The least expected recall of the comparisons made so far, where one was too large to be exact. */
  recall(): number | undefined {
    let least: number | undefined
    for (const { similar } of this.likenesses.values())
      if (similar.banding) least = Math.min(least ?? 1, similar.banding.recall)
    return least
  }

  /** Which rows say the same. That depends on no threshold, so any comparison that was already made will do. */
  *forms(): Work<Likeness> {
    for (const known of this.likenesses.values()) return known
    return yield* this.likeness('word:1+2', 0.8)
  }

  /** Are comparisons kept from one check to the next? */
  get remembers(): boolean {
    return this.memory.incremental
  }

  /** How two rows compare, by their texts themselves. It depends on their forms only, so it is remembered by them. */
  compare(likeness: Likeness, a: number, b: number): Comparison {
    const known = this.memory.comparisonsBy(likeness.memo)
    if (!known) return this.compareTexts(likeness, a, b)
    const [x, y] = [likeness.slots[a]!, likeness.slots[b]!]
    const remembered = known.get(x, y)
    if (remembered) return remembered
    const exact = this.compareTexts(likeness, a, b)
    known.set(x, y, exact)
    return exact
  }

  private compareTexts(likeness: Likeness, a: number, b: number): Comparison {
    const plain = this.comparePlain(likeness, a, b)
    if (plain && !plain.mayBeNumbers) return { inter: plain.inter, union: plain.union, numbers: false }
    const scheme = parseScheme(likeness.scheme)
    const [left, right] = [normalForm(this.text(a)), normalForm(this.text(b))]
    return { ...overlapOf(scheme, left, right), numbers: numbersDiffer(left, right) }
  }

  /** Compares two texts where they stand, if both are plain there and the scheme is the usual one. */
  comparePlain({ scheme }: Likeness, a: number, b: number): PlainComparison | undefined {
    if (scheme !== defaultScheme) return undefined
    return this.plain.compare(a, b)
  }
}

interface Lean {
  readonly tables: readonly Table[]
  readonly similar: LeanSimilar
  readonly slots: Int32Array
  readonly memo: string
}

/** The labels of a file of a dataset without. */
// biome-ignore lint/correctness/useYield: there is nothing to wait for
function* unlabelled(table: Table): Work<Int32Array> {
  return new Int32Array(table.rowCount).fill(-1)
}

/** Tells one join from the next, whose forms have other numbers. */
let leans = 0
