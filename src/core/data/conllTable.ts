import { Failure } from '../base/failure.ts'
import { type Decode, decoderOf } from '../text/decode.ts'
import type { Edit, Span } from '../text/span.ts'
import { readOnlyFailure } from './columnTable.ts'
import { type ConllStyle, cut } from './conllStyle.ts'
import type { Cell, Issue, Source, Table, ValueKind } from './table.ts'

/** Where the sentences of a file are, in bytes. */
export interface Sentences {
  /** Of what belongs to the sentence before its words: its comments. */
  readonly heads: Uint32Array
  /** Of its first word, and behind its last one without the line end. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** Behind the blank line that ends it. */
  readonly behind: Uint32Array
  readonly broken: ReadonlySet<number>
}

/** Names of the columns between the word and its last tag, by how many fields there are in all. */
const between: { readonly [fields: number]: readonly string[] } = { 3: ['pos_tags'], 4: ['pos_tags', 'chunk_tags'] }
const universal: readonly string[] = ['', 'tokens', 'lemmas', 'tags', 'xpos_tags']

/**
 * Sentences of words with tags (CoNLL): a row has its `text`, the words as a list (`tokens`), and for each column of tags a list as long
 * (`tags` is the last one). Tags can be written, words stay as they are.
 */
export class ConllTable implements Table {
  readonly source: Source
  readonly format = 'conll'
  readonly columns: readonly string[]
  readonly rowCount: number
  readonly issues: readonly Issue[]
  private readonly rows: Sentences
  private readonly style: ConllStyle
  private readonly decode: Decode
  /** The field of each column; -1 for the text. */
  private readonly fields: ReadonlyMap<string, number>
  private known: { readonly row: number; readonly words: readonly (readonly string[])[] } | undefined

  constructor(
    source: Source,
    { style, ...rows }: Sentences & { readonly style: ConllStyle },
    issues: readonly Issue[],
  ) {
    this.source = source
    this.rows = rows
    this.style = style
    this.issues = issues
    this.rowCount = rows.starts.length
    this.decode = decoderOf(source.bytes)
    this.fields = fieldsOf(style)
    this.columns = [...this.fields.keys()]
  }

  broken(row: number): boolean {
    return this.rows.broken.has(row)
  }

  rowSpan(row: number): Span {
    return { start: this.rows.starts[row]!, end: this.rows.ends[row]! }
  }

  cell(row: number, column: string): Cell | undefined {
    const words = this.words(row)
    const field = this.fields.get(column)
    if (!words || field === undefined) return undefined
    const span = this.rowSpan(row)
    if (field >= 0) {
      const value = words.map(word => word[field]!)
      return { column, value, text: JSON.stringify(value), span }
    }
    const text = this.textOf(words)
    return { column, value: text, text, span }
  }

  text(row: number, column: string): string | undefined {
    const words = this.words(row)
    const field = this.fields.get(column)
    if (!words || field === undefined) return undefined
    return field < 0 ? this.textOf(words) : JSON.stringify(words.map(word => word[field]))
  }

  kind(row: number, column: string): ValueKind | undefined {
    if (!this.words(row) || !this.fields.has(column)) return undefined
    return column === 'text' ? 'string' : 'array'
  }

  /** Each word of a text stands in a line of its own, between other fields. */
  fixed(column: string): boolean {
    return column === 'text' || column === 'tokens'
  }

  removeRow(row: number): Edit {
    return this.removeRows([row])[0]!
  }

  removeRows(rows: readonly number[]): Edit[] {
    const edits: { span: { start: number; end: number }; text: string }[] = []
    for (const row of [...new Set(rows)].sort((a, b) => a - b)) {
      const start = this.rows.heads[row]
      const end = this.rows.behind[row]
      if (start === undefined || end === undefined) throw new Error(`no row ${row}`)
      const last = edits.at(-1)
      if (last?.span.end === start) last.span = { start: last.span.start, end }
      else edits.push({ span: { start, end }, text: '' })
    }
    return edits
  }

  /** Writes the tags of a sentence: a JSON list, or names with spaces between, one for each word. */
  setCell(row: number, column: string, value: string): Edit {
    const words = this.words(row)
    const field = this.fields.get(column)
    if (!words || field === undefined)
      throw new Error(`row ${row} of ${this.source.uri} has no cell ${column} to write`)
    if (this.fixed(column))
      throw readOnlyFailure(
        this.source.uri,
        'has a line for each word',
        'Change the words there, and the tags beside them',
      )
    const tags = tagsOf(value)
    if (tags.length !== words.length || tags.some(tag => tag === '' || /\s/.test(tag))) {
      const message = `Row ${row} of ${this.source.uri} has ${words.length} words, so it takes as many tags without white space, not ${tags.length}`
      throw new Failure('unwritable-value', message, 'Give one tag for each word')
    }
    const span = this.rowSpan(row)
    let n = 0
    const text = this.decode(span.start, span.end).replace(/[^\r\n]+/g, line =>
      this.isWord(line) ? this.withField(line, field, tags[n++]!) : line,
    )
    return { span, text }
  }

  private withField(line: string, field: number, tag: string): string {
    const [at, end] = fieldSpans(line, this.style)[field]!
    return line.slice(0, at) + tag + line.slice(end)
  }

  private words(row: number): readonly (readonly string[])[] | undefined {
    if (row < 0 || row >= this.rowCount || this.broken(row)) return undefined
    if (this.known?.row === row) return this.known.words
    const { start, end } = this.rowSpan(row)
    const lines = this.decode(start, end).split(/\r\n|\n|\r/)
    const words = lines.filter(line => this.isWord(line)).map(line => cut(line, this.style))
    this.known = { row, words }
    return words
  }

  /** Universal Dependencies also number spans of words (`3-4`) and words that are not there (`5.1`). */
  private isWord(line: string): boolean {
    return !this.style.universal || !/^\d+[-.]\d/.test(line)
  }

  private textOf(words: readonly (readonly string[])[]): string {
    const field = this.fields.get('tokens')!
    return words.map(word => word[field]).join(' ')
  }
}

function fieldsOf(style: ConllStyle): Map<string, number> {
  const fields = new Map([['text', -1]])
  if (style.universal) {
    for (const [field, name] of universal.entries()) if (name !== '') fields.set(name, field)
    return fields
  }
  const last = style.fields - 1
  fields.set('tokens', 0)
  if (last > 0) fields.set('tags', last)
  for (let field = 1; field < last; field++)
    fields.set(between[style.fields]?.[field - 1] ?? `column${field + 1}`, field)
  return fields
}

/** Where the fields of a line begin and end. */
function fieldSpans(line: string, { tabs }: ConllStyle): [number, number][] {
  return [...line.matchAll(tabs ? /(?<=^|\t)[^\t]*/g : /[^ \t]+/g)].map(match => [
    match.index,
    match.index + match[0].length,
  ])
}

function tagsOf(value: string): string[] {
  try {
    const list: unknown = JSON.parse(value)
    if (Array.isArray(list)) return list.map(String)
  } catch {
    // Names with spaces between.
  }
  return value.trim().split(/\s+/)
}
