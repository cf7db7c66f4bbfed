import { turnOf, turnsOf } from '../data/messages.ts'
import { bytesOf } from '../data/table.ts'
import type { Work } from '../sign/progress.ts'
import type { Corpus, CorpusFile } from './corpus.ts'
import type { Finding, Fix } from './finding.ts'
import { milder, type Rule, type RuleMeta, type RuleSettings } from './rule.ts'
import type { Change, Hit, Look } from './scan/look.ts'
import { textEdit, textSpan } from './scan/place.ts'

/** A rule that needs no more than one row to judge it. All of them share one pass over the rows. */
export function rowRule(given: {
  readonly meta: RuleMeta
  readonly look: (settings: RuleSettings) => Look
  /** Asked of the bytes at the place of a hit, before it is told. */
  readonly holds?: (bytes: Uint8Array) => boolean
  /** What more than this share of all rows (and more than 20) have alike in a column is told once. */
  readonly meant?: number
  /** What more than this share of all rows have alike in a column is how this dataset is, and not told. */
  readonly usual?: number
}): Rule & { readonly look: (settings: RuleSettings) => Look } {
  const { meta, look } = given
  return {
    meta,
    look,
    *check({ corpus, settings, add }) {
      const { meant, usual } = given
      const least =
        meant !== undefined
          ? Math.max(20, corpus.rowCount * meant)
          : usual !== undefined
            ? Math.max(2, corpus.rowCount * usual)
            : undefined
      const often = least === undefined ? undefined : yield* frequent(corpus, meta.id, least)
      let work = 0
      for (const file of corpus.files) {
        const scan = yield* corpus.scan(file)
        for (const [row, hits] of scan.hits.get(meta.id) ?? []) {
          for (const hit of hits) {
            const rows = often?.get(kindOf(hit))
            if (rows !== undefined) {
              if (rows > 0 && meant !== undefined)
                add(once(finding(corpus, { file, row, hit, rule: meta.id, settings }), { corpus, hit, rows }))
              often?.set(kindOf(hit), 0)
              continue
            }
            const found = finding(corpus, { file, row, hit, rule: meta.id, settings })
            if (!given.holds || file.table.readOnly || given.holds(bytesOf(file.table.source, found.span))) add(found)
          }
          // Each is looked up in its file.
          work += hits.length
          if (work > 20) {
            work = 0
            yield { phase: meta.id, done: file.base + row, total: corpus.rowCount }
          }
        }
      }
    },
  }
}

/** What hits of many rows have alike. */
const kindOf = (hit: Hit) => `${hit.column}\n${hit.message}`

/** In how many rows the hits of each kind are that more than `least` rows have. */
function* frequent(corpus: Corpus, rule: string, least: number): Work<Map<string, number>> {
  const counts = new Map<string, number>()
  let looked = 0
  for (const file of corpus.files) {
    const scan = yield* corpus.scan(file)
    for (const [row, hits] of scan.hits.get(rule) ?? []) {
      for (const kind of new Set(hits.map(kindOf))) counts.set(kind, (counts.get(kind) ?? 0) + 1)
      if (++looked % 4096 === 0) yield { phase: rule, done: file.base + row, total: corpus.rowCount }
    }
  }
  return new Map([...counts].filter(([, rows]) => rows > least))
}

function once(
  found: Finding,
  { corpus, hit, rows }: { readonly corpus: Corpus; readonly hit: Hit; readonly rows: number },
): Finding {
  const says = hit.message.replace(/\.$/, '')
  const message = `${says}, as in ${rows} of ${corpus.rowCount} rows: it seems to be meant.`
  return { ...found, message, fixes: [], key: corpus.key(found.rule, 'meant', hit.column, hit.message) }
}

interface Found {
  readonly file: CorpusFile
  readonly row: number
  readonly hit: Hit
  readonly rule: string
  readonly settings: RuleSettings
}

function finding(corpus: Corpus, { file, row, hit, rule, settings }: Found): Finding {
  const place = { table: file.table, row, column: hit.column, turn: hit.turn }
  const fixes: Fix[] = []
  if (hit.fix) {
    const text = applyChanges(textOf(file, row, hit), hit.fix.changes)
    const edit = textEdit(place, text)
    const { title, preferred } = hit.fix
    if (edit) fixes.push({ kind: 'edit', title, preferred, edits: [{ uri: file.uri, edit }] })
  }
  if (hit.remove) {
    const title = 'Remove this row'
    fixes.push(corpus.removal({ kind: 'remove-row', title, preferred: hit.remove.preferred }, [file.base + row]))
  }
  return {
    rule,
    severity: hit.severity ? milder(settings.severity, hit.severity) : settings.severity,
    ...corpus.placeOf(file),
    row,
    span: textSpan(place, hit.start, hit.end),
    message: hit.message,
    related: [],
    fixes,
    key: corpus.key(rule, hit.column, hit.key ?? textOf(file, row, hit)),
  }
}

function textOf({ table }: CorpusFile, row: number, hit: Hit): string {
  if (hit.turn === undefined) return table.text(row, hit.column) ?? ''
  const value = table.cell(row, hit.column)?.value ?? null
  return (turnsOf(value) ?? [turnOf(value)])[hit.turn]?.content ?? ''
}

/** The text with its changes, which are ascending and do not overlap. */
export function applyChanges(text: string, changes: readonly Change[]): string {
  let out = ''
  let at = 0
  for (const change of changes) {
    out += text.slice(at, change.start) + change.text
    at = change.end
  }
  return out + text.slice(at)
}
