import { type Decode, decoderOf } from '../text/decode.ts'
import type { Edit, Span } from '../text/span.ts'
import { JsonScanner } from './jsonScan.ts'
import { type JsonStyle, jsonStyle, plainStyle, printJsonString } from './jsonStyle.ts'
import type { Cell, FormatName, Issue, KeptFrom, Source, Table, Value, ValueKind } from './table.ts'

/** What a record is in this file: `{…}`, `[…]` with columns `0`, `1`, …, or a bare value with the one column `text`. */
export type RecordShape = 'object' | 'array' | 'value'

/** How messages call the shapes. */
export const described: { readonly [S in RecordShape]: string } = {
  object: 'an object',
  array: 'an array',
  value: 'a bare value',
}

/** What a parser of a JSON-like file hands over. */
export interface JsonRecords {
  readonly source: Source
  readonly format: FormatName
  readonly shape: RecordShape
  readonly part?: string
  readonly columns: readonly string[]
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly broken: ReadonlySet<number>
  /** Asked for when they are first read: a list in a file is done before the file is. */
  readonly issues: () => readonly Issue[]
  /** The edits that take these rows (ascending, distinct) out. */
  readonly remove: (rows: readonly number[]) => Edit[]
  /** The rows that an older version had, where only the others were read. */
  readonly kept?: KeptFrom
  /** Where lists end cannot be told, so a removal might take the comma of another one. */
  readonly readOnly?: true
}

/** A table whose rows are JSON values: JSONL, or the elements of a JSON array. */
export class JsonTable implements Table {
  readonly source: Source
  readonly format: FormatName
  readonly columns: readonly string[]
  readonly rowCount: number
  readonly part?: string
  readonly kept?: KeptFrom
  readonly readOnly?: true
  /** What the parser found. */
  readonly records: JsonRecords
  private readonly scanner: JsonScanner
  private readonly decode: Decode
  private scanned = -1
  private count = 0
  private sorted: readonly Issue[] | undefined
  private style: JsonStyle | undefined

  constructor(records: JsonRecords) {
    this.records = records
    this.source = records.source
    this.format = records.format
    if (records.part !== undefined) this.part = records.part
    if (records.kept) this.kept = records.kept
    if (records.readOnly) this.readOnly = true
    this.columns = records.columns
    this.rowCount = records.starts.length
    this.scanner = new JsonScanner(records.source.bytes)
    this.decode = decoderOf(records.source.bytes)
  }

  get issues(): readonly Issue[] {
    this.sorted ??= this.records.issues()
    return this.sorted
  }

  broken(row: number): boolean {
    return this.records.broken.has(row)
  }

  rowSpan(row: number): Span {
    return { start: this.records.starts[row]!, end: this.records.ends[row]! }
  }

  cell(row: number, column: string): Cell | undefined {
    const at = this.locate(row, column)
    if (!at) return undefined
    const value = this.read(at)
    const quoted = this.source.bytes[at.start] === 0x22
    const span = quoted ? { start: at.start + 1, end: at.end - 1 } : at
    return { column, value, text: typeof value === 'string' ? value : this.textAt(at), span }
  }

  text(row: number, column: string): string | undefined {
    const at = this.locate(row, column)
    return at && this.textAt(at)
  }

  plainSpan(row: number, column: string): Span | undefined {
    const at = this.locate(row, column)
    return at && this.source.bytes[at.start] === 0x22 ? { start: at.start + 1, end: at.end - 1 } : undefined
  }

  kind(row: number, column: string): ValueKind | undefined {
    const at = this.locate(row, column)
    switch (at && this.source.bytes[at.start]) {
      case 0x22:
        return 'string'
      case 0x5b:
        return 'array'
      case 0x7b:
        return 'object'
      case 0x74:
      case 0x66:
        return 'boolean'
      case undefined:
      case 0x6e:
        return undefined
      default:
        return 'number'
    }
  }

  removeRow(row: number): Edit {
    return this.records.remove([row])[0]!
  }

  removeRows(rows: readonly number[]): Edit[] {
    return this.records.remove([...new Set(rows)].sort((a, b) => a - b))
  }

  setCell(row: number, column: string, value: string): Edit {
    const at = this.locate(row, column)
    if (!at) return this.addCell(row, column, value)
    const style = this.styleOf(row)
    if (this.source.bytes[at.start] === 0x22)
      return { span: { start: at.start + 1, end: at.end - 1 }, text: printJsonString(value, style) }
    return { span: at, text: sameKind(this.read(at), value) ? value.trim() : `"${printJsonString(value, style)}"` }
  }

