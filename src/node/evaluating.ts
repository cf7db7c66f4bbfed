import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Cancel } from '../core/base/cancel.ts'
import { Cancelled } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import { counted } from '../core/base/words.ts'
import {
  type Dataset,
  type DatasetFiles,
  type Roles,
  roleNames,
  type SplitName,
  splitNames,
} from '../core/data/dataset.ts'
import type { EvaluateRequest, Evaluation } from '../core/eval/evaluation.ts'
import { compactRows, type RowRef, type RunData } from '../core/train/data.ts'
import { type AnswerLimits, usualAnswers } from '../core/train/recipe/evaluate.ts'
import { fileId, hasClass, idOf, numberFiles, type RunWarning } from '../core/train/rows.ts'
import type { Columns } from '../core/train/tasks/columns.ts'
import { isUnusable } from '../core/train/tasks/sample.ts'
import type { TaskName } from '../core/train/tasks/task.ts'
import { taskOf } from '../core/train/tasks.ts'
import { discover, filesOf, loadDataset } from './datasets.ts'
import { evaluationFrom, readPredictions, type Which } from './evaluations.ts'
import { slashed } from './files.ts'
import { flagsOf } from './flags.ts'
import { describeFiles } from './prepare.ts'
import { runWorker } from './program.ts'
import { readData, readRecipe, readRun, runsFolder } from './runs.ts'

/** What is scored, and on what. */
export interface EvaluateOptions {
  readonly of:
    | { readonly kind: 'run'; readonly folder: string; readonly which: Which }
    | { readonly kind: 'model'; readonly folder: string }
  /** A file or a folder of data, absolute. */
  readonly path: string
  /** Which split of a folder; test, else validation, else train where not said. A file alone is the split by itself. */
  readonly split?: SplitName
  readonly root: string
  readonly cancel: Cancel
  readonly err: (text: string) => void
  readonly progress?: (done: number, total: number) => void
  readonly worker?: string
  /** Answers that are written, for instruction tuning; `usualAnswers` where not said. */
  readonly answers?: Partial<AnswerLimits>
}

export interface Evaluating {
  readonly evaluation: Evaluation
  /** Where the predictions are, absolute. */
  readonly file: string
  readonly leaked: number
  readonly warnings: readonly RunWarning[]
}

/**
 * Scores a run or a model folder on data it may never have seen, in a process of its own. Rows that the run was trained on,
 * or nearly, count as leaked. Predictions go into the run folder, or into `.winnow/evaluations` for a model folder.
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluating> {
  const { of, root, cancel } = options
  const own = of.kind === 'run' ? await readData(of.folder) : undefined
  const { files, split } = await dataAt(options)
  const made = own ? { labels: own.labels, task: () => own.task ?? 'classification' } : await modelTask(of.folder)
  const { labels } = made
  const { data, warnings } = await requestData({ ...options, ...made, files, split, own })
  const recipe = of.kind === 'run' ? await readRecipe(of.folder) : undefined
  const out = await outputFile(of, `${files.name}-${split}`, root)
  const request: EvaluateRequest = {
    version: 1,
    of,
    data,
    split,
    out,
    device: recipe?.device ?? 'auto',
    threads: recipe?.threads ?? 0,
    batch: recipe?.batch ?? (data.task === 'instruction' ? { rows: 8, tokens: 512 } : { rows: 32, tokens: 128 }),
    ...(data.task === 'instruction'
      ? { answers: { ...usualAnswers, ...recipe?.evaluate.answers, ...options.answers } }
      : {}),
  }
  const file = `${out}.request.json`
  await writeFile(file, JSON.stringify(request))
  try {
    const { code } = await runWorker(['evaluate', file], {
      cwd: root,
      err: workerLines(options),
      cancel,
      ...(options.worker === undefined ? {} : { worker: options.worker }),
    })
    if (cancel.aborted) throw new Cancelled()
    if (code !== 0) throw new Failure('evaluation-failed', 'The evaluation did not finish', 'The lines above say why')
  } finally {
    await rm(file, { force: true })
  }
  const predictions = await readPredictions(out)
  const model =
    of.kind === 'run'
      ? `${recipe?.name ?? basename(of.folder)}${of.which === 'best' ? '' : `, ${of.which}`}`
      : basename(of.folder)
  const evaluation = evaluationFrom(predictions, {
    model,
    split,
    labels,
    ...(of.kind === 'run' ? { run: basename(of.folder) } : {}),
  })
  return { evaluation, file: out, leaked: data.leaked.length, warnings }
}

/** The worker's progress lines (`<done> <total>`) told from what is meant for people. */
function workerLines({ err, progress }: Pick<EvaluateOptions, 'err' | 'progress'>): (text: string) => void {
  let rest = ''
  return text => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() as string
    for (const line of lines) {
      const numbers = /^(\d+) (\d+)$/.exec(line)
      if (numbers) progress?.(Number(numbers[1]), Number(numbers[2]))
      else err(`${line}\n`)
    }
  }
}

