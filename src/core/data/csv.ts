import { Failure } from '../base/failure.ts'
import { type Decode, decoderOf } from '../text/decode.ts'
import type { Edit, Span } from '../text/span.ts'
import { csvDialect, fieldText, fieldTexts, hasHeader } from './csvDialect.ts'
import { CsvScanner, type Dialect } from './csvScan.ts'
import type { DatasetFiles } from './dataset.ts'
import { IssueList, type IssueSink, looksBinary, readBytes } from './issues.ts'
import { removeLines } from './lineRows.ts'
import { Offsets } from './offsets.ts'
import { type Reading, readAtOnce, readSlice } from './reading.ts'
import type { Cell, Issue, KeptFrom, Source, Table } from './table.ts'

/**
 * CSV and TSV by RFC 4180, read from bytes. Delimiter, quoting and header are as given or detected. Blank lines are no
 * rows. A record with the wrong number of fields, an unclosed quote or text behind a closing quote is broken: which
 * value belongs to which column is then a guess. A quote inside a bare field is reported and read as a character.
 */
export function parseCsv(source: Source, kind: 'csv' | 'tsv', given: DatasetFiles['format'] = {}): Table {
  return readAtOnce(readCsv(source, kind, given))
}

/** As `parseCsv`, piece by piece. */
export function* readCsv(source: Source, kind: 'csv' | 'tsv', given: DatasetFiles['format'] = {}): Reading<Table> {
  const { bytes } = source
  const issues = new IssueList()
  const binary = looksBinary(bytes)
  const body = binary ? bytes.subarray(0, 0) : bytes
  const lines = new CsvLines(body, kind, given)
  const starts = new Offsets(body.length >> 7)
  const ends = new Offsets(body.length >> 7)
  const broken = new Set<number>()
  const { scanner } = lines
  for (let at = 0, told = 0; at < body.length; at = scanner.next) {
    if (at - told > readSlice) {
      told = at
      yield { phase: 'read', done: at, total: body.length }
    }
    const row = starts.length
    const what = lines.read(at, row, issues)
    if (what === 'blank') continue
    starts.push(at)
    ends.push(scanner.end)
    if (what === 'broken') broken.add(row)
  }
  const rows = { starts: starts.done(), ends: ends.done() }
  if (binary) issues.add(binary.code, undefined, binary.span, binary.message)
  else {
    const first = starts.length > 0 ? { start: rows.starts[0]!, end: rows.ends[0]! } : undefined
    lines.reportHead(first, body.length, issues)
    yield* readBytes(body, rows.starts, issues)
  }
  const { dialect, columns = [] } = lines
  return new CsvTable({ source, kind, dialect, columns, ...rows, broken, issues: issues.done() })
}

/** Reads one record after the other; the first is the header where there is one. */
export class CsvLines {
  readonly dialect: Dialect
  /** Known from the first record on. */
  columns: readonly string[] | undefined
  scanner: CsvScanner
  private readonly kind: 'csv' | 'tsv'
  private readonly header: boolean
  private readonly headerGiven: boolean
  private bytes: Uint8Array

  /** `bytes` are the file, or its first piece if that is longer than what dialects are told from. */
  constructor(bytes: Uint8Array, kind: 'csv' | 'tsv', given: DatasetFiles['format'] = {}) {
    this.bytes = bytes
    this.kind = kind
    this.dialect = csvDialect(bytes, kind, given)
    this.header = given.header ?? hasHeader(bytes, this.dialect)
    this.headerGiven = given.header !== undefined
    this.scanner = new CsvScanner(bytes, this.dialect)
  }

  /** Goes on in the next piece of the file. */
  use(bytes: Uint8Array): void {
    this.bytes = bytes
    this.scanner = new CsvScanner(bytes, this.dialect)
  }

  /** Scans the record that starts at `at`, and judges it as row `row`; a header counts as blank. */
  read(at: number, row: number, issues: IssueSink): 'blank' | 'broken' | 'good' {
    this.scanner.record(at)
    return this.judge(at, row, issues)
  }

