import { Failure } from '../base/failure.ts'
import { random } from '../base/random.ts'
import { count, counted } from '../base/words.ts'
import { type Dataset, type SplitName, splitNames } from '../data/dataset.ts'
import type { Table } from '../data/table.ts'
import { compactRows, holdOut, type RowRef, type RunData } from './data.ts'
import type { Recipe } from './recipe.ts'
import { stratifiedSample } from './sample.ts'
import { type ColumnPart, type Columns, columnParts } from './tasks/columns.ts'
import { isUnusable, type Sample } from './tasks/sample.ts'
import type { TaskKind } from './tasks/task.ts'
import { taskOf } from './tasks.ts'

/** A row that a rule names. */
export interface Flag {
  readonly rule: string
  readonly uri: string
  /** The list in the file that the row is counted in, where there are several. */
  readonly part?: string
  readonly row: number
}

/** Tells tables apart: a file may hold several lists of rows. */
export function fileId(uri: string, part: string | undefined): string {
  return part === undefined ? uri : `${uri}#${part}`
}

/** Names a table among others: its file, and its part where the file holds several. */
export function idOf(table: Table): string {
  return fileId(table.source.uri, table.part)
}

/** Something to know before the run starts; it does not keep it from starting. */
export interface RunWarning {
  readonly code: string
  readonly message: string
}

/** Which rows a run sees. Files are counted through the splits and tables of the dataset, in order. */
export interface ChosenRows {
  readonly data: Pick<RunData, 'dataset' | 'task' | 'roles' | 'labels' | 'use' | 'dropped' | 'leaked'>
  readonly warnings: readonly RunWarning[]
}

interface UsableRow extends RowRef {
  readonly sample: Sample
}

type Dropped = RunData['dropped'][number]

/**
 * Decides which rows are trained on and scored, before anything starts. What makes training impossible is one `Failure`
 * (`no-train`, `no-text`, `no-label`, `no-rows`, `one-label`); what a person should know is a warning. `flags` are the
 * findings of the rules that are dropped and of `leak`; `textKey` tells which texts count as equal where rows are held
 * out for validation.
 */
export function chooseRows(
  dataset: Dataset,
  recipe: Pick<Recipe, 'data' | 'seed' | 'task'>,
  { flags, textKey }: { readonly flags: readonly Flag[]; readonly textKey: (text: string) => string },
): ChosenRows {
  const kind = taskOf(recipe.task)
  const roles = kind.columns(trainTables(dataset), { ...dataset.roles, ...columnsOf(recipe.data) }, dataset.name)
  const warnings: RunWarning[] = []
  const dropped: Dropped[] = []
  const files = numberFiles(dataset)
  const flagged = flagsByRow(flags, recipe.data.drop)
  const rows = (split: SplitName): UsableRow[] =>
    files.filter(f => f.split === split).flatMap(f => readRows(f, { kind, roles, flagged }, dropped))

  let train = rows('train')
  if (train.length === 0) throw noRows(dataset, dropped, roles)
  train = sampled(train, recipe, dropped)
  const labels = kind.labels(
    train.map(r => r.sample),
    dataset.name,
  )
  const known = new Set(labels)
  // Rows with several labels or none are scored as they are; a class that training never saw cannot be said.
  const isKnown = ({ sample }: UsableRow) => !hasClass(sample, labels) || known.has(sample.gold)
  const scored = (split: SplitName): UsableRow[] => {
    const all = rows(split)
    const unknown = all.filter(r => !isKnown(r))
    for (const r of unknown) {
      const reason = `training has no label "${r.sample.gold}"`
      dropped.push({ file: r.file, row: r.row, rule: 'unknown-label', reason })
    }
    if (unknown.length > 0) warnings.push(unknownLabels(split, unknown))
    if (all.length === 0 && files.some(f => f.split === split && f.table.rowCount > 0))
      warnings.push({
        code: 'not-scored',
        message: `No row of ${split} has what it takes (${Object.values(roles)
          .map(name => `"${name}"`)
          .join(', ')}): it is not scored.`,
      })
    return all.filter(isKnown)
  }
  let validation = scored('validation')
  const test = scored('test')
  const leaks = new Set(flags.filter(f => f.rule === 'leak').map(f => key(fileId(f.uri, f.part), f.row)))
  const leaked: RowRef[] = [...validation, ...test]
    .filter(r => leaks.has(key(idOf((files[r.file] as NumberedFile).table), r.row)))
    .map(({ file, row }) => ({ file, row }))
  if (validation.length === 0 && recipe.data.holdOut > 0) {
    const held = setAside(train, recipe)
    if (held.validation.length > 0) {
      train = held.train
      validation = held.validation
      const texts = new Set(train.map(r => textKey(r.sample.text)))
      leaked.push(...validation.filter(r => texts.has(textKey(r.sample.text))).map(({ file, row }) => ({ file, row })))
      warnings.push({
        code: 'held-out',
        message: `There is no validation split: ${counted(validation.length, 'training row')} were set aside for it${labels.length > 0 ? ', the same share of every label' : ''}.`,
      })
    }
  }
  if (validation.length === 0)
    warnings.push({
      code: 'no-validation',
      message: 'There is no validation split: the last weights are kept, and training cannot stop early.',
    })
  if (test.length === 0)
    warnings.push({
      code: 'no-test',
      message: `There is no test split${validation.length > 0 ? ': base and tuned are compared on validation' : ''}.`,
    })
  return {
    data: {
      dataset: dataset.name,
      task: kind.name,
      roles,
      labels,
      use: { train: compactRows(train), validation: compactRows(validation), test: compactRows(test) },
      dropped,
      leaked,
    },
    warnings,
  }
}

