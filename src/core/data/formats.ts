import { parseCsv } from './csv.ts'
import type { DatasetFiles } from './dataset.ts'
import { parseJsonl } from './jsonl.ts'
import type { FormatName, Source, Table } from './table.ts'

const byExtension: { readonly [extension: string]: FormatName } = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'json',
  txt: 'text',
  parquet: 'parquet',
}

/** The format a file name tells, compression suffix ignored; undefined where it tells none. */
export function formatOfName(path: string): FormatName | undefined {
  const match = /\.([a-z0-9]+)$/i.exec(path.replace(/\.(gz|zst)$/i, ''))
  return match ? byExtension[match[1]!.toLowerCase()] : undefined
}

/** Reads a source by its name and, where that is not enough, by its content. Never throws for what the bytes hold. */
export function parseTable(source: Source, given: DatasetFiles['format'] = {}): Table {
  const format = formatOfName(source.uri)
  if (format === 'jsonl' || format === 'json') return parseJsonl(source)
  return parseCsv(source, format === 'tsv' ? 'tsv' : 'csv', given)
}
