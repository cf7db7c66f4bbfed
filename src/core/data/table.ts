import { LineIndex, type Lines } from '../text/lines.ts'
import type { Edit, Span } from '../text/span.ts'
import type { Windows } from '../text/windows.ts'

/**
 * The bytes a table was read from, always UTF-8. A file in UTF-16 is transcoded by whoever read it and says so
 * in `encoding`, so that a writer can go back; a byte order mark is not part of `bytes` (`bom` remembers it).
 */
export interface Source {
  /** An absolute path or a URI; only compared and shown, never opened by the core. */
  readonly uri: string
  /** Grows with each change of an open document; 0 for a file on disk. */
  readonly version: number
  readonly bytes: Uint8Array
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be'
  readonly bom: boolean
  /** Of the file in bytes, where `bytes` does not hold it (Parquet, files too large to be held). */
  readonly size?: number
  /** The bytes of a file that is too large to be held; `bytes` is then empty. Ask `bytesOf`. */
  readonly windows?: Windows
}

/** `document`: a file that is one row. `conll`: words and their tags, one a line. */
export type FormatName = 'csv' | 'tsv' | 'jsonl' | 'json' | 'text' | 'parquet' | 'conll' | 'document'

/** What a cell holds once decoded. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value }

/** What a value is, as `Table.kind` tells it without reading the value. */
export type ValueKind = 'string' | 'number' | 'boolean' | 'array' | 'object'

/** One field of one row. */
export interface Cell {
  readonly column: string
  readonly value: Value
  /** The value as text: a string as it is, anything else as JSON. Empty for null. */
  readonly text: string
  /** The bytes of the value itself, inside its quotes. */
  readonly span: Span
}

/** Something wrong with the file itself at a place. `row` is the 0-based record it spoils, or undefined for the whole file. */
export interface Issue {
  readonly code:
    | 'unclosed-quote'
    | 'stray-quote'
    | 'field-count'
    | 'bad-json'
    | 'not-an-object'
    | 'duplicate-key'
    | 'bad-utf8'
    | 'nul-byte'
    | 'empty-file'
    | 'too-long'
    | 'no-header'
  readonly row?: number
  readonly span: Span
  readonly message: string
}

/**
 * Rows that know where they came from. Rows are 0-based data records, header and blank lines not counted, broken
 * records counted (so that one bad line does not renumber the rest). Parsing never throws: what is wrong is in `issues`.
 * Only offsets are kept; cells are decoded when asked for.
 */
export interface Table {
  readonly source: Source
  readonly format: FormatName
  /** The key of the list the rows stand in, where one file holds several: `train` of `{"train": […], "test": […]}`. Rows are counted within it. */
  readonly part?: string
  readonly columns: readonly string[]
  readonly rowCount: number
  /** Which rows at its head and its tail an older version had, where that is known from reading it. */
  readonly kept?: KeptFrom
  /** The same of any older version, where it is known. */
  keptSince?(old: Table): Pick<KeptFrom, 'head' | 'tail'> | undefined
  readonly issues: readonly Issue[]
  /** Rows cannot be changed in their place: edits throw a `Failure` (`read-only`), and no fix is offered. */
  readonly readOnly?: true
  /**
   * Does this column stand in no bytes of its own (the label that a folder tells, a text put together of words)? Its cells are not
   * written, and no part of one has a place; rows can be removed all the same.
   */
  fixed?(column: string): boolean
  /** Could this record not be read? Its cells are then undefined. */
  broken(row: number): boolean
  /** The record without its line terminator. */
  rowSpan(row: number): Span
  /** The cell, or undefined where the row lacks the column or is broken. */
  cell(row: number, column: string): Cell | undefined
  /** The cell's text only: the fast path for scans. */
  text(row: number, column: string): string | undefined
  /**
   * Where the cell's text stands in the bytes of the source as it is, unless one of them is a backslash or beyond ASCII:
   * the fastest path for scans. Undefined where it does not, or where there is no cell.
   */
  plainSpan?(row: number, column: string): Span | undefined
  /**
   * As `plainSpan`, with the bytes that the span is of: a part of the source, where it is too large to be held. They are good
   * until the table is asked for another row.
   */
  plainBytes?(row: number, column: string): { readonly bytes: Uint8Array; readonly span: Span } | undefined
  /** Where places of the file are in lines, if the table knows without the bytes of the whole file. Ask `linesOf`. */
  lines?(): Lines
  /** What the cell holds, where the format tells kinds apart; undefined for null and where there is no cell. */
  kind?(row: number, column: string): ValueKind | undefined
  /** Deletes the record and one line terminator; every other byte stays. Removing all rows leaves the header. */
  removeRow(row: number): Edit
  /**
   * Deletes several rows at once, as edits that do not overlap. Neighbours may share a separator (the elements of a JSON
   * array, the last two lines of a file that ends without a line break), so several rows go through here, not one by one.
   */
  removeRows(rows: readonly number[]): Edit[]
  /** Writes a new value in the cell's own style (quoting, escapes). */
  setCell(row: number, column: string, value: string): Edit
}

/** So many rows at the head and at the tail are those of an older version. It is held weakly: versions are not a chain. */
export interface KeptFrom {
  readonly of: WeakRef<Table>
  readonly head: number
  readonly tail: number
}

/** The bytes [start, end) of a source, wherever they are. */
export function bytesOf({ bytes, windows }: Source, { start, end }: Span): Uint8Array {
  return windows ? windows.read(start, end) : bytes.subarray(start, end)
}

/** How many bytes a source has. */
export function lengthOf({ bytes, windows }: Source): number {
  return windows ? windows.length : bytes.length
}

/** Where places of a table are in lines. It reads the file: keep it. */
export function linesOf(table: Table): Lines {
  return table.lines?.() ?? new LineIndex(table.source.bytes)
}

/** The bytes of a row, or more: `bytes[i]` is the byte `i + shift` of the source. */
export function rowBytes(table: Table, row: number): { readonly bytes: Uint8Array; readonly shift: number } {
  const { source } = table
  if (!source.windows) return { bytes: source.bytes, shift: 0 }
  const span = table.rowSpan(row)
  return { bytes: bytesOf(source, span), shift: span.start }
}