  /** A row that lacks the key gets it as its last member, spaced as the row itself is. */
  private addCell(row: number, column: string, value: string): Edit {
    if (this.broken(row) || this.records.shape !== 'object' || row >= this.rowCount)
      throw new Error(`row ${row} of ${this.source.uri} has no cell ${column} to write`)
    const { start, end } = this.rowSpan(row)
    this.scan(row)
    const bytes = this.source.bytes
    const style = this.styleOf(row)
    const key = `"${printJsonString(column, style)}"`
    const text = `"${printJsonString(value, style)}"`
    if (this.count === 0) {
      const inside = this.scanner.space(start, end) + 1
      return { span: { start: inside, end: inside }, text: `${key}: ${text}` }
    }
    const spans = this.scanner.spans
    const last = (this.count - 1) * 4
    const between = this.decode(spans[last + 1]! + 1, spans[last + 2]!)
    const before =
      this.count > 1 ? this.decode(spans[last - 1]!, spans[last]! - 1) : bytes.indexOf(0x20, start) < 0 ? ',' : ', '
    return { span: { start: spans[last + 3]!, end: spans[last + 3]! }, text: `${before}${key}${between}${text}` }
  }

  /** The bytes of a value, quotes included. A column is a key, or a dotted path where no key has that name. */
  private locate(row: number, column: string): Span | undefined {
    if (row >= this.rowCount || row < 0 || this.records.broken.has(row)) return undefined
    if (this.records.shape === 'value') {
      if (column !== 'text') return undefined
      const start = this.scanner.space(this.records.starts[row]!, this.records.ends[row]!)
      return { start, end: this.scanner.value(start, this.records.ends[row]!) }
    }
    this.scan(row)
    const found = this.find(column, this.records.shape === 'array')
    if (found || !column.includes('.')) return found
    const nested = this.descend(column, this.records.shape === 'array')
    this.scanned = -1
    return nested
  }

  private scan(row: number): void {
    if (this.scanned === row) return
    const start = this.records.starts[row]!
    const end = this.records.ends[row]!
    this.count = this.records.shape === 'object' ? this.scanner.members(start, end) : this.scanner.elements(start, end)
    this.scanned = row
  }

  /** Among the members last scanned; the last of equal keys wins, as in `JSON.parse`. */
  private find(key: string, array: boolean): Span | undefined {
    const spans = this.scanner.spans
    const bytes = this.source.bytes
    if (array) {
      const index = /^\d+$/.test(key) ? Number(key) : -1
      if (index < 0 || index >= this.count) return undefined
      return { start: spans[index * 4 + 2]!, end: spans[index * 4 + 3]! }
    }
    for (let m = this.count - 1; m >= 0; m--) {
      const start = spans[m * 4]!
      const end = spans[m * 4 + 1]!
      if (!sameKey(bytes, start, end, key)) {
        if (!maybeEscaped(bytes, start, end) || this.readString(start, end) !== key) continue
      }
      return { start: spans[m * 4 + 2]!, end: spans[m * 4 + 3]! }
    }
    return undefined
  }

  private descend(path: string, array: boolean): Span | undefined {
    for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
      const outer = this.find(path.slice(0, dot), array)
      if (!outer) continue
      const first = this.source.bytes[outer.start]
      if (first !== 0x7b && first !== 0x5b) return undefined
      const inArray = first === 0x5b
      this.count = inArray
        ? this.scanner.elements(outer.start, outer.end)
        : this.scanner.members(outer.start, outer.end)
      const rest = path.slice(dot + 1)
      return this.find(rest, inArray) ?? (rest.includes('.') ? this.descend(rest, inArray) : undefined)
    }
    return undefined
  }

  private textAt(at: Span): string {
    const first = this.source.bytes[at.start]
    if (first === 0x22) return this.readString(at.start + 1, at.end - 1)
    if (first === 0x6e) return ''
    // Numbers as written: 9007199254740993 and 1.10 would not survive a double.
    if (first !== 0x7b && first !== 0x5b) return this.decode(at.start, at.end)
    return JSON.stringify(JSON.parse(this.decode(at.start, at.end)))
  }

  private read(at: Span): Value {
    if (this.source.bytes[at.start] === 0x22) return this.readString(at.start + 1, at.end - 1)
    return JSON.parse(this.decode(at.start, at.end)) as Value
  }

  private readString(start: number, end: number): string {
    const raw = this.decode(start, end)
    return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
  }

  private styleOf(row: number): JsonStyle {
    // The file's habit, seen in its first megabyte, decides where the row itself shows none.
    this.style ??= jsonStyle(this.decode(0, Math.min(this.source.bytes.length, 1 << 20)), plainStyle)
    const { start, end } = this.rowSpan(row)
    return jsonStyle(this.decode(start, end), this.style)
  }
}

function sameKey(bytes: Uint8Array, start: number, end: number, key: string): boolean {
  // Only for keys of ASCII: any other key is compared decoded.
  if (end - start !== key.length) return false
  for (let i = 0; i < key.length; i++) if (bytes[start + i] !== key.charCodeAt(i)) return false
  return true
}

function maybeEscaped(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! >= 0x80 || bytes[i] === 0x5c) return true
  return false
}

/** A number may replace a number, and so on; anything else becomes a string. */
function sameKind(old: Value, text: string): boolean {
  if (old === null) return false
  try {
    const value = JSON.parse(text) as Value
    return value !== null && typeof value === typeof old && Array.isArray(value) === Array.isArray(old)
  } catch {
    return false // Not JSON, so it can only be a string.
  }
}