async function dataAt({
  path,
  split,
}: EvaluateOptions): Promise<{ readonly files: DatasetFiles; readonly split: SplitName }> {
  const { datasets } = await discover([path])
  const [only, second] = datasets
  if (!only || second)
    throw new Failure(
      'several-datasets',
      `${path} holds ${datasets.length} datasets`,
      `Name one: ${datasets.map(d => d.name).join(', ')}`,
    )
  // A file named on the command line is what is meant, whatever split its name tells.
  const all = filesOf(only)
  if (all.length === 1) {
    const named = splitNames.find(s => only.splits[s] !== undefined) as SplitName
    return { files: only, split: split ?? named }
  }
  const chosen = split ?? (['test', 'validation', 'train'] as const).find(s => only.splits[s] !== undefined)
  const list = chosen && only.splits[chosen]
  if (!list)
    throw new Failure('no-split', `${path} has no ${chosen} split`, `It has ${Object.keys(only.splits).join(', ')}`)
  return { files: { ...only, splits: { [chosen]: list } }, split: chosen }
}

/** The rows to score: those with a text and a label that the model knows. */
async function requestData(
  options: EvaluateOptions & {
    readonly files: DatasetFiles
    readonly split: SplitName
    readonly own: RunData | undefined
    readonly labels: readonly string[]
    /** What the model was made for, by the columns that the data has. */
    readonly task: (roles: Roles) => TaskName
  },
): Promise<{ readonly data: RunData; readonly warnings: readonly RunWarning[] }> {
  const { files, split, own, labels, root, cancel } = options
  const fitting = await fittingColumns(files, own)
  const renamed: DatasetFiles = {
    ...files,
    splits: { [split]: filesOf(files) },
    roles: { ...files.roles, ...onlyRoles(fitting) },
  }
  const dataset = await loadDataset(renamed)
  const kind = taskOf(options.task(dataset.roles))
  const tables = dataset.splits.flatMap(one => one.tables)
  const columns = kind.columns(tables, { ...dataset.roles, ...fitting }, options.path)
  const known = new Set(labels)
  const rows: RowRef[] = []
  const dropped: { file: number; row: number; rule: string; reason: string }[] = []
  const numbered = numberFiles(dataset)
  for (const { file, table } of numbered)
    for (let row = 0; row < table.rowCount; row++) {
      const sample = kind.read(table, row, columns)
      if (isUnusable(sample)) dropped.push({ file, row, ...sample })
      else if (hasClass(sample, labels) && !known.has(sample.gold))
        dropped.push({ file, row, rule: 'unknown-label', reason: `the model has no label "${sample.gold}"` })
      else rows.push({ file, row })
    }
  if (rows.length === 0)
    throw new Failure(
      'no-rows',
      `No row of ${options.path} can be scored: ${counted(dropped.length, 'row')} left out`,
      dropped[0] ? `The first: ${dropped[0].reason}` : '',
    )
  const leaked = own ? await leakedFrom(own, dataset, { rows, root, cancel }) : []
  const use = { train: [], validation: [], test: [], [split]: compactRows(rows) }
  const warnings =
    dropped.length === 0
      ? []
      : [{ code: 'left-out', message: `${counted(dropped.length, 'row')} left out: ${tally(dropped)}.` }]
  return {
    data: {
      version: 1,
      dataset: files.name,
      root: slashed(root),
      files: await describeFiles(numbered, files, root),
      task: kind.name,
      roles: columns,
      labels,
      use,
      dropped,
      leaked,
    },
    warnings,
  }
}

