import { decoderOf } from '../text/decode.ts'

/** Columns named of one file; keys beyond them are still found by name (an object used as a map has no columns). */
export const maxColumns = 512

/** Collects key names in the order first seen; rows mostly repeat the row before, so keys are compared as bytes first. */
export class ColumnNames {
  readonly names: string[] = []
  private readonly ids = new Map<string, number>()
  private readonly raw: Uint8Array[] = []
  private readonly lastRow: number[] = []
  /** The column that stood at this position in the row before. */
  private readonly guess: number[] = []
  private bytes: Uint8Array
  private decode: (start: number, end: number) => string

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.decode = decoderOf(bytes)
  }

  /** Goes on in other bytes: the next piece of a file that is read piece by piece. */
  use(bytes: Uint8Array): void {
    this.bytes = bytes
    this.decode = decoderOf(bytes)
  }

  /** Notes the keys of one row; answers the first that stands twice. */
  see(spans: Uint32Array, count: number, row: number): { start: number; end: number; name: string } | undefined {
    let twice: { start: number; end: number; name: string } | undefined
    for (let m = 0; m < count; m++) {
      const start = spans[m * 4]!
      const end = spans[m * 4 + 1]!
      const guess = this.guess[m]
      const id = guess !== undefined && this.same(guess, start, end) ? guess : this.idOf(start, end)
      if (id < 0) continue
      this.guess[m] = id
      if (this.lastRow[id] === row) twice ??= { start, end, name: this.names[id]! }
      this.lastRow[id] = row
    }
    return twice
  }

  /** Rows that are arrays: the columns are `0`, `1`, … */
  seeIndexes(count: number): void {
    while (this.names.length < Math.min(count, maxColumns)) this.names.push(String(this.names.length))
  }

  private same(id: number, start: number, end: number): boolean {
    const known = this.raw[id]!
    if (end - start !== known.length) return false
    for (let i = start, k = 0; i < end; i++, k++) if (this.bytes[i] !== known[k]) return false
    return true
  }

  private idOf(start: number, end: number): number {
    const raw = this.decode(start, end)
    const name = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
    const known = this.ids.get(name)
    if (known !== undefined) return known
    if (this.names.length >= maxColumns) return -1
    this.ids.set(name, this.names.length)
    this.names.push(name)
    this.raw.push(this.bytes.slice(start, end))
    this.lastRow.push(-1)
    return this.names.length - 1
  }
}