  /** Judges the record that was just scanned. */
  judge(at: number, row: number, issues: IssueSink): 'blank' | 'broken' | 'good' {
    const { scanner, header, kind, bytes } = this
    if (scanner.end === at) return 'blank'
    if (!this.columns) {
      const names = header ? fieldTexts(scanner, decoderOf(bytes), this.dialect) : scanner.count
      this.columns = columnNames(names, scanner, issues)
      if (header) return 'blank'
    }
    const columns = this.columns.length
    if (!scanner.problem && scanner.count === columns) return 'good'
    return reportRecord(scanner, { columns, row, start: at, kind, bytes, header }, issues) ? 'broken' : 'good'
  }

  /** What is to be said of the file as a whole, once its first row is known or there is none. */
  reportHead(first: Span | undefined, length: number, issues: IssueSink): void {
    const { columns } = this
    if (!first) {
      const message = columns ? 'The file holds a header and no rows' : 'The file holds no rows'
      issues.add('empty-file', undefined, { start: 0, end: columns ? length : 0 }, message)
    } else if (!this.header && !this.headerGiven) {
      const message = `The first record looks like data, so the columns are called ${columns?.join(', ')}. Set "header" in winnow.json if it is one`
      issues.add('no-header', undefined, first, message)
    }
  }
}

export interface CsvRecords {
  /** The rows that an older version had, where only the others were read. */
  readonly kept?: KeptFrom
  readonly source: Source
  readonly kind: 'csv' | 'tsv'
  readonly dialect: Dialect
  readonly columns: readonly string[]
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly broken: ReadonlySet<number>
  readonly issues: readonly Issue[]
}

export class CsvTable implements Table {
  readonly source: Source
  readonly format: 'csv' | 'tsv'
  readonly columns: readonly string[]
  readonly rowCount: number
  readonly issues: readonly Issue[]
  readonly kept?: KeptFrom
  /** What the parser found. */
  readonly records: CsvRecords
  private readonly scanner: CsvScanner
  private readonly decode: Decode
  private scanned = -1

  constructor(records: CsvRecords) {
    this.records = records
    if (records.kept) this.kept = records.kept
    this.source = records.source
    this.format = records.kind
    this.columns = records.columns
    this.rowCount = records.starts.length
    this.issues = records.issues
    this.scanner = new CsvScanner(records.source.bytes, records.dialect)
    this.decode = decoderOf(records.source.bytes)
  }

  broken(row: number): boolean {
    return this.records.broken.has(row)
  }

  rowSpan(row: number): Span {
    return { start: this.records.starts[row]!, end: this.records.ends[row]! }
  }

  cell(row: number, column: string): Cell | undefined {
    const field = this.locate(row, column)
    if (field < 0) return undefined
    const text = fieldText(this.scanner, field, this.decode, this.records.dialect)
    const span = { start: this.scanner.fields[field * 3]!, end: this.scanner.fields[field * 3 + 1]! }
    return { column, value: text, text, span }
  }

  text(row: number, column: string): string | undefined {
    const field = this.locate(row, column)
    return field < 0 ? undefined : fieldText(this.scanner, field, this.decode, this.records.dialect)
  }

  plainSpan(row: number, column: string): Span | undefined {
    const field = this.locate(row, column)
    // A quote that is written twice stands for one: there the text is not the bytes.
    if (field < 0 || this.scanner.fields[field * 3 + 2] === 2) return undefined
    return { start: this.scanner.fields[field * 3]!, end: this.scanner.fields[field * 3 + 1]! }
  }

  removeRow(row: number): Edit {
    return this.removeRows([row])[0]!
  }

  removeRows(rows: readonly number[]): Edit[] {
    const order = [...new Set(rows)].sort((a, b) => a - b)
    return removeLines(this.source.bytes, this.records.starts, this.records.ends, order)
  }

