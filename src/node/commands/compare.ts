import { join } from 'node:path'
import type { Cancel } from '../../core/base/cancel.ts'
import { Failure } from '../../core/base/failure.ts'
import { count, counted } from '../../core/base/words.ts'
import { isTextRow } from '../../core/eval/graded.ts'
import { ledgerHtml } from '../../core/eval/html.ts'
import { type Ledger, makeLedger } from '../../core/eval/ledger.ts'
import { ledgerSlices } from '../../core/eval/slices.ts'
import { ledgerSliceLines } from '../../core/eval/sliceText.ts'
import { ledgerText, oneLine } from '../../core/eval/text.ts'
import { verdictOf } from '../../core/eval/verdict.ts'
import { tallyVotes, type Vote } from '../../core/eval/votes.ts'
import { votesLine } from '../../core/eval/votesText.ts'
import { type RowChange, sumChanges } from '../../core/run/rowChanges.ts'
import type { NearTraining } from '../../core/view/protocol.ts'
import { loadPair } from '../evaluations.ts'
import { facetsFor } from '../facets.ts'
import { judgePairs } from '../judge.ts'
import { nearestTraining } from '../nearest.ts'
import { changesBetween } from '../rowHashes.ts'
import { findRoot, runsFolder } from '../runs.ts'
import { keepVotes } from '../votes.ts'
import type { Command } from './command.ts'
import { oneOf, readOptions, wholeNumber } from './options.ts'

export const command: Command = {
  name: 'compare',
  summary: 'what changed, row by row, from one evaluation to another',
  usage: `winnow compare <a> [<b>] [options]

The ledger: which rows b fixed, which it broke, whether that can be chance, and how many rows would decide it. The last
line of the text is "ledger: F fixed, B broken, R still right, W still wrong, p = P".

a and b are runs: an id, the beginning of an id, "last", or a run folder; ":base", ":best", ":last" or ":<step>" after it
chooses the weights (default best). A file of predictions (evaluations/*.jsonl) will do as well. One run alone is
compared with its own base.

  --split train|validation|test   rows compared (default: test where there is one)
  --format text|json|html         default text; html is one page that needs nothing else
  --rows <n>                      broken and fixed rows shown in text (default 10)
  --labels <n>                    labels shown in text (default 10)
  --slices <n>                    slices shown in text, the surest change first (default 6)
  --nearest <n>                   for each broken row shown, the n nearest training rows, labels that disagree first (default 0)
  --judge <address>               texts: ask a model which is better, both ways round; an OpenAI-compatible server on this machine or
                                  its network, http://127.0.0.1:8080/v1. Votes go to votes.jsonl in the run folder
  --judge-model <name>            the model that the server should take
  --slice-by <column>             slices by the values of a column, too
  --fail-on regression|never      exit 1 when b is significantly worse (default never)

winnow compare last
winnow compare 20261101-180203-lora 20261101-181530-full --format html > ledger.html
`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, {
      command: 'compare',
      least: 1,
      most: 2,
      options: {
        split: { type: 'string' },
        format: { type: 'string', default: 'text' },
        rows: { type: 'string', default: '10' },
        labels: { type: 'string', default: '10' },
        slices: { type: 'string', default: '6' },
        'slice-by': { type: 'string' },
        nearest: { type: 'string', default: '0' },
        judge: { type: 'string' },
        'judge-model': { type: 'string' },
        'fail-on': { type: 'string', default: 'never' },
      },
    })
    const format = oneOf(values.format, ['text', 'json', 'html'], '--format')
    const failOn = oneOf(values['fail-on'], ['regression', 'never'], '--fail-on')
    const split =
      values.split === undefined ? {} : { split: oneOf(values.split, ['train', 'validation', 'test'], '--split') }
    const shown = { rows: wholeNumber(values.rows, '--rows'), labels: wholeNumber(values.labels, '--labels') }
    const root = findRoot(io.cwd)
    const [a, b] = await loadPair(root, positionals, { cwd: io.cwd, ...split })
    const ledger = makeLedger(a, b)
    const verdict = verdictOf(ledger)
    const rows = ledger.rows.map(row => ({ ...row, probabilities: row.b.probabilities }))
    const column = values['slice-by']
    const changes = await changesBetween(root, a, b)
    const slices = ledgerSlices(ledger.rows, format === 'html' ? [] : await facetsFor(rows, { root, column }))
    const lines = ledgerSliceLines(slices, wholeNumber(values.slices, '--slices'))
    const most = wholeNumber(values.nearest, '--nearest')
    const near =
      most > 0 && b.run !== undefined
        ? await nearOf(ledger, { rows: shown.rows, most, root, run: b.run, cancel: io.cancel })
        : []
    const votes =
      values.judge === undefined
        ? undefined
        : await judged(ledger, { address: values.judge, model: values['judge-model'], root, cancel: io.cancel })
    if (format === 'json')
      io.out(
        `${JSON.stringify({ version: 1, ...ledger, slices, ...(changes ? { rowChanges: changes } : {}), ...(most > 0 ? { nearest: near } : {}), ...(votes ? { votes: { ...tallyVotes(votes), votes } } : {}), verdict }, undefined, 2)}\n`,
      )
    else
      io.out(
        format === 'html'
          ? ledgerHtml(ledger)
          : ledgerText(ledger, {
              ...shown,
              further: [
                lines,
                changeLines(changes ?? []),
                nearLines(near),
                votes ? [`Judge: ${votesLine(votes, { a: a.model, b: b.model })}`] : [],
              ],
            }),
      )
    return failOn === 'regression' && verdict.kind === 'worse' ? 1 : 0
  },
}

