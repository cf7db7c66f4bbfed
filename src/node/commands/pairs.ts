import { resolve } from 'node:path'
import { Failure } from '../../core/base/failure.ts'
import type { Dataset, Roles } from '../../core/data/dataset.ts'
import { textsOf } from '../../core/data/roles.ts'
import type { Table } from '../../core/data/table.ts'
import { bandingFor, bandPostings } from '../../core/sign/bands.ts'
import { jaccard, type Overlap, overlap, shingleSet } from '../../core/sign/exact.ts'
import { joinPairs, mostPairs } from '../../core/sign/join.ts'
import { Matcher } from '../../core/sign/matcher.ts'
import { exactPairs } from '../../core/sign/pairJoin.ts'
import { PlainOverlap } from '../../core/sign/plainOverlap.ts'
import { defaultScheme, parseScheme, type Scheme } from '../../core/sign/scheme.ts'
import { Signatures } from '../../core/sign/signatures.ts'
import type { Texts } from '../../core/sign/texts.ts'
import { parseThreshold, reaches, type Threshold } from '../../core/sign/threshold.ts'
import type { PlainText } from '../../core/sign/wordOverlap.ts'
import { shownPath } from '../checkInput.ts'
import { discover, filesOf, loadDataset } from '../datasets.ts'
import { drive } from '../drive.ts'
import { slashed } from '../files.ts'
import { progressOn } from './check.ts'
import type { Command, CommandIo } from './command.ts'
import { readOptions } from './options.ts'
import { watchOf } from './watch.ts'

export const command: Command = {
  name: 'pairs',
  summary: 'every pair of similar rows, verified, as TSV',
  usage: `winnow pairs <path>... [options]

Every pair of rows whose texts are similar, each with its exact Jaccard similarity; none is missed unless standard error says
that too many are alike to compare all. Columns: file_a row_a file_b row_b jaccard; rows 0-based; the earlier row (files in the order given) is a. Rows of equal text (but for case,
spaces and punctuation) are compared once, by the first of them; each other one is printed beside it with 1.

  --threshold <t>     least similarity, above 0 and up to 1 (default 0.8)
  --shingle <scheme>  word:1+2, word:<n> or char:<n> (default ${defaultScheme})
  --column <name>     the column that is compared (default: the text, found by name and content)
  --exact             never estimate; otherwise data with too many alike is, and the expected recall said

winnow pairs train.csv test.csv --shingle word:3 --threshold 0.7
`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, {
      command: 'pairs',
      least: 1,
      most: Number.POSITIVE_INFINITY,
      options: {
        threshold: { type: 'string', default: '0.8' },
        shingle: { type: 'string', default: defaultScheme },
        column: { type: 'string' },
        exact: { type: 'boolean', default: false },
      },
    })
    const scheme = parseScheme(values.shingle)
    const threshold = parseThreshold(values.threshold)
    const files = await filesInOrder(positionals, io, values.column)
    await printPairs(files, { scheme, threshold, exact: values.exact }, io)
    return 0
  },
}

/** A file whose rows are compared. */
interface Compared {
  readonly name: string
  readonly table: Table
  readonly roles: Roles
}

/** The files in the order given; those of a folder in the order of its datasets, train first. */
async function filesInOrder(paths: readonly string[], io: CommandIo, column: string | undefined): Promise<Compared[]> {
  const absolute = paths.map(path => slashed(resolve(io.cwd, path)))
  const { datasets } = await discover(absolute)
  const loaded = new Map<string, Compared>()
  const known: string[] = []
  for (const files of datasets) {
    const dataset = await loadDataset(column === undefined ? files : { ...files, roles: { text: column } }, undefined, {
      watch: watchOf(io),
    }).catch(error => {
      if (column === undefined || !(error instanceof Failure) || error.code !== 'no-column') throw error
      throw new Failure('no-column', `${files.name} has no column "${column}", which --column names`, error.hint)
    })
    for (const table of tablesOf(dataset)) {
      const name = shownPath(io.cwd, table.source.uri)
      loaded.set(table.source.uri, { name, table, roles: dataset.roles })
    }
    known.push(...filesOf(files))
  }
  const order = absolute.flatMap(path =>
    loaded.has(path) ? [path] : known.filter(file => file.startsWith(path === '/' ? '/' : `${path}/`)),
  )
  const files = [...new Set(order)].map(path => loaded.get(path)!)
  const without = files.find(({ roles }) => !roles.text && !roles.prompt && !roles.messages && !roles.completion)
  if (without)
    throw new Failure(
      'no-text',
      `No column of ${without.name} looks like a text`,
      `Name one with --column; its columns: ${without.table.columns.slice(0, 20).join(', ')}`,
    )
  return files
}

