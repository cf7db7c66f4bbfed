import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { Failure } from '../../core/base/failure.ts'
import { count, counted, percent } from '../../core/base/words.ts'
import { detailTwice } from '../../core/eval/detail.ts'
import { scoreText, shownScores } from '../../core/eval/headline.ts'
import { confusionOf, labelScores } from '../../core/eval/score.ts'
import { type Slice, slicesOf } from '../../core/eval/slices.ts'
import { sliceLines } from '../../core/eval/sliceText.ts'
import { oneLine, table } from '../../core/eval/text.ts'
import type { Scores } from '../../core/train/event.ts'
import type { AnswerLimits } from '../../core/train/recipe/evaluate.ts'
import { isAdapter } from '../adapterFolder.ts'
import { type EvaluateOptions, type Evaluating, evaluate } from '../evaluating.ts'
import { parseReference } from '../evaluations.ts'
import { facetsFor } from '../facets.ts'
import { type NextLabel, nextToLabel } from '../labelNext.ts'
import { findModel } from '../modelFolder.ts'
import { modelFolders } from '../models.ts'
import { findRoot, findRun } from '../runs.ts'
import type { Command } from './command.ts'
import { oneOf, readOptions, wholeNumber } from './options.ts'

export const command: Command = {
  name: 'evaluate',
  summary: 'score a run or a model folder on data',
  usage: `winnow evaluate <run|model folder> <data> [options]

Scores a run (its best weights; ":base", ":last" or ":<step>" after it chooses others) or a model folder with a
classification head on a file or folder of data: accuracy, macro F1, loss and MCC, on all rows and without those that leaked
from the run's training files, areas under the curves, calibration, a line a label and the slices that differ from the rest: by
label, length, language, leaked or not, and a column that is named. The predictions go into the run folder; winnow compare takes the file.

  --split train|validation|test   which split of a folder (default: test where there is one)
  --labels <n>                    labels shown, the worst first (default 10)
  --slices <n>                    slices shown, the surest difference first (default 6)
  --slice-by <column>             slices by the values of a column, too
  --label-next <n>                of the rows of the data that have no label yet, the n that are worth one most: the run is least
                                  sure of them, and no two are alike
  --answers <n>                   after instruction tuning: rows that the model answers by itself, token after token (default 50; 0 for none)
  --answer-tokens <n>             longest of these answers (default 96)
  --answer-seconds <n>            time for all of them (default 60)
  --format text|json              default text

winnow evaluate last ./more-tickets.csv
`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, {
      command: 'evaluate',
      least: 2,
      options: {
        split: { type: 'string' },
        labels: { type: 'string', default: '10' },
        slices: { type: 'string', default: '6' },
        'slice-by': { type: 'string' },
        'label-next': { type: 'string' },
        answers: { type: 'string' },
        'answer-tokens': { type: 'string' },
        'answer-seconds': { type: 'string' },
        format: { type: 'string', default: 'text' },
      },
    })
    const format = oneOf(values.format, ['text', 'json'], '--format')
    const most = wholeNumber(values.labels, '--labels')
    const split =
      values.split === undefined ? {} : { split: oneOf(values.split, ['train', 'validation', 'test'], '--split') }
    const root = findRoot(io.cwd)
    const of = await scoredThing(positionals[0] as string, root, io.cwd)
    const path = resolve(io.cwd, positionals[1] as string)
    if (values['label-next'] !== undefined) {
      if (of.kind !== 'run') throw new Failure('usage', '--label-next needs a run', 'winnow evaluate --help tells more')
      const most = wholeNumber(values['label-next'], '--label-next')
      const rows = await nextToLabel(path, most, { ...of, root, cancel: io.cancel, err: io.err })
      io.out(format === 'json' ? `${JSON.stringify({ version: 1, rows }, undefined, 2)}\n` : nextText(rows, io.cwd))
      return 0
    }
    const live = io.watched === true
    const progress = (scored: number, total: number) => {
      if (live) io.err(`\r\u001b[2K${scored < total ? `${count(scored)} of ${counted(total, 'row')}` : ''}`)
    }
    const number = (option: 'answers' | 'answer-tokens' | 'answer-seconds', name: keyof AnswerLimits) =>
      values[option] === undefined ? {} : { [name]: wholeNumber(values[option], `--${option}`) }
    const answers = {
      ...number('answers', 'rows'),
      ...number('answer-tokens', 'tokens'),
      ...number('answer-seconds', 'seconds'),
    }
    const done = await evaluate({ of, path, ...split, root, cancel: io.cancel, err: io.err, progress, answers })
    for (const { message } of done.warnings) io.err(`warning: ${message}\n`)
    const { predictions } = done.evaluation
    const slices = slicesOf(predictions, await facetsFor(predictions, { root, column: values['slice-by'] }))
    const shown = { labels: most, slices: wholeNumber(values.slices, '--slices') }
    const told = { ...done, slices, detail: detailTwice(predictions, done.evaluation.labels) }
    io.out(format === 'json' ? evaluatedJson(told) : evaluatedText(told, shown, io.cwd))
    return 0
  },
}

