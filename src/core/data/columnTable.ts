import { Failure } from '../base/failure.ts'
import { type Decode, decoderOf } from '../text/decode.ts'
import type { Edit, Span } from '../text/span.ts'
import { lastAtMost } from './offsets.ts'
import type { Cell, FormatName, Issue, Source, Table, Value, ValueKind } from './table.ts'

/** How a packed value is to be read: nothing, a string as it is, or anything else as JSON. */
export type PackedKind = 'null' | 'string' | 'json'
const kinds: readonly PackedKind[] = ['null', 'string', 'json']

/** Some consecutive values of a column, as UTF-8 behind each other: about as large as their text, whatever their number. */
export interface ColumnChunk {
  readonly kinds: Uint8Array
  /** The byte behind each value. */
  readonly ends: Uint32Array
  readonly bytes: Uint8Array
}

/** Packs the values of one column, one after the other. */
export class ColumnPacker {
  private readonly kinds: Uint8Array
  private readonly ends: Uint32Array
  private readonly encoder = new TextEncoder()
  private bytes = new Uint8Array(1 << 12)
  private length = 0
  private rows = 0

  /** `rows` is how many values there will be. */
  constructor(rows: number) {
    this.kinds = new Uint8Array(rows)
    this.ends = new Uint32Array(rows)
  }

  add(kind: PackedKind, text: string): void {
    // Three bytes a UTF-16 unit at most.
    const room = this.length + text.length * 3
    if (room > this.bytes.length) {
      const grown = new Uint8Array(Math.max(room, this.bytes.length * 2))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
    }
    if (text !== '') this.length += this.encoder.encodeInto(text, this.bytes.subarray(this.length)).written
    this.kinds[this.rows] = kinds.indexOf(kind)
    this.ends[this.rows++] = this.length
  }

  /** The chunk; values that were not added are null. */
  done(): ColumnChunk {
    this.ends.fill(this.length, this.rows)
    return { kinds: this.kinds, ends: this.ends, bytes: this.bytes.slice(0, this.length) }
  }
}

export interface PackedColumns {
  readonly source: Source
  readonly format: FormatName
  /** Every column has as many chunks as there are in `starts`: at hand, or read when they are asked for. */
  readonly columns: ReadonlyMap<string, readonly (ColumnChunk | (() => ColumnChunk))[]>
  /** The first row of each chunk. */
  readonly starts: Uint32Array
  readonly rowCount: number
  readonly issues: readonly Issue[]
}

/** So many chunks that were read are kept, of all columns together. */
const mostOpen = 64

const nowhere: Span = { start: 0, end: 0 }

/**
 * A table of a file that is kept by columns (Parquet). Its cells have no place in the file that a person could be shown, so
 * every span is empty at 0 and the row number says where; and it is read-only, since one changed cell would mean a new file.
 */
export class ColumnTable implements Table {
  readonly source: Source
  readonly format: FormatName
  readonly columns: readonly string[]
  readonly rowCount: number
  readonly issues: readonly Issue[]
  readonly readOnly = true
  private readonly packed: PackedColumns
  private readonly decoders = new WeakMap<ColumnChunk, Decode>()
  private readonly open = new Map<() => ColumnChunk, ColumnChunk>()

  constructor(packed: PackedColumns) {
    this.packed = packed
    this.source = packed.source
    this.format = packed.format
    this.columns = [...packed.columns.keys()]
    this.rowCount = packed.rowCount
    this.issues = packed.issues
  }

  broken(): boolean {
    return false
  }

  rowSpan(): Span {
    return nowhere
  }

  cell(row: number, column: string): Cell | undefined {
    const found = this.find(row, column)
    if (!found) return undefined
    const { kind, text } = found
    const value = kind === 'null' ? null : kind === 'string' ? text : (JSON.parse(text) as Value)
    return { column, value, text, span: nowhere }
  }

  text(row: number, column: string): string | undefined {
    return this.find(row, column)?.text
  }

  kind(row: number, column: string): ValueKind | undefined {
    const found = this.find(row, column)
    if (!found || found.kind === 'null') return undefined
    if (found.kind === 'string') return 'string'
    const first = found.text[0]
    return first === '[' ? 'array' : first === '{' ? 'object' : first === 't' || first === 'f' ? 'boolean' : 'number'
  }

  removeRow(): Edit {
    throw this.refusal()
  }

  removeRows(): Edit[] {
    throw this.refusal()
  }

  setCell(): Edit {
    throw this.refusal()
  }

  private refusal(): Failure {
    return readOnlyFailure(this.source.uri, 'is kept by columns')
  }

  private find(row: number, column: string): { readonly kind: PackedKind; readonly text: string } | undefined {
    if (row < 0 || row >= this.rowCount) return undefined
    const chunks = this.packed.columns.get(column)
    if (!chunks) return this.descend(row, column)
    const c = lastAtMost(this.packed.starts, row)
    const chunk = this.opened(chunks[c]!)
    const at = row - this.packed.starts[c]!
    let decode = this.decoders.get(chunk)
    if (!decode) this.decoders.set(chunk, (decode = decoderOf(chunk.bytes)))
    return { kind: kinds[chunk.kinds[at]!]!, text: decode(at === 0 ? 0 : chunk.ends[at - 1]!, chunk.ends[at]!) }
  }

  private opened(chunk: ColumnChunk | (() => ColumnChunk)): ColumnChunk {
    if (typeof chunk !== 'function') return chunk
    const known = this.open.get(chunk)
    if (known) return known
    const fresh = chunk()
    this.open.set(chunk, fresh)
    if (this.open.size > mostOpen) this.open.delete(this.open.keys().next().value!)
    return fresh
  }

  /** A dotted path into a nested column, where no column has that name. */
  private descend(row: number, path: string): { readonly kind: PackedKind; readonly text: string } | undefined {
    for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
      if (!this.packed.columns.has(path.slice(0, dot))) continue
      let value: Value | undefined = this.cell(row, path.slice(0, dot))?.value
      for (const key of path.slice(dot + 1).split('.'))
        value =
          typeof value === 'object' && value !== null && Object.hasOwn(value, key)
            ? (value as { readonly [key: string]: Value })[key]
            : undefined
      if (value === undefined) return undefined
      if (value === null) return { kind: 'null', text: '' }
      return typeof value === 'string' ? { kind: 'string', text: value } : { kind: 'json', text: JSON.stringify(value) }
    }
    return undefined
  }
}

/** The refusal to change a row of a file in its place. */
export function readOnlyFailure(
  uri: string,
  why: string,
  hint = 'Write a new file (winnow split writes JSONL) and change that',
): Failure {
  return new Failure('read-only', `${uri} ${why}, so single rows of it cannot be changed`, hint)
}
