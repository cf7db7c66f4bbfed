import { bytesOf, lengthOf, type Source, type Table } from '../core/data/table.ts'

/** Some rows of tables of one file, ascending. */
export interface RowsOf {
  readonly table: Table
  readonly rows: readonly number[]
}

/** The extension of the file that `copyRows` makes. */
export function copiedExtension(table: Table): string {
  if (isPrinted(table) || (table.format === 'json' && !isInList(table))) return '.jsonl'
  return `.${table.format === 'text' ? 'txt' : table.format}`
}

/**
 * A file that holds these rows and nothing else: each row's own bytes, behind the header, between the brackets and with the
 * line ends of the file they come from, in its encoding. Rows without bytes of their own (Parquet), or with a file of their own, are
 * printed as JSON Lines.
 */
export function copyRows(from: readonly RowsOf[]): Uint8Array {
  const first = from.find(({ table }) => table.rowCount > 0)?.table ?? from[0]?.table
  if (!first) return new Uint8Array(0)
  if (isPrinted(first))
    return Buffer.from(from.flatMap(({ table, rows }) => rows.map(row => jsonLine(table, row))).join(''))
  return encoded(first.source, isInList(first) ? listOf(first, from) : linesOf(first, from))
}

/** Objects under the name of JSON may also stand one behind the other. */
function isInList(table: Table): boolean {
  if (table.format !== 'json' || table.rowCount === 0) return table.format === 'json'
  const { bytes } = table.source
  let before = table.rowSpan(0).start
  while (before > 0 && bytes[before - 1]! <= 0x20) before--
  return bytes[before - 1] === 0x5b
}

function isPrinted({ readOnly, format }: Table): boolean {
  return readOnly === true || format === 'document'
}

/** Bytes of the source: the header, then every row with its line end. */
function linesOf(first: Table, from: readonly RowsOf[]): Uint8Array {
  const end = lineEnd(first)
  const pieces: Uint8Array[] = []
  // What stands before the first record is the header; a file without one begins with the record.
  if (first.format === 'csv' || first.format === 'tsv') {
    const length = first.rowCount > 0 ? first.rowSpan(0).start : lengthOf(first.source)
    const header = bytesOf(first.source, { start: 0, end: length })
    pieces.push(header)
    if (first.rowCount === 0 && header.length > 0 && !endsLine(header)) pieces.push(end)
  }
  for (const { table, rows } of from) {
    for (const row of rows) {
      pieces.push(bytesOf(table.source, table.rowSpan(row)), end)
      // A blank line ends a sentence.
      if (table.format === 'conll') pieces.push(end)
    }
  }
  return Buffer.concat(pieces)
}

/** The line end that the file itself uses behind its first row. */
function lineEnd(table: Table): Uint8Array {
  const length = lengthOf(table.source)
  const start = table.rowCount > 0 ? table.rowSpan(0).end : length
  const bytes = bytesOf(table.source, { start, end: Math.min(length, start + 2) })
  if (bytes[0] === 0x0d) return bytes.subarray(0, bytes[1] === 0x0a ? 2 : 1)
  if (bytes[0] === 0x0a) return bytes.subarray(0, 1)
  return Buffer.from(table.source.bytes.includes(0x0d) ? '\r\n' : '\n')
}

function endsLine(bytes: Uint8Array): boolean {
  return bytes.at(-1) === 0x0a || bytes.at(-1) === 0x0d
}

/** A list with the space of the file's own list: behind its bracket, between its first two records, before its end. */
function listOf(first: Table, from: readonly RowsOf[]): Uint8Array {
  const { bytes } = first.source
  const isSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
  const { start, end } = first.rowSpan(0)
  let before = start
  while (before > 0 && isSpace(bytes[before - 1])) before--
  const second = first.rowCount > 1 ? first.rowSpan(1).start : end
  const between = first.rowCount > 1 ? bytes.subarray(end, second) : Buffer.from(',\n')
  const last = first.rowSpan(first.rowCount - 1).end
  let behind = last
  while (isSpace(bytes[behind])) behind++
  const pieces: Uint8Array[] = [Buffer.from('['), bytes.subarray(before, start)]
  let any = false
  for (const { table, rows } of from) {
    for (const row of rows) {
      if (any) pieces.push(between)
      any = true
      const span = table.rowSpan(row)
      pieces.push(table.source.bytes.subarray(span.start, span.end))
    }
  }
  const closing = bytes[behind] === 0x5d ? bytes.subarray(last, behind + 1) : Buffer.from('\n]')
  return any ? Buffer.concat([...pieces, closing, Buffer.from('\n')]) : Buffer.from('[]\n')
}

function jsonLine(table: Table, row: number): string {
  const members = table.columns.map(column => {
    const cell = table.cell(row, column)
    const value = cell === undefined || cell.value === null ? 'null' : valueText(cell.value, cell.text)
    return `${JSON.stringify(column)}: ${value}`
  })
  return `{${members.join(', ')}}\n`
}

/** A number as it is written: a double may not hold all of its digits. */
function valueText(value: unknown, text: string): string {
  return typeof value === 'number' ? text : JSON.stringify(value)
}

/** Back to the file's encoding and byte order mark. */
function encoded(source: Source, bytes: Uint8Array): Uint8Array {
  if (source.encoding === 'utf-8') return source.bom ? Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]) : bytes
  const wide = Buffer.from(`\ufeff${Buffer.from(bytes).toString('utf8')}`, 'utf16le')
  return source.encoding === 'utf-16be' ? wide.swap16() : wide
}