/** The run's own columns, where the data has them. */
async function fittingColumns(files: DatasetFiles, own: RunData | undefined): Promise<Columns> {
  if (!own) return {}
  const { splits } = await loadDataset(files)
  const columns = new Set(splits.flatMap(s => s.tables.flatMap(t => t.columns)))
  return Object.fromEntries(Object.entries(own.roles).filter(([, column]) => columns.has(column)))
}

/** The parts among them that checking knows as roles. */
const onlyRoles = (columns: Columns): Roles =>
  Object.fromEntries(Object.entries(columns).filter(([part]) => roleNames.some(role => role === part)))

/** The rows that the run's training files hold as well, or nearly. Files that are gone can tell nothing. */
async function leakedFrom(
  own: RunData,
  dataset: Dataset,
  { rows, root, cancel }: { readonly rows: readonly RowRef[]; readonly root: string; readonly cancel: Cancel },
): Promise<RowRef[]> {
  const places = own.files.filter(f => f.split === 'train').map(f => slashed(resolve(own.root, f.path)))
  const present = places.filter(p => existsSync(p))
  if (present.length === 0) return []
  const train = await loadDataset({ name: 'train', splits: { train: present }, roles: onlyRoles(own.roles) })
  const tables = dataset.splits.flatMap(s => s.tables)
  const both: Dataset = {
    name: dataset.name,
    roles: onlyRoles(own.roles),
    splits: [...train.splits, { name: 'test', tables }],
  }
  const flags = await flagsOf(both, { rules: [], root, cancel })
  const numbers = new Map(numberFiles(dataset).map(({ file, table }) => [idOf(table), file]))
  const found = new Set(flags.filter(f => f.rule === 'leak').map(f => `${numbers.get(fileId(f.uri, f.part))}:${f.row}`))
  return rows.filter(r => found.has(`${r.file}:${r.row}`))
}

/** What a model folder was made for, as its `config.json` says, and its labels. */
async function modelTask(
  folder: string,
): Promise<{ readonly labels: readonly string[]; readonly task: (roles: Roles) => TaskName }> {
  const path = join(folder, 'config.json')
  const config = JSON.parse(await readFile(path, 'utf8').catch(() => '{}')) as {
    id2label?: Record<string, string>
    architectures?: readonly string[]
    problem_type?: string
  }
  const name = config.architectures?.[0] ?? ''
  if (/ForCausalLM|LMHeadModel/.test(name))
    return { labels: [], task: roles => (roles.messages || roles.completion ? 'instruction' : 'causal') }
  if (config.problem_type === 'regression') return { labels: [], task: () => 'regression' }
  const labels = Object.entries(config.id2label ?? {}).sort((a, b) => Number(a[0]) - Number(b[0]))
  if (labels.length < 2) {
    const task = (roles: Roles): TaskName => {
      if (name.endsWith('ForMaskedLM') && roles.label === undefined) return 'masked'
      throw new Failure(
        'no-labels',
        `${path} names no labels (id2label)`,
        'Only a model with a classification head can be scored; tune it first',
      )
    }
    return { labels: [], task }
  }
  const task = name.endsWith('ForTokenClassification')
    ? 'token-classification'
    : config.problem_type === 'multi_label_classification'
      ? 'multi-label'
      : 'classification'
  return { labels: labels.map(([, label]) => label), task: () => task }
}

async function outputFile(of: EvaluateOptions['of'], name: string, root: string): Promise<string> {
  const plain = name.replace(/[^\w.-]+/g, '-')
  if (of.kind === 'run') {
    const { run } = await readRun(of.folder)
    const step =
      of.which === 'base'
        ? 0
        : of.which === 'best'
          ? (run.best?.step ?? run.series.step.at(-1) ?? 0)
          : of.which === 'last'
            ? (run.series.step.at(-1) ?? 0)
            : of.which
    const folder = join(of.folder, 'evaluations')
    await mkdir(folder, { recursive: true })
    return join(folder, `${plain}-${step}.jsonl`)
  }
  const folder = join(runsFolder(root), '..', 'evaluations')
  await mkdir(folder, { recursive: true })
  return join(folder, `${basename(of.folder)}-${plain}.jsonl`)
}

function tally(dropped: readonly { readonly rule: string }[]): string {
  const rules = new Map<string, number>()
  for (const { rule } of dropped) rules.set(rule, (rules.get(rule) ?? 0) + 1)
  return [...rules].map(([rule, n]) => `${n} ${rule}`).join(', ')
}
