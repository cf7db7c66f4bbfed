import type { Roles } from '../data/dataset.ts'
import { normalForm } from '../sign/normal.ts'
import type { Corpus, CorpusFile } from './corpus.ts'

/** Columns that belong to what is asked though they have no role of their own: `input` of Alpaca's rows. */
const names =
  /^(?:input|context|system|system_prompt|history|passage|document|options|choices|tools|functions|images?|audios?|videos?)$/i
/** The same beside a conversation, which has its own history, and beside a text. */
const namesByTurns = /^(?:context|system|system_prompt|tools|functions|images?|audios?|videos?)$/i
const namesByText = /^(?:images?|image_(?:path|url)|audios?|videos?)$/i

/** What stands beside the first text of a pair, where the two have names of their own. */
const seconds: { readonly [first: string]: RegExp } = {
  premise: /^hypothesis$/i,
  hypothesis: /^premise$/i,
  question: /^(?:sentence|passage|context|paragraph|document|answer)$/i,
  sentence: /^question$/i,
  passage: /^(?:question|query)$/i,
  query: /^(?:passage|document|title|product_title)$/i,
  document: /^query$/i,
  claim: /^(?:evidence|context)$/i,
  text: /^(?:text_pair|hypothesis|target_text|question|aspect|context)$/i,
}

/**
 * What a row's text is about, in normal form: for a prompt the content of columns such as `input` that have no role, for a
 * conversation that of `system` and `tools`, for a text its picture, for the first text of a pair (`premise`, `sentence1`, `text_a`) the second one; else empty. Rows that differ in it do not say the same.
 */
export function contextOf(corpus: Corpus): (row: number) => string {
  const known = contexts.get(corpus) ?? read(corpus)
  contexts.set(corpus, known)
  return known
}

/** A row's text with what it is about. */
export function wholeText(corpus: Corpus): (row: number) => string {
  const about = contextOf(corpus)
  return row => {
    const context = about(row)
    return context === '' ? corpus.text(row) : `${corpus.text(row)}\n${context}`
  }
}

/** Columns that tell where a row comes from. */
const aside = /^(?:_?meta(?:_?data)?|info|extras?|source|provenance|_?id)$/i

/**
 * The columns without a role in which two rows hold lists or objects that differ: what such a column says of a text (paragraphs,
 * answers, places of names) is lost with the row.
 */
export function differingLists(corpus: Corpus, a: number, b: number): string[] {
  const own = new Set(Object.values(corpus.dataset.roles))
  const [x, y] = [corpus.fileOf(a), corpus.fileOf(b)]
  const nested = ({ table, base }: CorpusFile, row: number, name: string) => {
    const kind = table.kind?.(row - base, name)
    return kind === 'array' || kind === 'object' ? (table.text(row - base, name) ?? '') : undefined
  }
  return x.table.columns.filter(name => {
    if (own.has(name) || aside.test(name)) return false
    const left = nested(x, a, name)
    return left !== undefined && left !== nested(y, b, name)
  })
}

const contexts = new WeakMap<Corpus, (row: number) => string>()

function read(corpus: Corpus): (row: number) => string {
  const { roles } = corpus.dataset
  const belongs = belonging(roles)
  const fits = (name: string) => belongs.some(pattern => pattern.test(name))
  const own = new Set(Object.values(roles))
  const columns = new Map(
    corpus.files.map(file => [file, file.table.columns.filter(name => fits(name) && !own.has(name))] as const),
  )
  if ([...columns.values()].every(list => list.length === 0)) return () => ''
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

/** The names of columns that belong to what these roles say. */
function belonging({ prompt, messages, text }: Roles): readonly RegExp[] {
  if (prompt !== undefined) return [names]
  if (messages !== undefined) return [namesByTurns]
  if (text === undefined) return []
  const own = text.toLowerCase()
  const second = Object.hasOwn(seconds, own) ? seconds[own] : undefined
  const [, stem, mark] = /^(.*?)(1|2|_?[ab])$/i.exec(text) ?? []
  if (second || stem === undefined || mark === undefined) return second ? [namesByText, second] : [namesByText]
  const other = { 1: '2', 2: '1', a: 'b', b: 'a' }[mark.slice(-1).toLowerCase() as 1 | 2 | 'a' | 'b']
  const name = `${stem.replace(/[^\p{L}\p{N}_]/gu, '\\$&')}${mark.slice(0, -1)}${other}`
  return [namesByText, new RegExp(`^${name}$`, 'iu')]
}
