import type { Roles } from '../data/dataset.ts'
import { textsOf } from '../data/roles.ts'
import { lengthOf, type Table } from '../data/table.ts'
import type { SignedRows } from '../sign/forms.ts'
import { LeanSimilar } from '../sign/leanSimilar.ts'
import type { Work } from '../sign/progress.ts'
import { roomyList, splice } from '../sign/reuse.ts'
import { readByThreads, tableJobs } from '../sign/rowsJob.ts'
import { parseScheme } from '../sign/scheme.ts'
import { type Shelf, shelvedRows } from '../sign/shelf.ts'
import { type Elsewhere, type Kept, Signatures } from '../sign/signatures.ts'
import { signPieces } from '../sign/signPieces.ts'
import { Similar } from '../sign/similar.ts'
import { SlotRows } from '../sign/slotRows.ts'
import { HeldSpill, type OpenSpill } from '../sign/spill.ts'
import type { Threads } from '../sign/threads.ts'
import { parseThreshold } from '../sign/threshold.ts'
import { ownCopy } from '../text/decode.ts'
import { Comparisons } from './comparisons.ts'
import { keptRows } from './kept.ts'
import type { FileScan } from './scan/rowScan.ts'

/**
 * What is remembered of a dataset from one check to the next: the form and the label of every row, and which forms are
 * similar. A file that comes in a new version is read again only where it changed.
 */
export class Memory {
  readonly labels: string[] = []
  /** What rules found out at some cost, by rule. */
  readonly notes = new Map<string, unknown>()
  private readonly labelNumbers = new Map<string, number>()
  private readonly rowLabels = new Map<string, { readonly table: Table; readonly labels: Int32Array }>()
  private readonly signatures = new Map<string, Signatures>()
  private readonly signed = new Map<string, Table>()
  private readonly similar = new Map<string, Similar>()
  private readonly scans = new Map<string, { readonly table: Table; readonly key: string; readonly scan: FileScan }>()
  private readonly comparisons = new Map<string, Comparisons>()
  private readonly rows = new Map<string, SlotRows>()
  readonly incremental: boolean
  readonly exact: boolean
  private readonly sets: 'kept' | 'spilled' | undefined
  private readonly budget: number | undefined
  private readonly openSpill: OpenSpill
  readonly threads: Threads | undefined
  private readonly shelf: Shelf | undefined
  private compared: { readonly old: Table; readonly now: Table; readonly kept: Kept } | undefined

  /**
   * `incremental` keeps the indexes that make a second check cheap; `exact` never estimates, whatever it costs; `threads`
   * take part in signing and joining many rows; `shelf` keeps signed rows for the next run of the program.
   */
  constructor(options: {
    readonly incremental: boolean
    readonly exact?: boolean
    readonly threads?: Threads | undefined
    readonly shelf?: Shelf | undefined
    /** Whether the sets of shingles are kept, or put away and read where they are asked for; by the size of the files if not said. */
    readonly sets?: 'kept' | 'spilled'
    /** So many bytes comparing rows may hold, besides some hundred a row. */
    readonly budget?: number | undefined
    /** Where sets are put away; in memory if not said. */
    readonly spill?: OpenSpill | undefined
  }) {
    this.sets = options.sets
    this.budget = options.budget
    this.openSpill = options.spill ?? (() => new HeldSpill())
    this.threads = options.threads
    this.shelf = options.shelf
    this.incremental = options.incremental
    this.exact = options.exact ?? false
  }

  /** Do the sets of all shingles of these tables fit? They take about as much as the texts themselves. */
  keepsSets(tables: readonly Table[]): boolean {
    return this.sets ? this.sets === 'kept' : setsFit(tables, this.budget)
  }