function tablesOf(dataset: Dataset): Table[] {
  return dataset.splits.flatMap(split => [...split.tables])
}

async function printPairs(
  files: readonly Compared[],
  {
    scheme,
    threshold,
    exact: forced,
  }: { readonly scheme: Scheme; readonly threshold: Threshold; readonly exact: boolean },
  io: CommandIo,
): Promise<void> {
  const progress = progressOn(io)
  const signatures = new Signatures(scheme)
  // Row numbers through all files, so that two numbers compare as (file, row) does.
  const base: number[] = []
  const first: number[] = []
  const copies = new Map<number, number[]>()
  const texts = files.map(({ table, roles }) => remembering(textsOf(table, roles), table))
  let rows = 0
  for (const [file, { name }] of files.entries()) {
    base.push(rows)
    await drive(signatures.sign(name, texts[file]!), io.cancel, progress)
    noteRows(signatures.slots(name), rows, first, copies)
    rows += texts[file]!.rowCount
  }
  const place = (row: number) => {
    let file = base.length - 1
    while (base[file]! > row) file--
    return { index: file, row: row - base[file]! }
  }
  const { forms } = signatures
  const all = { alive: () => true, singles: false }
  const most = forced ? Number.POSITIVE_INFINITY : mostPairs(forms.count)
  let pairs = await drive(exactPairs(forms, threshold, { ...all, most }), io.cancel, progress)
  if (!pairs) {
    const banding = bandingFor(threshold)
    const postings = await drive(bandPostings(forms, threshold, { ...all, banding }), io.cancel, progress)
    pairs = await drive(joinPairs(postings, new Matcher(forms, threshold)), io.cancel, progress)
    const recall = (100 * banding.recall).toFixed(2)
    io.err(
      `winnow: too many rows are alike to compare all; estimated and verified, expected recall ${recall} % (--exact finds all)\n`,
    )
  }
  const lines = new Lines(io)
  lines.add('file_a\trow_a\tfile_b\trow_b\tjaccard')
  const exact = new ExactOverlap(scheme)
  const decimals = new Decimals()
  const textAt = (row: number) => {
    const { index, row: own } = place(row)
    return { texts: texts[index]!, row: own }
  }
  let at = 0
  // Slots are numbered as their first rows come, so this is the order of rows.
  for (let slot = 0; slot < forms.count; slot++) {
    const a = first[slot]!
    const equal = copies.size > 0 ? copies.get(a) : undefined
    if (!equal && pairs.a[at] !== slot) continue
    const others: { row: number; jaccard: number }[] = (equal ?? []).map(row => ({ row, jaccard: 1 }))
    if (pairs.a[at] === slot) exact.begin(textAt(a))
    for (; pairs.a[at] === slot; at++) {
      // The join compared hashes; what is printed is computed on the shingles themselves.
      const row = first[pairs.b[at]!]!
      const found = exact.with(textAt(row))
      if (reaches(threshold, found.inter, found.union)) others.push({ row, jaccard: jaccard(found) })
    }
    const left = place(a)
    for (const other of others.sort((x, y) => x.row - y.row)) {
      const right = place(other.row)
      lines.add(
        `${files[left.index]!.name}\t${left.row}\t${files[right.index]!.name}\t${right.row}\t${decimals.of(other.jaccard)}`,
      )
    }
  }
  lines.end()
}