/** A file of a dataset by its number in `RunData.files`. */
export interface NumberedFile {
  readonly file: number
  readonly split: SplitName
  readonly table: Table
}

/** The files of a dataset in the order in which `RunData.files` lists them. */
export function numberFiles(dataset: Dataset): NumberedFile[] {
  const flat = dataset.splits.flatMap(({ name, tables }) => tables.map(table => ({ split: name, table })))
  const order = (split: SplitName) => splitNames.indexOf(split)
  return flat.sort((a, b) => order(a.split) - order(b.split)).map((f, file) => ({ file, ...f }))
}

/** The columns that a recipe names. */
export const columnsOf = (data: { readonly [P in ColumnPart]?: string }): Columns =>
  Object.fromEntries(columnParts.flatMap(part => (data[part] === undefined ? [] : [[part, data[part]]])))

/** The training tables. Throws `Failure` (`no-train`). */
export function trainTables(dataset: Dataset): readonly Table[] {
  const train = dataset.splits.find(s => s.name === 'train')
  if (train) return train.tables
  throw new Failure(
    'no-train',
    `The dataset ${dataset.name} has no training split`,
    'Name a file train.csv or train.jsonl, or name the files in winnow.json or in the recipe',
  )
}

/** Is the answer one of the labels? */
export const hasClass = (sample: Sample, labels: readonly string[]) =>
  labels.length > 0 && sample.labels === undefined && sample.tags === undefined

/** What rows are drawn evenly by. */
const stratum = ({ sample }: UsableRow): string => {
  const { labels, tags, turns, value } = sample
  return labels || tags || turns || value !== undefined ? '' : sample.gold
}

/** The rows of one file that the task can use and that no rule leaves out. */
function readRows(
  { file, split, table }: NumberedFile,
  about: { readonly kind: TaskKind; readonly roles: Columns; readonly flagged: ReadonlyMap<string, string> },
  dropped: Dropped[],
): UsableRow[] {
  const { kind, roles, flagged } = about
  const rows: UsableRow[] = []
  for (let row = 0; row < table.rowCount; row++) {
    const sample = kind.read(table, row, roles)
    const rule = split === 'train' ? flagged.get(key(idOf(table), row)) : undefined
    if (isUnusable(sample)) dropped.push({ file, row, ...sample })
    else if (rule !== undefined) dropped.push({ file, row, rule, reason: `the rule ${rule} found it` })
    else rows.push({ file, row, sample })
  }
  return rows
}

/** The first rule among those dropped that names a row. */
function flagsByRow(flags: readonly Flag[], drop: readonly string[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const rule of drop)
    for (const flag of flags)
      if (flag.rule === rule) {
        const row = key(fileId(flag.uri, flag.part), flag.row)
        if (!found.has(row)) found.set(row, rule)
      }
  return found
}

function sampled(train: UsableRow[], { data, seed }: Pick<Recipe, 'data' | 'seed'>, dropped: Dropped[]): UsableRow[] {
  if (data.maxRows === undefined || train.length <= data.maxRows) return train
  const draw = random(seed).split('max-rows')
  const kept = new Set(stratifiedSample(train.map(stratum), data.maxRows, draw))
  const reason = `more than maxRows (${count(data.maxRows)})`
  train.forEach((r, i) => {
    if (!kept.has(i)) dropped.push({ file: r.file, row: r.row, rule: 'max-rows', reason })
  })
  return train.filter((_, i) => kept.has(i))
}

function setAside(train: readonly UsableRow[], { data, seed }: Pick<Recipe, 'data' | 'seed'>) {
  const refs = train.map(({ file, row }) => ({ file, row }))
  const byPlace = new Map(train.map(r => [`${r.file}:${r.row}`, r]))
  const { train: kept, validation } = holdOut(refs, train.map(stratum), data.holdOut, random(seed).split('hold-out'))
  const full = (list: readonly RowRef[]) => list.map(r => byPlace.get(`${r.file}:${r.row}`) as UsableRow)
  return { train: full(kept), validation: full(validation) }
}

function unknownLabels(split: SplitName, rows: readonly UsableRow[]): RunWarning {
  const names = [...new Set(rows.map(r => r.sample.gold))]
  const listed = `${names
    .slice(0, 5)
    .map(n => `"${n}"`)
    .join(', ')}${names.length > 5 ? `, … (${names.length} in all)` : ''}`
  const [has, are] = rows.length === 1 ? ['has a label', 'It is'] : ['have labels', 'They are']
  return {
    code: 'unknown-label',
    message: `${counted(rows.length, 'row')} of ${split} ${has} that training does not have: ${listed}. ${are} not scored.`,
  }
}

function noRows(dataset: Dataset, dropped: readonly Dropped[], roles: Columns): Failure {
  const rules = new Map<string, number>()
  for (const { rule } of dropped) rules.set(rule, (rules.get(rule) ?? 0) + 1)
  const why = [...rules].map(([rule, n]) => `${count(n)} ${rule}`).join(', ')
  return new Failure(
    'no-rows',
    `No training row of ${dataset.name} is left${why ? `: ${why}` : ': the files have no rows'}`,
    rules.has('unlabelled') ? `Is "${roles.label}" the label column? Name another: "data": { "label": "…" }` : '',
  )
}

const key = (uri: string, row: number) => `${row} ${uri}`