  /** Similar rows of tables whose sets do not fit. The rows of all of them are numbered in their order. */
  *leanSimilar(tables: readonly Table[], by: { scheme: string; threshold: string | number; roles: Roles }) {
    const { budget = usualBudget } = this
    const scheme = parseScheme(by.scheme)
    const parts = tables.map(table => ({
      texts: textsOf(table, by.roles),
      elsewhere: this.elsewhere(table, by.scheme, by.roles),
    }))
    return yield* LeanSimilar.join({
      t: parseThreshold(by.threshold),
      exact: this.exact,
      rowCount: tables.reduce((sum, table) => sum + table.rowCount, 0),
      spill: this.openSpill,
      most: Math.max(leastPairs, Math.floor(budget / 256)),
      *sign(take) {
        let base = 0
        for (const { texts, elsewhere } of parts) {
          const based = (rows: SignedRows) => take({ ...rows, from: rows.from + base })
          if (elsewhere && texts.rowCount >= fewRows) yield* elsewhere.sign(0, texts.rowCount, based)
          else yield* signPieces(texts, scheme, based)
          base += texts.rowCount
        }
      },
    })
  }

  /** Drops what is known of files that are no longer there. */
  retain(files: ReadonlySet<string>): void {
    for (const file of this.rowLabels.keys()) if (!files.has(file)) this.rowLabels.delete(file)
    for (const file of this.scans.keys()) if (!files.has(file)) this.scans.delete(file)
    for (const [scheme, signatures] of this.signatures) {
      for (const key of [...this.signed.keys()]) {
        const [of, file] = splitKey(key)
        if (of !== scheme || files.has(file)) continue
        signatures.forget(file)
        this.signed.delete(key)
      }
    }
  }

  /** The label of each row as a number into `labels`; -1 where there is none. It holds until the file changes. */
  *labelsOf(file: string, table: Table, column: string): Work<Int32Array> {
    const known = this.rowLabels.get(file)
    if (known?.table === table) return known.labels
    const kept = this.kept(known?.table, table)
    const count = table.rowCount - kept.head - kept.tail
    const fresh = known ? new Int32Array(count) : roomyList(count)
    fresh.fill(-1)
    for (let i = 0; i < count; i++) {
      const text = table.text(kept.head + i, column)
      if (text !== undefined && text.trim() !== '') fresh[i] = this.number(text)
      if (i % 1024 === 1023) yield { phase: 'labels', done: kept.head + i, total: table.rowCount }
    }
    const labels = known ? splice(known.labels, kept, fresh) : fresh
    this.rowLabels.set(file, { table, labels })
    return labels
  }

  /**
   * What a pass over the rows of a file told, made anew where the file changed. `key` names what the pass looks for: the
   * results of another are of no use.
   */
  *scanOf(
    file: string,
    asked: { readonly table: Table; readonly key: string },
    scan: (known: { readonly scan: FileScan; readonly kept: Kept } | undefined) => Work<FileScan>,
  ): Work<FileScan> {
    const old = this.scans.get(file)
    const known = old?.key === asked.key ? old : undefined
    if (known?.table === asked.table) return known.scan
    const fresh = yield* scan(known && { scan: known.scan, kept: this.kept(known.table, asked.table) })
    this.scans.set(file, { ...asked, scan: fresh })
    return fresh
  }

  /** The form of each row of a file, signed anew where it changed. */
  *slotsOf(file: string, table: Table, scheme: string, roles: Roles): Work<Int32Array> {
    const signatures = this.signaturesOf(scheme)
    const key = `${scheme}\0${file}`
    const old = this.signed.get(key)
    if (old !== table) {
      const texts = textsOf(table, roles)
      // Without places in bytes a table's content is not told from another's.
      const shelf = !old && !table.readOnly && table.rowCount >= shelvedRows ? this.shelf : undefined
      const shelved = shelf && (yield* shelf.find({ table, scheme, roles }))
      const elsewhere = shelved ? taken(shelved, table.rowCount) : this.elsewhere(table, scheme, roles)
      yield* signatures.sign(file, texts, this.kept(old, table), elsewhere)
      this.signed.set(key, table)
      if (shelf && !shelved) yield* shelf.keep({ table, scheme, roles }, signatures.signedRows(file))
    }
    return signatures.slots(file)
  }

