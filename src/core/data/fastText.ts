import { Failure } from '../base/failure.ts'
import { type Decode, decoderOf } from '../text/decode.ts'
import type { Edit, Span } from '../text/span.ts'
import { isBlankLine, linesOf, type TextRows, TextTable } from './plainText.ts'
import type { Cell, Issue, Source, Table, ValueKind } from './table.ts'

const mark = '__label__'
/** How lines are written is read off the first part of the file. */
const sampleBytes = 1 << 16

/** How the lines of a file in the fastText way name their labels. */
export interface FastTextStyle {
  /** Some line has several: then every row has a list. */
  readonly several: boolean
}

/**
 * Are these lines of fastText, each with its labels in front or behind as `__label__name`? Nine in ten have to be, and the first one: a
 * text that speaks of such labels is not. Undefined for any other text.
 */
export function fastTextStyle(bytes: Uint8Array): FastTextStyle | undefined {
  let lines = 0
  let labelled = 0
  let several = false
  for (const { start, end } of linesOf(bytes, Math.min(bytes.length, sampleBytes))) {
    if (isBlankLine(bytes, start, end)) continue
    const { labels } = partsOf(bytes, start, end)
    if (lines++ === 0 && labels.length === 0) return undefined
    if (labels.length > 0) labelled++
    if (labels.length > 1) several = true
  }
  return lines > 0 && labelled * 10 >= lines * 9 ? { several } : undefined
}

interface LineParts {
  /** The names, behind their marks. */
  readonly labels: readonly Span[]
  readonly text: Span
}

/** Labels stand before the text or behind it. Files that were made of CSV often have a comma between. */
function partsOf(bytes: Uint8Array, from: number, end: number): LineParts {
  const start = skipped(bytes, from, end)
  const labels: Span[] = []
  let at = start
  for (let stop = wordEnd(bytes, at, end); isLabel(bytes, at, stop); stop = wordEnd(bytes, at, end)) {
    labels.push({ start: at + mark.length, end: stop })
    at = skipped(bytes, stop, end)
  }
  if (labels.length > 0) {
    const comma = bytes[at] === 0x2c && isGap(bytes[at + 1])
    return { labels, text: { start: comma ? skipped(bytes, at + 1, end) : at, end } }
  }
  let stop = end
  for (;;) {
    let behind = stop
    while (behind > start && isGap(bytes[behind - 1])) behind--
    let word = behind
    while (word > start && !isGap(bytes[word - 1])) word--
    if (!isLabel(bytes, word, behind)) return { labels, text: { start: from, end: stop } }
    labels.unshift({ start: word + mark.length, end: behind })
    stop = word
    while (stop > start && isGap(bytes[stop - 1])) stop--
  }
}

function isLabel(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= mark.length) return false
  for (let i = 0; i < mark.length; i++) if (bytes[start + i] !== mark.charCodeAt(i)) return false
  return true
}

const isGap = (byte: number | undefined) => byte === 0x20 || byte === 0x09

function skipped(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && isGap(bytes[at])) at++
  return at
}

function wordEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && !isGap(bytes[at])) at++
  return at
}

/**
 * Lines as fastText takes them, `__label__greeting hello there`: a row a line, with the text and its label, or the list of its labels
 * where lines have several (then the column is called `labels`). Labels are written back with their mark.
 */
export class FastTextTable implements Table {
  readonly source: Source
  readonly format = 'text'
  readonly columns: readonly string[]
  readonly rowCount: number
  readonly issues: readonly Issue[]
  readonly rows: TextRows
  readonly style: FastTextStyle
  private readonly lineTable: TextTable
  private readonly decode: Decode

  constructor(source: Source, rows: TextRows, style: FastTextStyle) {
    this.source = source
    this.rows = rows
    this.style = style
    this.lineTable = new TextTable(source, rows)
    this.decode = decoderOf(source.bytes)
    this.rowCount = rows.starts.length
    this.issues = rows.issues
    this.columns = ['text', style.several ? 'labels' : 'label']
  }

  broken(row: number): boolean {
    return this.rows.broken.has(row)
  }

  rowSpan(row: number): Span {
    return this.lineTable.rowSpan(row)
  }

  cell(row: number, column: string): Cell | undefined {
    const parts = this.parts(row)
    const text = this.text(row, column)
    if (!parts || text === undefined) return undefined
    if (column === 'text') return { column, value: text, text, span: parts.text }
    const value = this.style.several ? this.names(parts) : text
    return { column, value, text, span: { start: parts.labels[0]!.start, end: parts.labels.at(-1)!.end } }
  }

  text(row: number, column: string): string | undefined {
    const parts = this.parts(row)
    if (!parts || !this.columns.includes(column)) return undefined
    if (column === 'text') return this.decode(parts.text.start, parts.text.end)
    if (parts.labels.length === 0) return undefined
    return this.style.several ? JSON.stringify(this.names(parts)) : this.names(parts).join(' ')
  }

  plainSpan(row: number, column: string): Span | undefined {
    return column === 'text' ? this.parts(row)?.text : undefined
  }

  kind(row: number, column: string): ValueKind | undefined {
    if (this.text(row, column) === undefined) return undefined
    return column !== 'text' && this.style.several ? 'array' : 'string'
  }

  removeRow(row: number): Edit {
    return this.lineTable.removeRow(row)
  }

  removeRows(rows: readonly number[]): Edit[] {
    return this.lineTable.removeRows(rows)
  }

  setCell(row: number, column: string, value: string): Edit {
    const parts = this.parts(row)
    if (!parts || !this.columns.includes(column))
      throw new Error(`row ${row} of ${this.source.uri} has no cell ${column} to write`)
    if (column === 'text') return { ...this.lineTable.setCell(row, 'text', value), span: parts.text }
    const names = namesOf(value)
    if (names.length === 0 || names.some(name => name === '' || /\s/.test(name))) {
      const message = `A label of ${this.source.uri} is written ${mark}name, without white space, so it cannot be "${value}"`
      throw new Failure('unwritable-value', message, 'Write _ or - in the place of a space')
    }
    const text = names.map(name => mark + name).join(' ')
    const [first] = parts.labels
    if (!first) {
      const { start } = this.rowSpan(row)
      return { span: { start, end: start }, text: `${text} ` }
    }
    return { span: { start: first.start - mark.length, end: parts.labels.at(-1)!.end }, text }
  }

  private parts(row: number): LineParts | undefined {
    if (row < 0 || row >= this.rowCount || this.broken(row)) return undefined
    return partsOf(this.source.bytes, this.rows.starts[row]!, this.rows.ends[row]!)
  }

  private names({ labels }: LineParts): string[] {
    return labels.map(({ start, end }) => this.decode(start, end))
  }
}

/** The labels of a cell: the items of a list in JSON, or one. */
function namesOf(value: string): readonly string[] {
  if (!/^\s*\[.*\]\s*$/s.test(value)) return [value]
  try {
    const list: unknown = JSON.parse(value)
    return Array.isArray(list) && list.every(item => typeof item === 'string') ? list : []
  } catch {
    return [value]
  }
}
