import { normalForm } from '../sign/normal.ts'
import type { Corpus } from './corpus.ts'

/** Columns that belong to what is asked though they have no role of their own: `input` of Alpaca's rows. */
const names = /^(?:input|context|system|history|passage|document|options|choices)$/i

/**
 * What a row's prompt is asked about, in normal form: the content of columns such as `input` that have no role; empty in
 * datasets without a prompt. Rows that differ in it do not say the same.
 */
export function contextOf(corpus: Corpus): (row: number) => string {
  const known = contexts.get(corpus) ?? read(corpus)
  contexts.set(corpus, known)
  return known
}

const contexts = new WeakMap<Corpus, (row: number) => string>()

function read(corpus: Corpus): (row: number) => string {
  const { roles } = corpus.dataset
  if (roles.prompt === undefined) return () => ''
  const own = new Set(Object.values(roles))
  const columns = new Map(
    corpus.files.map(file => [file, file.table.columns.filter(name => names.test(name) && !own.has(name))] as const),
  )
  return row => {
    const file = corpus.fileOf(row)
    const list = columns.get(file)!
    if (list.length === 0) return ''
    return list
      .map(name => normalForm(file.table.text(row - file.base, name) ?? ''))
      .join('\n')
      .trim()
  }
}