/** A run, or else a folder of a model or an adapter. */
async function scoredThing(text: string, root: string, cwd: string): Promise<EvaluateOptions['of']> {
  const { run, which } = parseReference(text)
  const path = resolve(cwd, run)
  const isModel = (existsSync(join(path, 'config.json')) || isAdapter(path)) && !existsSync(join(path, 'recipe.json'))
  if (isModel) return { kind: 'model', folder: path }
  try {
    return { kind: 'run', folder: await findRun(root, run, cwd), which: which ?? 'best' }
  } catch (error) {
    const known = modelFolders(root).find(folder => existsSync(join(folder, text, 'config.json')))
    if (known === undefined) throw error
    return { kind: 'model', folder: findModel(text, cwd, modelFolders(root)) }
  }
}

function nextText(rows: readonly NextLabel[], cwd: string): string {
  const lines = rows.map(({ file, row, text, label, margin }) => [
    `${relative(cwd, file) || file} row ${row}`,
    oneLine(text, 60),
    `${oneLine(label, 30)}, ${margin.toFixed(2)} ahead`,
  ])
  return `${table([['row', 'text', 'the model says'], ...lines]).join('\n')}\n`
}

interface Told extends Evaluating {
  readonly slices: readonly Slice[]
  readonly detail: ReturnType<typeof detailTwice>
}

function evaluatedJson({ evaluation, file, leaked, warnings, slices, detail }: Told): string {
  const { model, split, labels, predictions, all, withoutLeaks } = evaluation
  const perLabel = labelScores(confusionOf(predictions, labels))
  return `${JSON.stringify({ version: 1, model, split, file, all, withoutLeaks, leaked, perLabel, detail, slices, warnings }, undefined, 2)}\n`
}

function evaluatedText(
  { evaluation, file, leaked, slices, detail }: Told,
  most: { readonly labels: number; readonly slices: number },
  cwd: string,
): string {
  const { model, split, labels, predictions, all, withoutLeaks } = evaluation
  const shown = shownScores(all)
  const cells = (s: Scores) => shown.map(({ score, text }) => text(s[score] ?? 0))
  const scores = table([
    ['', ...shown.map(({ title }) => title)],
    [`all ${counted(predictions.length, 'row')}`, ...cells(all)],
    ...(leaked > 0 ? [[`without ${counted(leaked, 'leaked row')}`, ...cells(withoutLeaks)]] : []),
  ])
  // Texts, numbers and sets are no labels to count by.
  const single = predictions.every(p => !p.sets && !p.numbers && !p.tags && !p.tokens)
  const perLabel = (single ? labelScores(confusionOf(predictions, labels)) : [])
    .filter(l => l.rows > 0)
    .sort((a, b) => a.f1 - b.f1 || b.rows - a.rows)
    .slice(0, most.labels)
  const worst = table([
    ['label', 'rows', 'precision', 'recall', 'F1'],
    ...perLabel.map(l => [
      oneLine(l.label, 40),
      count(l.rows),
      percent(l.precision),
      percent(l.recall),
      l.f1.toFixed(3),
    ]),
  ])
  const lines = [
    `${model}, on ${split}`,
    '',
    ...scores,
    '',
    ...block(detailLines(detail, leaked)),
    ...(perLabel.length > 0 ? [...worst, ''] : []),
    ...block(sliceLines(slices, most.slices)),
    `predictions: ${relative(cwd, file) || file}`,
  ]
  return `${lines.join('\n')}\n`
}

const block = (lines: readonly string[]) => (lines.length > 0 ? [...lines, ''] : [])

/** Scores beyond the first few, on all rows and without the leaked ones. */
function detailLines({ all, withoutLeaks }: Told['detail'], leaked: number): string[] {
  const best = all.thresholds?.best
  const line = (name: string, value: number, other: number | undefined) => [
    scoreText(name, value).title,
    value.toFixed(4),
    ...(leaked > 0 ? [`${other?.toFixed(4) ?? '–'} without leaked rows`] : []),
  ]
  return [
    ...table(Object.entries(all.scores).map(([name, value]) => line(name, value, withoutLeaks.scores[name]))),
    ...(best
      ? [
          `best F1 of ${all.thresholds?.label}: ${best.f1.toFixed(4)} from a probability of ${best.threshold.toFixed(3)} on`,
        ]
      : []),
  ]
}
