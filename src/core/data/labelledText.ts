import { decoderOf } from '../text/decode.ts'
import type { Edit, Span } from '../text/span.ts'
import { readOnlyFailure } from './columnTable.ts'
import type { Cell, Issue, Source, Table } from './table.ts'

/**
 * The files that may hold the labels of a text file, line by line: `train.labels` and `train.label` beside `train.txt`,
 * `train_labels.txt` beside `train_text.txt` or `train.txt`, `labels.txt` beside `text.txt`. The likeliest first.
 */
export function labelFilesOf(path: string): string[] {
  const match = /^(.*\/)?([^/]+)\.txt$/i.exec(path)
  if (!match) return []
  const [, folder = '', name = ''] = match
  // `train_text` is the texts of `train`, and `text` alone those of its folder.
  const stem = name.replace(/(^|[-_.])(texts?|sentences?)$/i, '')
  const join = stem === '' ? '' : (/[-_.](?=(texts?|sentences?)$)/i.exec(name)?.[0] ?? '_')
  const found: string[] = []
  for (const ending of ['.labels', '.label']) found.push(`${folder}${name}${ending}`)
  for (const word of ['labels', 'label']) {
    if (stem !== '' && stem !== name) found.push(`${folder}${stem}.${word}`)
    found.push(`${folder}${stem}${join}${word}.txt`)
  }
  return found.filter(other => other !== path)
}

/** The files that may say, for a text file with labels, what the numbers among these are called. */
export function labelNamesFilesOf(path: string): string[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  return ['mapping.txt', 'label_mapping.txt', 'label_names.txt', 'classes.txt'].map(name => folder + name)
}

/**
 * The names of labels that are numbers: lines of a number and its name (`0<tab>anger`), or a list of names, the first of which is 0, or
 * 1 where the labels count so. Undefined where not every label has one.
 */
function namesOf(file: Source, labels: readonly string[]): ReadonlyMap<string, string> | undefined {
  const used = new Set(labels.filter(label => label !== ''))
  if (![...used].every(label => /^\d+$/.test(label))) return undefined
  const lines = linesOf(file).filter(line => line !== '')
  const pairs = lines.map(line => /^(\d+)[\t ,:]+(.+)$/.exec(line))
  const names = new Map<string, string>()
  if (pairs.every(pair => pair !== null)) for (const pair of pairs) names.set(pair[1]!, pair[2]!.trim())
  else {
    const first = used.has('0') ? 0 : used.has(String(lines.length)) ? 1 : -1
    if (first >= 0) for (const [i, line] of lines.entries()) names.set(String(i + first), line)
  }
  return [...used].every(label => names.has(label)) ? names : undefined
}

/** Of the files at hand those that are the labels of another one. */
export function labelFilesAmong(paths: Iterable<string>): Set<string> {
  const all = new Set(paths)
  const found = new Set<string>()
  for (const path of all) {
    const labels = labelFilesOf(path).find(other => all.has(other))
    if (labels !== undefined) found.add(labels)
  }
  return found
}

/**
 * A text file with the labels that another file has for its lines. A row is a line of the text that is not blank; its label
 * is the line of the same number. Spans are those of the text. Two files would have to change together, so the rows
 * are read-only.
 */
export class LabelledTextTable implements Table {
  readonly source: Source
  readonly format = 'text'
  readonly columns = ['text', 'label']
  readonly rowCount: number
  readonly issues: readonly Issue[]
  readonly readOnly = true
  private readonly texts: Table
  private readonly labels: readonly string[]
  /** The line of each row. */
  private readonly lineOf: Uint32Array

  /** `names` is a file that says what the numbers among the labels are called. */
  constructor(text: Table, labels: Source, names?: Source) {
    this.texts = text
    this.source = text.source
    this.rowCount = text.rowCount
    this.lineOf = lineNumbers(text)
    const own = linesOf(labels)
    const called = names && namesOf(names, own)
    this.labels = called ? own.map(label => called.get(label) ?? label) : own
    const lines = countLines(text.source.bytes)
    const same = lines === this.labels.length
    const message = `${labels.uri.slice(labels.uri.lastIndexOf('/') + 1)} has ${this.labels.length} lines for the ${lines} of this file: from some line on the labels are not those of the texts`
    this.issues = same ? text.issues : [{ code: 'field-count', span: { start: 0, end: 0 }, message }, ...text.issues]
  }

  broken(row: number): boolean {
    return this.texts.broken(row)
  }

  rowSpan(row: number): Span {
    return this.texts.rowSpan(row)
  }

  cell(row: number, column: string): Cell | undefined {
    if (column !== 'label') return this.texts.cell(row, column)
    const text = this.text(row, column)
    if (text === undefined) return undefined
    const { start } = this.rowSpan(row)
    return { column, value: text, text, span: { start, end: start } }
  }

  text(row: number, column: string): string | undefined {
    if (column !== 'label') return this.texts.text(row, column)
    return row < 0 || row >= this.rowCount || this.broken(row) ? undefined : this.labels[this.lineOf[row]!]
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

  private refusal() {
    return readOnlyFailure(this.source.uri, 'has its labels in another file')
  }
}

function lineNumbers(table: Table): Uint32Array {
  const { bytes } = table.source
  const numbers = new Uint32Array(table.rowCount)
  let at = 0
  let line = 0
  for (let row = 0; row < table.rowCount; row++) {
    const { start } = table.rowSpan(row)
    for (; at < start; at++) if (endsLine(bytes, at)) line++
    numbers[row] = line
  }
  return numbers
}

/** Lines of a file; what follows the last line end is one only where there is something. */
function countLines(bytes: Uint8Array): number {
  let lines = 0
  for (let at = 0; at < bytes.length; at++) if (endsLine(bytes, at)) lines++
  return bytes.length > 0 && !endsLine(bytes, bytes.length - 1) ? lines + 1 : lines
}

/** At a line feed, or a carriage return that none follows. */
function endsLine(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x0a || (bytes[at] === 0x0d && bytes[at + 1] !== 0x0a)
}

function linesOf({ bytes }: Source): string[] {
  const decode = decoderOf(bytes)
  const lines: string[] = []
  // Labels repeat: one string for each of them, not one a line.
  const known = new Map<string, string>()
  for (let at = 0, start = 0; at <= bytes.length; at++) {
    if (at < bytes.length ? !endsLine(bytes, at) : start === at) continue
    const text = decode(start, at).trim()
    const same = known.get(text) ?? text
    known.set(text, same)
    lines.push(same)
    start = at + 1
  }
  return lines
}
