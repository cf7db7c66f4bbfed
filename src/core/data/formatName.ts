import type { FormatName } from './table.ts'

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
