import type { Dataset } from '../data/dataset.ts'
import type { Source, Table } from '../data/table.ts'
import type { Work } from '../sign/progress.ts'
import { Pieces } from '../text/pieces.ts'
import { type Edit, orderEdits } from '../text/span.ts'
import type { Windows } from '../text/windows.ts'
import { type CheckInput, check } from './check.ts'
import type { Finding, Fix } from './finding.ts'
import type { Rule } from './rule.ts'
import { rules } from './rules.ts'

export interface MendInput extends CheckInput {
  /** Only findings of these rules are mended; all of them where it is not given. */
  readonly only?: ReadonlySet<string>
  /**
   * Suggestions for training rows that are this sure or surer (`Finding.confidence`) are accepted as well; rows that are scored on are left
   * to a person, since scores would follow the model that suggests. None where it is not given.
   */
  readonly accept?: number
  /** Reads a changed file anew, as it was read before: its tables in order. */
  readonly reread: (source: Source) => readonly Table[]
  /** As `reread`, of a file that is too large to be held. */
  readonly rereadLarge?: (source: Source & { readonly windows: Windows }) => Work<Table>
}

/** What the preferred fixes make of datasets. */
export interface Mended {
  /** By file, in bytes of the source that was given; ordered. */
  readonly edits: ReadonlyMap<string, readonly Edit[]>
  /** How many findings of each rule were mended. */
  readonly counts: { readonly [rule: string]: number }
  /** Rows removed, cells changed. */
  readonly removed: number
  readonly changed: number
}

/** A cluster needs one round, a relabelled row that is then a duplicate two; this many never end by themselves. */
const mostRounds = 12

/**
 * Applies preferred fixes until none is left, in memory: a row that was relabelled may then repeat another. Mending the
 * result again therefore changes nothing. In one round a row that others are copies of is not removed together with them.
 */
export function* mend(input: MendInput): Work<Mended> {
  const pieces = new Map<string, Pieces>()
  const counts: { [rule: string]: number } = {}
  let { datasets } = input
  let removed = 0
  let changed = 0
  for (let round = 0; round < mostRounds; round++) {
    // Suggestions are taken once, all from what was there: those that follow from others that were taken are for the next time.
    const advice = round === 0 && input.accept !== undefined
    const off = advice ? {} : withoutAdvice
    const { findings } = yield* check({ ...input, datasets, rules: { ...input.rules, ...off } })
    const training = new Set(datasets.flatMap(trainingFiles))
    const accepted = ({ uri, confidence = 0 }: Finding) => advice && confidence >= input.accept! && training.has(uri)
    const fixes = choose(
      findings.filter(finding => !input.only || input.only.has(finding.rule)),
      finding => finding.fixes.find(one => one.preferred) ?? (accepted(finding) ? finding.fixes[0] : undefined),
    )
    if (fixes.accepted.length === 0) break
    for (const { rule } of fixes.accepted) counts[rule] = (counts[rule] ?? 0) + 1
    removed += fixes.removed
    changed += fixes.changed
    for (const [uri, edits] of fixes.edits) {
      const source = sourceOf(datasets, uri)
      const own = pieces.get(uri) ?? new Pieces(source.windows ?? source.bytes)
      pieces.set(uri, own)
      own.apply(edits)
    }
    const fresh: Dataset[] = []
    for (const dataset of datasets) fresh.push(yield* reread(dataset, fixes.edits, pieces, input))
    datasets = fresh
    yield { phase: 'fix', done: round, total: mostRounds }
  }
  return { edits: new Map([...pieces].map(([uri, own]) => [uri, own.edits()])), counts, removed, changed }
}

interface Chosen {
  readonly accepted: readonly Finding[]
  readonly edits: ReadonlyMap<string, readonly Edit[]>
  readonly removed: number
  readonly changed: number
}