  setCell(row: number, column: string, value: string): Edit {
    const field = this.locate(row, column)
    if (field < 0) throw new Error(`row ${row} of ${this.source.uri} has no cell ${column} to write`)
    const span = { start: this.scanner.fields[field * 3]!, end: this.scanner.fields[field * 3 + 1]! }
    const { dialect } = this.records
    const quote = dialect.quote < 0 ? '' : String.fromCharCode(dialect.quote)
    const doubled = quote ? value.replaceAll(quote, quote + quote) : value
    if (this.scanner.fields[field * 3 + 2]! > 0) return { span, text: doubled }
    const delimiter = String.fromCharCode(dialect.delimiter)
    const breaks = value.includes(delimiter) || /[\r\n]/.test(value)
    if (!quote && breaks)
      throw new Failure(
        'unwritable-value',
        `${this.source.uri} has no quoting, so a cell cannot hold a ${value.includes(delimiter) ? 'delimiter' : 'line break'}`,
        'Choose another value',
      )
    // A single empty bare field would make the row a blank line, which is no row.
    const blank = value === '' && this.columns.length === 1
    return { span, text: quote && (breaks || blank || value.includes(quote)) ? quote + doubled + quote : value }
  }

  /** The field's number among the fields just scanned, or -1. */
  private locate(row: number, column: string): number {
    if (row < 0 || row >= this.rowCount || this.records.broken.has(row)) return -1
    const field = this.columns.indexOf(column)
    if (field < 0) return -1
    if (this.scanned !== row) {
      this.scanner.record(this.records.starts[row]!)
      this.scanned = row
    }
    return field < this.scanner.count ? field : -1
  }
}

/** Names for every column: empty ones are numbered, repeated ones are numbered and reported. */
function columnNames(header: readonly string[] | number, record: CsvScanner, issues: IssueSink): string[] {
  if (typeof header === 'number') return Array.from({ length: header }, (_, c) => `column${c + 1}`)
  const used = new Set<string>()
  return header.map((cell, c) => {
    const wanted = cell.trim() || `column${c + 1}`
    let name = wanted
    for (let n = 2; used.has(name); n++) name = `${wanted}_${n}`
    used.add(name)
    if (name !== wanted) {
      const span = { start: record.fields[c * 3]!, end: record.fields[c * 3 + 1]! }
      issues.add('duplicate-key', undefined, span, `Two columns are called ${wanted}; the second is read as ${name}`)
    }
    return name
  })
}

/** Adds the record's issue; true where the record is broken by it. */
function reportRecord(
  record: CsvScanner,
  place: { columns: number; row: number; start: number; kind: 'csv' | 'tsv'; bytes: Uint8Array; header: boolean },
  issues: IssueSink,
): boolean {
  const { columns, row, start, kind, bytes } = place
  const at = { start: record.problemAt, end: record.problemAt + 1 }
  switch (record.problem) {
    case 'unclosed-quote':
      issues.add(
        'unclosed-quote',
        row,
        at,
        'A quote opens here and is never closed properly; reading goes on with the next line',
      )
      return true
    case 'text-after-quote': {
      const escaped = bytes[record.problemAt - 2] === 0x5c
      const why = escaped ? 'A quote is written as \\": one inside' : 'Text follows a closing quote: a quote inside'
      issues.add('stray-quote', row, at, `${why} a quoted field is written twice`)
      return true
    }
    case 'too-long':
      issues.add(
        'too-long',
        row,
        { start, end: start + 1 },
        `The record is ${((record.end - start) / 1e6).toFixed(1)} MB long; rows beyond 16 MB are not read`,
      )
      return true
    case 'stray-quote':
      // Most TSV writers know no quoting: there a quote is a character like any other.
      if (kind === 'csv')
        issues.add('stray-quote', row, at, 'A quote inside a field that is not quoted; it is read as a character')
  }
  if (record.count === columns) return false
  const span = { start, end: record.end }
  issues.add(
    'field-count',
    row,
    span,
    `The row has ${record.count} field${record.count === 1 ? '' : 's'}, ${place.header ? 'the header' : 'the first row'} ${columns}`,
  )
  return true
}
