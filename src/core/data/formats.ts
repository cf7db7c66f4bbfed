import { Failure } from '../base/failure.ts'
import { parseConll } from './conll.ts'
import { conllStyle } from './conllStyle.ts'
import { readCsv } from './csv.ts'
import type { DatasetFiles } from './dataset.ts'
import { parseDocument } from './document.ts'
import { FastTextTable, fastTextStyle } from './fastText.ts'
import { formatOfName } from './formatName.ts'
import { IssueList } from './issues.ts'
import { parseJson } from './json.ts'
import { readJsonl } from './jsonl.ts'
import { isOtherJson, readValues } from './jsonValues.ts'
import { parseText } from './plainText.ts'
import { type Reading, readAtOnce } from './reading.ts'
import type { Source, Table } from './table.ts'

/** The tables of a file: one, but for a JSON object of lists. `part` is the key of such a list. */
export function parseTables(source: Source, given: DatasetFiles['format'] = {}): FileTable[] {
  return readAtOnce(readTablesOf(source, given))
}

/** One list of rows in a file, under the key it stands at. */
export interface FileTable {
  readonly part: string | undefined
  readonly table: Table
}

/** As `parseTables`, piece by piece where the format is one of lines. */
export function* readTablesOf(source: Source, given: DatasetFiles['format'] = {}): Reading<FileTable[]> {
  const format = formatOfName(source.uri)
  if (isDocument(source.uri, given)) return [{ part: undefined, table: parseDocument(source) }]
  switch (format) {
    case 'json':
      return parseJson(source)
    case 'jsonl':
      // Something else under the name of JSON Lines: one record on many lines would make every line a broken row.
      return isOtherJson(source.bytes) ? parseOther(source) : [{ part: undefined, table: yield* readJsonl(source) }]
    case 'text':
      return [{ part: undefined, table: parseLines(source) }]
    case 'conll':
      return [{ part: undefined, table: parseConll(source) }]
    case 'parquet':
      throw new Failure(
        'unknown-format',
        `${source.uri} is Parquet, which is read from the file only`,
        'Close it in the editor',
      )
    default:
      return [{ part: undefined, table: yield* readCsv(source, format === 'tsv' ? 'tsv' : 'csv', given) }]
  }
}

/** JSON under the name of JSON Lines. One object that holds no list is a row, printed on several lines. */
function parseOther(source: Source): FileTable[] {
  const tables = parseJson(source)
  return tables.some(({ table }) => table.rowCount > 0 || table.part !== undefined)
    ? tables
    : [{ part: undefined, table: readValues(source, new IssueList()) }]
}

/** Is this file one row? Texts are where it is said so, also those whose names are numbers. */
export function isDocument(path: string, given: DatasetFiles['format']): boolean {
  if (given?.row !== 'file') return false
  const format = formatOfName(path)
  return format === 'text' || format === undefined
}

/** Lines of text, of labelled text (fastText), or of words and tags (CoNLL): their content tells which. */
function parseLines(source: Source): Table {
  const conll = conllStyle(source.bytes)
  if (conll) return parseConll(source, conll)
  const lines = parseText(source)
  const style = fastTextStyle(source.bytes)
  return style ? new FastTextTable(source, lines.rows, style) : lines
}

/**
 * The table of a file that holds one. A file of several lists is refused (`Failure`), since a row number alone would not
 * say which list it counts in; nothing else that the bytes hold throws.
 */
export function parseTable(source: Source, given: DatasetFiles['format'] = {}): Table {
  const tables = parseTables(source, given)
  if (tables.length > 1) {
    const message = `${source.uri} holds several lists (${tables.map(({ part }) => part).join(', ')})`
    throw new Failure('several-lists', message, 'Write each of them into a file of its own')
  }
  return tables[0]!.table
}