/** The fixes that can be applied together; what does not fit waits for the next round. */
function choose(findings: readonly Finding[], fixOf: (finding: Finding) => Fix | undefined): Chosen {
  const accepted: Finding[] = []
  const kept = new Set<string>()
  const gone = new Set<string>()
  const removals = new Map<Table, Set<number>>()
  const relabels: { readonly finding: Finding; readonly uri: string; readonly edit: Edit }[] = []
  for (const finding of findings) {
    const fix = fixOf(finding)
    if (!fix) continue
    const own = placeOf(finding.uri, finding.row ?? -1, finding.part)
    const others = finding.related.map(related => placeOf(related.uri, related.row, related.part))
    if (fix.removes) {
      if (kept.has(own) || others.some(other => gone.has(other))) continue
      const fresh = fix.removes.filter(({ table, row }) => !removals.get(table)?.has(row))
      for (const { table, row } of fresh) {
        removals.set(table, (removals.get(table) ?? new Set()).add(row))
        gone.add(placeOf(table.source.uri, row, table.part))
      }
      for (const other of others) kept.add(other)
      accepted.push(finding)
    } else for (const { uri, edit } of fix.edits) relabels.push({ finding, uri, edit })
  }
  const edits = new Map<string, Edit[]>()
  let removed = 0
  for (const [table, rows] of removals) {
    const { uri } = table.source
    edits.set(uri, [...(edits.get(uri) ?? []), ...table.removeRows([...rows].sort((a, b) => a - b))])
    removed += rows.size
  }
  for (const [uri, list] of edits) edits.set(uri, ordered(uri, list))
  const relabelled = new Map<string, Edit[]>()
  const cells = new Set<string>()
  for (const { finding, uri, edit } of relabels) {
    const cell = placeOf(uri, edit.span.start)
    if (cells.has(cell) || isRemoved(edits.get(uri) ?? [], edit)) continue
    cells.add(cell)
    accepted.push(finding)
    const list = relabelled.get(uri)
    if (list) list.push(edit)
    else relabelled.set(uri, [edit])
  }
  for (const [uri, list] of relabelled) edits.set(uri, ordered(uri, [...(edits.get(uri) ?? []), ...list]))
  const changed = cells.size
  return { accepted, edits, removed, changed }
}

/** Does one of the removals, which are ordered, touch the place of this edit? */
function isRemoved(removals: readonly Edit[], edit: Edit): boolean {
  let low = 0
  let high = removals.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (removals[middle]!.span.end <= edit.span.start) low = middle + 1
    else high = middle
  }
  const next = removals[low]
  return next !== undefined && next.span.start < edit.span.end
}

function ordered(uri: string, edits: readonly Edit[]): Edit[] {
  const result = orderEdits(edits)
  if ('overlap' in result) throw new Error(`fixes of ${uri} overlap: ${JSON.stringify(result.overlap)}`)
  return result.ok
}

/** Files that hold training rows and no others. */
function trainingFiles({ splits }: Dataset): string[] {
  const files = (train: boolean) =>
    splits.filter(split => (split.name === 'train') === train).flatMap(split => split.tables.map(t => t.source.uri))
  const others = new Set(files(false))
  return files(true).filter(uri => !others.has(uri))
}

function placeOf(uri: string, row: number, part = ''): string {
  return `${row} ${uri}#${part}`
}

function sourceOf(datasets: readonly Dataset[], uri: string): Source {
  for (const { splits } of datasets)
    for (const { tables } of splits) for (const { source } of tables) if (source.uri === uri) return source
  throw new Error(`a fix is for a file that was not checked: ${uri}`)
}

/** The dataset with its changed files read anew. */
function* reread(
  dataset: Dataset,
  changed: ReadonlyMap<string, unknown>,
  pieces: ReadonlyMap<string, Pieces>,
  input: MendInput,
): Work<Dataset> {
  const fresh = new Map<string, readonly Table[]>()
  for (const { tables } of dataset.splits)
    for (const { source } of tables) {
      const now = pieces.get(source.uri)
      if (!now || !changed.has(source.uri) || fresh.has(source.uri)) continue
      if (source.windows && input.rereadLarge)
        fresh.set(source.uri, [yield* input.rereadLarge({ ...source, windows: now.windows() })])
      else fresh.set(source.uri, input.reread({ ...source, bytes: now.bytes() }))
    }
  const now = (table: Table) => fresh.get(table.source.uri)?.find(one => one.part === table.part) ?? table
  return { ...dataset, splits: dataset.splits.map(({ name, tables }) => ({ name, tables: tables.map(now) })) }
}

/** Switches off what costs much and mends nothing. */
const withoutAdvice = Object.fromEntries(
  rules.filter((rule: Rule) => rule.meta.adviceOnly).map(rule => [rule.meta.id, 'off']),
)
