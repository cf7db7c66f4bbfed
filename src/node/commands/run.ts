import { basename, join, resolve } from 'node:path'
import { Failure } from '../../core/base/failure.ts'
import { count, counted } from '../../core/base/words.ts'
import { headline } from '../../core/eval/headline.ts'
import { table } from '../../core/eval/text.ts'
import { takenFacts } from '../../core/run/preflightText.ts'
import { pace, plainRun, type Run, timeLeft } from '../../core/run/run.ts'
import { byGravity } from '../../core/run/warnings.ts'
import { isFactor } from '../../core/train/control.ts'
import type { Scores } from '../../core/train/event.ts'
import { about } from '../../core/view/words.ts'
import { askControl } from '../control.ts'
import { exportScalars, runForms } from '../exportRun.ts'
import { killRun, stopRun } from '../program.ts'
import { findRoot, findRun, type RunFolder, readData, readRecipe, readRun } from '../runs.ts'
import type { Command } from './command.ts'
import { oneOf, readOptions } from './options.ts'

export const command: Command = {
  name: 'run',
  summary: 'show one run, stop it, pause it or change its rate',
  usage: `winnow run <id> [options]

Shows one run: state, speed, scores with and without leaked rows, warnings. The id may be the beginning of one, "last",
or the run's folder.

  --stop               ask it to stop: it saves a checkpoint and ends; what does not listen within 30 s is ended
  --pause              let it rest between two steps, after a checkpoint
  --continue           let it go on
  --rate <factor>      multiply the schedule's learning rate from the next step on: 0.5 halves it, 1 is the recipe's
  --kill               end its process at once; what it saved remains
  --export <form>      write its losses, rates, norms and scores for tensorboard, or as csv
  --out <folder>       where to; tensorboard or csv in the run's folder unless said otherwise
  --format text|json   default text
`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, {
      command: 'run',
      least: 1,
      options: {
        stop: { type: 'boolean' },
        kill: { type: 'boolean' },
        pause: { type: 'boolean' },
        continue: { type: 'boolean' },
        rate: { type: 'string' },
        export: { type: 'string' },
        out: { type: 'string' },
        format: { type: 'string', default: 'text' },
      },
    })
    const format = oneOf(values.format, ['text', 'json'], '--format')
    const folder = await findRun(findRoot(io.cwd), positionals[0] as string, io.cwd)
    if (values.export !== undefined) {
      const form = oneOf(values.export, runForms, '--export')
      const out = values.out === undefined ? join(folder, form) : resolve(io.cwd, values.out)
      const file = await exportScalars(folder, form, out)
      io.out(format === 'json' ? `${JSON.stringify({ version: 1, file })}\n` : `${file}\n`)
      return 0
    }
    if (values.pause && values.continue)
      throw new Failure('usage', '--pause and --continue do not go together', 'Leave one of them out')
    if (values.rate !== undefined && !isFactor(Number(values.rate)))
      throw new Failure(
        'usage',
        `--rate must be a number above 0 and at most 100, not "${values.rate}"`,
        '0.5 halves the rate',
      )
    const asked = values.pause || values.continue || values.rate !== undefined
    if (asked && (await readRun(folder)).run.phase === 'finished')
      throw new Failure(
        'run-finished',
        `The run ${basename(folder)} has finished`,
        'Start another one with winnow tune --again',
      )
    if (asked)
      askControl(folder, {
        ...(values.pause || values.continue ? { paused: values.pause === true } : {}),
        ...(values.rate === undefined ? {} : { factor: Number(values.rate) }),
      })
    if (values.kill) await killRun(folder)
    else if (values.stop && (await readRun(folder)).alive && (await stopRun(folder)) === 'killed')
      io.err('It did not listen and was ended; what it had saved remains.\n')
    const shown = await readRun(folder)
    if (format === 'text') {
      io.out(await runText(shown))
      return 0
    }
    const recipe = await readRecipe(folder)
    const data = await readData(folder)
    io.out(
      `${JSON.stringify({ version: 1, ...runJson(shown), run: plainRun(shown.run), recipe, data }, undefined, 2)}\n`,
    )
    return 0
  },
}

/** A run in a list, as JSON. */
export function runJson({ id, folder, run, alive }: RunFolder) {
  return {
    id,
    name: run.name,
    folder,
    phase: run.phase,
    alive,
    step: run.series.step.at(-1) ?? 0,
    steps: run.started?.steps,
    startedAt: run.started?.at,
    endedAt: run.endedAt,
    reason: run.reason,
    best: run.best,
  }
}