/** Notes the first row of each slot that is new, and the further rows of each by that one. */
function noteRows(slots: Int32Array, base: number, first: number[], copies: Map<number, number[]>): void {
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!
    if (slot < 0) continue
    if (slot >= first.length) first[slot] = base + i
    else {
      const list = copies.get(first[slot]!)
      if (list) list.push(base + i)
      else copies.set(first[slot]!, [base + i])
    }
  }
}

/** As these texts, which remember where the plain ones stand: each is asked for when it is signed, and most again when pairs are verified. */
function remembering(texts: Texts, table: Table): Texts {
  const { plain } = texts
  // Of a file that is not held the bytes change with the row.
  if (!plain || table.source.windows) return texts
  const { bytes } = plain
  const starts = new Uint32Array(texts.rowCount)
  const ends = new Uint32Array(texts.rowCount)
  const span = (row: number) => {
    if (ends[row]! > 0) return { start: starts[row]!, end: ends[row]! }
    const found = plain.span(row)
    if (found) {
      starts[row] = found.start
      ends[row] = found.end
    }
    return found
  }
  return { rowCount: texts.rowCount, text: row => texts.text(row), plain: { bytes, span } }
}

/** A text as one of its rows. */
interface RowOf {
  readonly texts: Texts
  readonly row: number
}

/** The exact overlap of one text with others: from their bytes where they allow it, or else from the shingles themselves. */
class ExactOverlap {
  private readonly scheme: Scheme
  private readonly bytes: PlainOverlap | undefined
  private left: RowOf | undefined
  private plain: PlainText | undefined
  private set: ReadonlySet<string> | undefined

  constructor(scheme: Scheme) {
    this.scheme = scheme
    if (scheme.name === 'word:1+2') this.bytes = new PlainOverlap()
  }

  begin(left: RowOf): void {
    this.left = left
    this.plain = this.bytes && plainText(left)
    this.set = undefined
  }

  with(other: RowOf): Overlap {
    const plain = this.plain && plainText(other)
    const found = plain && this.bytes!.compare(this.plain!, plain)
    if (found) return found
    this.set ??= this.setOf(this.left!)
    return overlap(this.set, this.setOf(other))
  }

  private setOf({ texts, row }: RowOf): Set<string> {
    return shingleSet(this.scheme, texts.text(row) ?? '')
  }
}

function plainText({ texts: { plain }, row }: RowOf): PlainText | undefined {
  const span = plain?.span(row)
  return span && { bytes: plain!.bytes, start: span.start, end: span.end }
}

/** What `sixDecimals` gives, remembered: fractions of small numbers come again and again. */
class Decimals {
  private readonly known = new Map<number, string>()

  of(value: number): string {
    let text = this.known.get(value)
    if (text === undefined) {
      text = sixDecimals(value)
      if (this.known.size < mostDecimals) this.known.set(value, text)
    }
    return text
  }
}

const mostDecimals = 10_000

/** Six decimals as `printf` rounds them: a tie, which only fractions of a power of two can be, goes to the even digit. */
function sixDecimals(value: number): string {
  const rounded = value.toFixed(6)
  const isTie = /^50*$/.test(value.toFixed(20).slice(8))
  return isTie && /[13579]$/.test(rounded) ? (Number(rounded) - 1e-6).toFixed(6) : rounded
}

/** Lines collected into larger writes. */
class Lines {
  private readonly io: CommandIo
  private waiting: string[] = []

  constructor(io: CommandIo) {
    this.io = io
  }

  add(line: string): void {
    this.waiting.push(line)
    if (this.waiting.length >= 5000) this.end()
  }

  end(): void {
    if (this.waiting.length > 0) this.io.out(`${this.waiting.join('\n')}\n`)
    this.waiting = []
  }
}
