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
  conll: 'conll',
  conllu: 'conll',
  iob: 'conll',
  iob2: 'conll',
  bio: 'conll',
  // Names as `cooking.train` and `eng.testa`: lines of labelled texts (fastText), or of words and tags.
  train: 'text',
  valid: 'text',
  dev: 'text',
  test: 'text',
  testa: 'text',
  testb: 'text',
}

/** Is the ending of this name a split, as in `cooking.train`? Many other files end so (`parser.test`): their content decides. */
export function endsInSplit(path: string): boolean {
  return /\.(train|valid|dev|test|testa|testb)$/i.test(path)
}

/** The endings of names that tell a format, compression aside. */
export const dataExtensions: readonly string[] = Object.keys(byExtension)

const packed = /\.(gz|zst)$/i

/** Does the name say that the file is compressed? Such files are read, never written: an edit would have to pack the whole file anew. */
export function isCompressed(path: string): boolean {
  return packed.test(path)
}

/** The format a file name tells, compression suffix ignored; undefined where it tells none. */
export function formatOfName(path: string): FormatName | undefined {
  const match = /\.([a-z0-9]+)$/i.exec(path.replace(packed, ''))
  return match ? byExtension[match[1]!.toLowerCase()] : undefined
}