  /** The threads as those who sign the rows of a table, where they can read it. */
  private elsewhere(table: Table, scheme: string, roles: Roles): Elsewhere | undefined {
    const { threads } = this
    if (!threads || !readByThreads(table)) return undefined
    const of = { scheme: parseScheme(scheme), roles }
    const share = (bytes: Uint8Array) => threads.share(bytes)
    return { sign: (from, to, take) => threads.run(tableJobs(table, { ...of, from, to, share }, threads.count), take) }
  }

  /** The similar forms, up to date. Every file must have been signed before. For `next` see `Similar.update`. */
  *similarAt(scheme: string, threshold: string | number, next?: (similar: Similar) => void): Work<Similar> {
    const t = parseThreshold(threshold)
    const key = `${scheme} ${t.num}/${t.den}`
    const known = this.similar.get(key)
    const { incremental, exact, threads } = this
    const similar = known ?? new Similar(this.signaturesOf(scheme), t, { incremental, exact, threads })
    this.similar.set(key, similar)
    yield* similar.update(next)
    return similar
  }

  /** Which rows have which form, as of the last comparison of that name; see `SlotRows`. */
  slotRows(name: string): SlotRows {
    const known = this.rows.get(name) ?? new SlotRows()
    this.rows.set(name, known)
    return known
  }

  /** What was found out about pairs of forms; undefined where nothing is remembered. */
  comparisonsBy(scheme: string): Comparisons | undefined {
    if (!this.incremental) return undefined
    const all = this.comparisons.get(scheme) ?? new Comparisons()
    this.comparisons.set(scheme, all)
    return all
  }

  /** Room for what edits add, so that none of them has to wait until everything is copied. */
  reserveForEdits(): void {
    for (const { forms } of this.signatures.values()) forms.reserveForEdits()
  }

  /** Is so much of it out of date that it is better begun anew? */
  isStale(): boolean {
    for (const signatures of this.signatures.values()) {
      const { count } = signatures.forms
      if (count > 20_000 && signatures.dead() * 2 > count) return true
    }
    for (const all of this.comparisons.values()) if (all.size > 2_000_000) return true
    return this.labels.length > 200_000
  }

  /** Labels and every scheme ask the same; comparing two versions reads both from end to end. */
  private kept(old: Table | undefined, now: Table): Kept {
    if (!old) return { head: 0, tail: 0 }
    if (this.compared?.old !== old || this.compared.now !== now) this.compared = { old, now, kept: keptRows(old, now) }
    return this.compared.kept
  }

  private signaturesOf(scheme: string): Signatures {
    const known = this.signatures.get(scheme)
    if (known) return known
    const signatures = new Signatures(parseScheme(scheme), { shared: this.threads !== undefined })
    this.signatures.set(scheme, signatures)
    return signatures
  }

  private number(label: string): number {
    const known = this.labelNumbers.get(label)
    if (known !== undefined) return known
    const own = ownCopy(label)
    this.labels.push(own)
    this.labelNumbers.set(own, this.labels.length - 1)
    return this.labels.length - 1
  }
}

/**
 * Do the sets of the shingles of these tables fit into a budget in bytes? They take about as much as the texts, and twice that
 * where they are sorted. Without a budget only large files count: what editors hold anyway is kept, so that it can be followed.
 */
function setsFit(tables: readonly Table[], budget: number | undefined): boolean {
  const counted = budget === undefined ? tables.filter(({ source }) => source.windows) : tables
  return counted.reduce((sum, { source }) => sum + lengthOf(source), 0) * 2 <= (budget ?? usualBudget)
}

/** Files of half as many bytes have their sets kept. */
const usualBudget = 512 * 1024 * 1024
/** Smaller parts take longer and save nothing. */
const leastPairs = 50_000
/** With fewer rows, telling other threads takes longer. */
const fewRows = 20_000

function splitKey(key: string): [string, string] {
  const at = key.indexOf('\0')
  return [key.slice(0, at), key.slice(at + 1)]
}

/** Rows that are signed already. */
function taken(pieces: Iterable<SignedRows>, rowCount: number): Elsewhere {
  return {
    *sign(_from, _to, take) {
      for (const piece of pieces) {
        take(piece)
        yield { phase: 'sign', done: piece.from + piece.slots.length, total: rowCount }
      }
    },
  }
}
