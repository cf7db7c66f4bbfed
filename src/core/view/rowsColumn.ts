/** Rows whose texts stand together in one string. */
export const chunkRows = 4096
/** A column of more values than this is no category, unless it holds the labels. */
const mostValues = 200
const mostLabels = 50_000

/**
 * The texts of a column, 4,096 rows to a string, each text ended by a line feed: one search runs over many rows, where a search in
 * each would cost a call for each. `starts[row]` is where the text of the row begins in its string.
 */
export class TextColumn {
  readonly kind = 'text'
  readonly rows: number
  readonly chunks: string[]
  readonly starts: Uint32Array

  constructor(rows: number, chunks: string[], starts: Uint32Array) {
    this.rows = rows
    this.chunks = chunks
    this.starts = starts
  }

  /** Where the text of a row ends in its chunk: its line feed. */
  end(row: number): number {
    const next = row + 1
    return next % chunkRows === 0 || next === this.rows
      ? this.chunks[Math.floor(row / chunkRows)]!.length - 1
      : this.starts[next]! - 1
  }

  text(row: number): string {
    return this.chunks[Math.floor(row / chunkRows)]!.slice(this.starts[row]!, this.end(row))
  }

  /** Changes the text of one row; true: a text column takes any. */
  set(row: number, text: string): boolean {
    const chunk = Math.floor(row / chunkRows)
    const old = this.chunks[chunk]!
    const [from, to] = [this.starts[row]!, this.end(row)]
    this.chunks[chunk] = old.slice(0, from) + text + old.slice(to)
    const more = text.length - (to - from)
    for (let next = row + 1; next % chunkRows !== 0 && next < this.rows; next++) this.starts[next]! += more
    return true
  }

  length(row: number): number {
    return this.end(row) - this.starts[row]!
  }
}

/** A column of numbers; NaN where a row has none. Its texts are kept too, since `1.50` is searched as it stands. */
export class NumberColumn {
  readonly kind = 'number'
  readonly values: Float64Array
  readonly texts: TextColumn
  /** The most decimals that a text has; infinitely many where one has an exponent. */
  decimals: number

  constructor(values: Float64Array, texts: TextColumn, decimals: number) {
    this.values = values
    this.texts = texts
    this.decimals = decimals
  }

  text(row: number): string {
    return this.texts.text(row)
  }

  /** False where the text is no number: the column is then another one. */
  set(row: number, text: string): boolean {
    const value = numberOf(text)
    if (text !== '' && Number.isNaN(value)) return false
    this.values[row] = value
    this.decimals = Math.max(this.decimals, decimalsOf(text))
    return this.texts.set(row, text)
  }
}

/** A column of few values: `values[codes[row]]`. The empty text is what a row without a value has. */
export class CategoryColumn {
  readonly kind = 'category'
  readonly codes: Uint16Array
  readonly values: string[]
  private readonly known: Map<string, number>

  constructor(codes: Uint16Array, values: string[]) {
    this.codes = codes
    this.values = values
    this.known = new Map(values.map((value, code) => [value, code]))
  }

  text(row: number): string {
    return this.values[this.codes[row]!]!
  }

  code(value: string): number | undefined {
    return this.known.get(value)
  }

  set(row: number, text: string): boolean {
    let code = this.known.get(text)
    if (code === undefined) {
      code = this.values.length
      if (code > mostLabels) return false
      this.values.push(text)
      this.known.set(text, code)
    }
    this.codes[row] = code
    return true
  }
}

export type ColumnValues = TextColumn | NumberColumn | CategoryColumn

/** A number as data files write them; NaN for any other text. */
export function numberOf(text: string): number {
  return /^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/.test(text) ? Number(text) : Number.NaN
}

/** Digits after the point, as written: 2 of `1.50`; infinitely many of `1e-5`. */
export function decimalsOf(number: string): number {
  if (/e/i.test(number)) return Number.POSITIVE_INFINITY
  const text = number.trimEnd()
  const point = text.indexOf('.')
  return point < 0 ? 0 : text.length - point - 1
}

/**
 * Takes the texts of a column row by row, and knows at the end which kind of column it is: one of numbers if every text that is not
 * empty is a number, of categories if it holds the labels or few distinct values that come back, else one of texts.
 */
export class ColumnBuilder {
  private readonly rows: number
  private readonly isLabel: boolean
  private readonly chunks: string[] = []
  private readonly starts: Uint32Array
  private texts: string[] = []
  private length = 0
  private row = 0
  private numbers: Float64Array | undefined
  private filled = 0
  private decimals = 0
  private codes: Uint16Array | undefined
  private readonly values = new Map<string, number>()

  constructor(rows: number, { isLabel }: { readonly isLabel: boolean }) {
    this.rows = rows
    this.isLabel = isLabel
    this.starts = new Uint32Array(rows)
    this.codes = new Uint16Array(rows)
    if (!isLabel) this.numbers = new Float64Array(rows)
  }

  add(text: string): void {
    const { row } = this
    this.starts[row] = this.length
    this.texts.push(text)
    this.length += text.length + 1
    if (text !== '') this.filled++
    if (this.numbers) {
      const value = numberOf(text)
      if (Number.isNaN(value) && text !== '') this.numbers = undefined
      else {
        this.numbers[row] = value
        this.decimals = Math.max(this.decimals, decimalsOf(text))
      }
    }
    if (this.codes) {
      let code = this.values.get(text)
      if (code === undefined) {
        code = this.values.size
        if (code >= (this.isLabel ? mostLabels : mostValues)) this.codes = undefined
        else this.values.set(text, code)
      }
      if (this.codes) this.codes[row] = code
    }
    this.row++
    if (this.row % chunkRows === 0) this.close()
  }

  done(): ColumnValues {
    if (this.texts.length > 0) this.close()
    const texts = new TextColumn(this.rows, this.chunks, this.starts)
    const numbers = this.filled > 0 ? this.numbers : undefined
    if (numbers) return new NumberColumn(numbers, texts, this.decimals)
    const few = this.isLabel || this.values.size <= Math.max(2, this.rows / 4)
    if (this.codes && few) return new CategoryColumn(this.codes, [...this.values.keys()])
    return texts
  }

  private close(): void {
    this.texts.push('')
    this.chunks.push(this.texts.join('\n'))
    this.texts = []
    this.length = 0
  }
}