const shownChanges = 10

function changeLines(changes: readonly RowChange[]): string[] {
  if (changes.length === 0) return []
  const { counts, rows } = sumChanges(changes, shownChanges)
  return [
    `Training rows: ${counts.map(([kind, n]) => `${count(n)} ${kind}`).join(', ')}`,
    ...rows.map(({ kind, file, row }) => `  ${kind}  ${file} row ${row}`),
    ...(changes.length > rows.length ? [`  … and ${counted(changes.length - rows.length, 'more row')}`] : []),
  ]
}

interface NearBroken {
  readonly file: string
  readonly row: number
  readonly gold: string
  readonly text: string
  readonly nearest: readonly NearTraining[]
}

/** The broken rows that are shown with the training rows that they are like. */
async function nearOf(
  { rows }: Ledger,
  { root, run, most, rows: shown, cancel }: NearOptions,
): Promise<readonly NearBroken[]> {
  const broken = rows.filter(row => row.outcome === 'broken').slice(0, shown)
  const found = await nearestTraining(join(runsFolder(root), run), broken, { most, cancel })
  return (found ?? []).map((nearest, i) => {
    const { file, row, gold, text } = broken[i] as (typeof broken)[number]
    return { file, row, gold, text, nearest }
  })
}

interface NearOptions {
  readonly root: string
  readonly run: string
  readonly most: number
  readonly rows: number
  readonly cancel: Cancel
}

function nearLines(broken: readonly NearBroken[]): string[] {
  if (broken.every(({ nearest }) => nearest.length === 0)) return []
  return [
    'Nearest training rows of broken rows',
    ...broken.flatMap(({ file, row, gold, text, nearest }) => [
      `  ${file} row ${row}  ${oneLine(text, 70)}  (${gold})`,
      ...nearest.map(
        n =>
          `    ${n.similarity.toFixed(2)}  ${n.disagrees ? 'other label' : 'same label'} ${n.gold}  ${n.file} row ${n.row}  ${oneLine(n.text, 60)}`,
      ),
    ]),
  ]
}

/** Asks the judge about every row with two different texts, and keeps what it says. */
async function judged({ a, b, rows }: Ledger, { address, model, root, cancel }: JudgeAsked): Promise<Vote[]> {
  const pairs = rows.flatMap(row =>
    isTextRow(row) && row.a.label !== row.b.label ? [{ ...row, a: row.a.label, b: row.b.label }] : [],
  )
  if (pairs.length === 0)
    throw new Failure('no-texts', 'The two say no different texts', 'A judge compares texts; labels are right or wrong')
  const votes = await judgePairs(pairs, { address, cancel, ...(model === undefined ? {} : { model }) })
  if (b.run !== undefined) await keepVotes(join(runsFolder(root), b.run), { a: a.name, b: b.name }, votes)
  return votes
}

interface JudgeAsked {
  readonly address: string
  readonly model: string | undefined
  readonly root: string
  readonly cancel: Cancel
}