/** The summary of a run: what it was, how fast, how good. Also what `winnow tune` ends with. */
export async function runText(shown: RunFolder): Promise<string> {
  const { run, folder } = shown
  const { started, series } = run
  const facts: string[][] = [
    ['run', shown.id],
    ['state', stateText(run)],
  ]
  if (started) {
    facts.push(
      [
        'model',
        `${started.model}, ${started.method}: ${count(started.trainable)} of ${counted(started.parameters, 'parameter')} trained`,
      ],
      [
        'provider',
        [started.provider, started.device, started.threads && counted(started.threads, 'thread')]
          .filter(Boolean)
          .join(', '),
      ],
      [
        'rows',
        `${count(started.rows.train)} train, ${count(started.rows.validation)} validation, ${count(started.rows.test)} test`,
      ],
    )
  }
  const data = await readData(folder).catch(() => undefined)
  if (data && data.dropped.length > 0) {
    const reasons = new Map<string, number>()
    for (const { rule } of data.dropped) reasons.set(rule, (reasons.get(rule) ?? 0) + 1)
    facts.push(['left out', [...reasons].map(([rule, n]) => `${count(n)} ${rule}`).join(', ')])
  }
  if (series.step.length > 0) {
    const whole = overall(run)
    facts.push(
      ['steps', `${count(series.step.at(-1) as number)} of ${count(started?.steps ?? 0)}`],
      ['speed', `${whole.rows.toFixed(0)} rows/s, ${count(whole.tokens)} tokens/s`],
      ['loss', `${(series.loss[0] as number).toFixed(4)} first, ${(series.loss.at(-1) as number).toFixed(4)} last`],
    )
  }
  facts.push(...takenFacts(run))
  const lines = [...table(facts), ...scoreTable(run), ...byGravity(run.warned).map(w => `warning: ${w.message}`)]
  return `${lines.join('\n')}\n`
}

/** Rows and tokens a second over all steps. */
function overall({ series }: Run): { readonly rows: number; readonly tokens: number } {
  const sum = (column: Float64Array) => column.reduce((a, b) => a + b, 0)
  const seconds = sum(series.ms) / 1000 || 1
  return { rows: sum(series.rows) / seconds, tokens: sum(series.tokens) / seconds }
}

function stateText(run: Run): string {
  const { factor = 1 } = run.rates?.at(-1) ?? {}
  if (run.paused) return `paused after step ${count(run.series.step.at(-1) ?? 0)}`
  if (run.phase === 'running') {
    const left = timeLeft(run)
    const speed = pace(run)
    return `running${left === undefined ? '' : `, ${about(left)} left`}${speed ? `, ${speed.rows.toFixed(0)} rows/s now` : ''}${factor === 1 ? '' : `, rate times ${factor}`}`
  }
  return run.reason === undefined ? run.phase : `${run.phase}: ${run.reason}`
}

/** Every score the run has, on all rows and without the leaked ones. */
function scoreTable(run: Run): string[] {
  // While it runs, the best so far; at its end, base and tuned.
  const ended = run.evaluated.some(e => e.of === 'best')
  const bestSoFar = run.evaluated.filter(e => e.of === undefined && e.best).at(-1)
  const scored = run.evaluated.filter(e => e.of !== undefined || (!ended && e === bestSoFar))
  if (scored.length === 0) return []
  const cells = (scores: Scores | undefined) =>
    scores
      ? [
          headline(scores),
          ...(scores['macroF1'] === undefined ? [] : [`F1 ${scores['macroF1'].toFixed(3)}`]),
          `loss ${(scores['loss'] ?? 0).toFixed(3)}`,
        ].join(', ')
      : ''
  const leaks = scored.some(e => e.withoutLeaks)
  const baseline = scored.find(e => e.baseline)?.baseline
  const base = {
    'feature-head': 'base: the model as it was, with a head trained on its features',
    centroid: 'base: the model as it was, with one Gaussian a label on its features',
  }
  return [
    '',
    ...table([
      ['', 'all rows', ...(leaks ? ['without leaked rows'] : [])],
      ...scored.map(e => [
        `${e.split}, ${e.of === 'base' ? 'base' : e.of === 'best' ? `tuned (step ${e.step})` : `step ${e.step}${e.best ? ' (best)' : ''}`}`,
        cells(e.scores),
        ...(leaks
          ? [e.withoutLeaks ? `${cells(e.withoutLeaks)} (${counted(e.leaked ?? 0, 'row')} left out)` : '']
          : []),
      ]),
    ]),
    ...(baseline ? [base[baseline]] : []),
  ]
}
