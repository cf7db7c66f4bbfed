import { type Decode, decoderOf } from '../text/decode.ts'
import { CsvScanner, type Dialect } from './csvScan.ts'
import type { DatasetFiles } from './dataset.ts'

/** What is detected is detected from the first part of the file. */
export const sampleBytes = 1 << 16
const sampleRows = 200

const names =
  /^(text|sentence|sentence[12]|question[12]?|query|utterance|review|comment|tweet|title|body|content|message|description|news|headline|premise|hypothesis|passage|document|article|abstract|answer|response|label|labels|category|class|target|intent|sentiment|topic|emotion|tag|score|rating|star|stars|domain|id|idx|index|uid|guid|source|date|time|url|author|user|name|lang|language|split|instruction|input|output|prompt|completion|messages|conversations|chosen|rejected|context|code|key|value|type)$/i

/** Delimiter and quote of a file: as given, or the delimiter that cuts the first rows into the same number of fields. */
export function csvDialect(bytes: Uint8Array, kind: 'csv' | 'tsv', given: DatasetFiles['format'] = {}): Dialect {
  const quote = given.quote === undefined ? 0x22 : given.quote === '' ? -1 : given.quote.charCodeAt(0)
  const head = sample(bytes)
  const delimiter = given.delimiter ? given.delimiter.charCodeAt(0) : usualDelimiter(head, kind, quote)
  // Most TSV writers know no quoting: there a quote is a character, unless every quoted field is a proper one.
  const literal = given.quote === undefined && delimiter === 0x09 && !wellQuoted(head, { delimiter, quote })
  return { delimiter, quote: literal ? -1 : quote }
}

/** A tab where the name says so, unless there is none and another delimiter cuts the first record into usual names. */
function usualDelimiter(head: Uint8Array, kind: 'csv' | 'tsv', quote: number): number {
  const best = kind === 'csv' || !head.includes(0x09) ? bestDelimiter(head, quote) : 0x09
  if (kind === 'csv' || best === 0x09) return best
  const dialect = { delimiter: best, quote }
  const [first] = recordsOf(head, dialect)
  const cells = first ? fieldTexts(first, decoderOf(head), dialect) : []
  return cells.length > 1 && cells.every(cell => names.test(cell.trim())) ? best : 0x09
}

/** Whole lines from the start of the file. */
function sample(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= sampleBytes) return bytes
  const cut = bytes.lastIndexOf(0x0a, sampleBytes)
  return bytes.subarray(0, cut > 0 ? cut + 1 : sampleBytes)
}

function* recordsOf(bytes: Uint8Array, dialect: Dialect): Generator<CsvScanner> {
  const scanner = new CsvScanner(bytes, dialect)
  let rows = 0
  for (let at = 0; at < bytes.length && rows < sampleRows; at = scanner.next) {
    scanner.record(at)
    if (scanner.end === at) continue
    rows++
    yield scanner
  }
}

function bestDelimiter(bytes: Uint8Array, quote: number): number {
  let best = 0x2c
  let bestShare = 0
  for (const delimiter of [0x2c, 0x3b, 0x09, 0x7c]) {
    let header = 0
    let same = 0
    let rows = 0
    for (const record of recordsOf(bytes, { delimiter, quote })) {
      if (rows++ === 0) header = record.count
      if (record.count === header && (!record.problem || record.problem === 'stray-quote')) same++
    }
    const share = header > 1 ? same / rows : 0
    if (share > bestShare) {
      best = delimiter
      bestShare = share
    }
  }
  return best
}

function wellQuoted(bytes: Uint8Array, dialect: Dialect): boolean {
  for (const record of recordsOf(bytes, dialect))
    if (record.problem === 'unclosed-quote' || record.problem === 'text-after-quote') return false
  return true
}

/**
 * Is the first record a header? It is when one of its cells is a usual column name; it is not when a cell is empty, a
 * number, longer than a name, or repeated, or when its last cell comes back as a value below.
 */
export function hasHeader(bytes: Uint8Array, dialect: Dialect): boolean {
  const head = sample(bytes)
  const decode = decoderOf(head)
  let first: string[] | undefined
  let below = 0
  let repeated = 0
  for (const record of recordsOf(head, dialect)) {
    const cells = fieldTexts(record, decode, dialect)
    if (!first) {
      first = cells
      if (cells.some(cell => names.test(cell.trim()))) return true
      const plain = cells.every(cell => cell.trim() !== '' && cell.length <= 40 && !/^[-+.\d]/.test(cell.trim()))
      if (!plain || new Set(cells).size < cells.length) return false
      if (cells.some(cell => cell.trim().split(/\s+/).length > 3)) return false
      continue
    }
    below++
    if (cells.some((cell, c) => cell === first?.[c])) repeated++
  }
  return first !== undefined && (below === 0 || repeated === 0)
}

/** The values of the record that was just scanned. */
export function fieldTexts(record: CsvScanner, decode: Decode, dialect: Dialect): string[] {
  const texts: string[] = []
  for (let f = 0; f < record.count; f++) texts.push(fieldText(record, f, decode, dialect))
  return texts
}

export function fieldText(record: CsvScanner, field: number, decode: Decode, dialect: Dialect): string {
  const text = decode(record.fields[field * 3]!, record.fields[field * 3 + 1]!)
  if (record.fields[field * 3 + 2] !== 2) return text
  const quote = String.fromCharCode(dialect.quote)
  return text.replaceAll(quote + quote, quote)
}
