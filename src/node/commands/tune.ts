import { dirname, resolve, sep } from 'node:path'
import { Failure } from '../../core/base/failure.ts'
import { counted, percent } from '../../core/base/words.ts'
import { curveJson, curveText } from '../../core/eval/learningCurveText.ts'
import { makeLedger } from '../../core/eval/ledger.ts'
import { ledgerLine, table } from '../../core/eval/text.ts'
import { verdictOf } from '../../core/eval/verdict.ts'
import { histogramLines, preflightFacts } from '../../core/run/preflightText.ts'
import { newRun, plainRun, type Run, reduce } from '../../core/run/run.ts'
import type { RunEvent } from '../../core/train/event.ts'
import { rangeSchedule } from '../../core/train/findRate.ts'
import { inspectionLines } from '../../core/view/inspectionText.ts'
import { prepareAgain } from '../again.ts'
import { dryRun } from '../dryRun.ts'
import { loadPair } from '../evaluations.ts'
import { inspectPrepared } from '../inspectRun.ts'
import { type CurveRun, learningCurveRuns } from '../learningCurve.ts'
import { prepareRun, readRecipeFile } from '../prepare.ts'
import { killRun, startTraining, waitForEnd } from '../program.ts'
import { followRun, readEvents } from '../runLog.ts'
import { appendEvent, askToStop, createRun, findRoot, findRun, readRun } from '../runs.ts'
import type { Command, CommandIo } from './command.ts'
import { oneOf, readOptions } from './options.ts'
import { eventText, progressLine } from './progress.ts'
import { runText } from './run.ts'

export const command: Command = {
  name: 'tune',
  summary: 'fine-tune a model as a recipe says, and follow the run',
  usage: `winnow tune <recipe.json> [options]
winnow tune --resume <run> [options]
winnow tune --again <run> [options]

Makes a run (a folder under .winnow/runs), trains in a process of its own and follows it. Ctrl+C asks it to save a
checkpoint and stop; Ctrl+C again ends it at once. Ends with the scores of base and tuned, with and without leaked rows.

  --dry-run            say what the run would take: parameters, tokens, steps, time, memory, largest batch; two steps are
                       tried, nothing is written
  --inspect            say what training would see of its rows: tokens, what is learnt and what is cut, and what would stop
                       the recipe; exit code 1 where something does
  --find-rate          raise the rate from a millionth to 1 in 100 steps, in a run of its own, and say which one to take
  --learning-curve     train on 10, 25, 50 and 100 % of the rows, one run each, and say what 100 more rows would bring
  --again <run>        a new run by the recipe of another one, on its files as they are now; winnow compare names what changed
  --resume <run>       go on with a run that was stopped or died, from its last checkpoint
  --detach             start it and return; winnow run <id> tells how it does
  --format text|json   json: one document at the end (with --detach: the id and folder); default text

A recipe: { "model": "tiny-encoder", "data": { "dataset": "banking77" }, "method": { "kind": "lora" } }
`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, {
      command: 'tune',
      most: 1,
      options: {
        resume: { type: 'string' },
        again: { type: 'string' },
        'find-rate': { type: 'boolean' },
        'dry-run': { type: 'boolean' },
        inspect: { type: 'boolean' },
        'learning-curve': { type: 'boolean' },
        detach: { type: 'boolean' },
        format: { type: 'string', default: 'text' },
      },
    })
    const format = oneOf(values.format, ['text', 'json'], '--format')
    const [file] = positionals
    if ([file, values.resume, values.again].filter(one => one !== undefined).length !== 1)
      throw new Failure(
        'usage',
        'winnow tune needs a recipe, or --resume or --again and a run',
        'winnow tune --help tells more',
      )
    if (file !== undefined && values.inspect) return sayWhatItSees(resolve(io.cwd, file), format, io)
    if (file !== undefined && values['dry-run']) return sayWhatItTakes(resolve(io.cwd, file), format, io)
    if (file !== undefined && values['learning-curve']) return sayLearningCurve(resolve(io.cwd, file), format, io)
    const folder =
      values.resume === undefined
        ? await newRunFolder(
            file === undefined
              ? await prepareOther(values.again as string, io)
              : await prepareFile(resolve(io.cwd, file), io),
            values['find-rate'] ? 'find-rate' : 'train',
          )
        : await resumable(values.resume, io)
    // What an earlier attempt wrote is history: only what comes now is told, and only a new end is the end.
    let history = 0
    for await (const events of readEvents(folder)) history += events.length
    if (values.resume === undefined) history = 0
    await startTraining(folder)
    const shown = await readRun(folder)
    if (values.detach) {
      if (format === 'json')
        io.out(`${JSON.stringify({ version: 1, id: shown.id, folder, warnings: shown.run.warned })}\n`)
      else io.out(`${shown.id}\n`)
      return 0
    }
    io.err(`run ${shown.id}\n`)
    await follow(folder, history, io)
    return report(folder, format, io)
  },
}

/** Everything that a run of this recipe file needs, and the workspace that it belongs to. */
async function prepareFile(recipeFile: string, io: Pick<CommandIo, 'cwd' | 'cancel'>) {
  const folder = dirname(recipeFile)
  // A recipe in a subfolder of a workspace that has neither runs nor winnow.json yet: the current folder is meant.
  const under = `${folder}${sep}`.startsWith(`${io.cwd}${sep}`)
  const root = findRoot(folder, under ? io.cwd : folder)
  const input = await readRecipeFile(recipeFile)
  return { root, prepared: await prepareRun(input, { folder, root, cancel: io.cancel }) }
}

/** What the run would take. Exit code 0. */
async function sayWhatItTakes(recipeFile: string, format: 'text' | 'json', io: CommandIo): Promise<number> {
  const { prepared } = await prepareFile(recipeFile, io)
  const preflight = await dryRun(prepared, { cwd: io.cwd, cancel: io.cancel })
  if (format === 'json') io.out(`${JSON.stringify(preflight, undefined, 2)}\n`)
  else {
    const warnings = preflight.warnings.map(w => `warning: ${w.message}`)
    io.out(
      `${[...table(preflightFacts(preflight)), '', 'rows by tokens', ...histogramLines(preflight), ...warnings].join('\n')}\n`,
    )
  }
  return 0
}

/** What training would see. Exit code 0, or 1 where something stops the recipe. */
async function sayWhatItSees(recipeFile: string, format: 'text' | 'json', io: CommandIo): Promise<number> {
  const { prepared } = await prepareFile(recipeFile, io)
  const inspection = await inspectPrepared(prepared, { cwd: io.cwd, cancel: io.cancel })
  io.out(format === 'json' ? `${JSON.stringify(inspection)}\n` : `${inspectionLines(inspection).join('\n')}\n`)
  return inspection.stops.length > 0 ? 1 : 0
}

/** What so many rows gave, and what more would. Exit code 0. */
async function sayLearningCurve(recipeFile: string, format: 'text' | 'json', io: CommandIo): Promise<number> {
  const folder = dirname(recipeFile)
  const root = findRoot(folder, io.cwd)
  const runs: CurveRun[] = []
  for await (const step of learningCurveRuns(await readRecipeFile(recipeFile), { folder, root, cancel: io.cancel })) {
    runs.push(step)
    io.err(`${counted(step.rows, 'row')}: ${percent(1 - step.error)} right\n`)
  }
  io.out(format === 'json' ? curveJson(runs) : curveText(runs))
  return 0
}

/** Prepares a run and writes its folder; what should be known before it starts goes into its log. */
async function newRunFolder(
  { root, prepared }: Awaited<ReturnType<typeof prepareFile>>,
  purpose: 'train' | 'find-rate',
): Promise<string> {
  const { recipe: own, data, warnings } = prepared
  const recipe = purpose === 'train' ? own : { ...own, name: `${own.name} rate`, schedule: rangeSchedule() }
  const made = await createRun(root, { recipe, data, at: new Date() })
  for (const warning of warnings) await appendEvent(made.folder, { kind: 'warned', at: Date.now(), ...warning })
  return made.folder
}

/** The same by the recipe of another run. */
async function prepareOther(wanted: string, io: Pick<CommandIo, 'cwd' | 'cancel'>) {
  return prepareAgain(await findRun(findRoot(io.cwd), wanted, io.cwd), io.cancel)
}

async function resumable(wanted: string, io: CommandIo): Promise<string> {
  const folder = await findRun(findRoot(io.cwd), wanted, io.cwd)
  const { id, run } = await readRun(folder)
  if (run.phase === 'finished')
    throw new Failure('run-finished', `The run ${id} has finished: there is nothing to resume`)
  return folder
}

/** Shows how the run does until it is over, after `history` events that are known. The first Ctrl+C asks it to stop, the second ends it. */
async function follow(folder: string, history: number, io: CommandIo): Promise<void> {
  const live = io.watched === true
  let run: Run = newRun('', '')
  let asked = false
  const wipe = live ? '\r\u001b[2K' : ''
  let heard = 0
  let over = false
  const hear = (event: RunEvent) => {
    run = reduce(run, event)
    if (heard++ < history) return
    if (event.kind === 'ended') over = true
    const text = eventText(event, run)
    if (text !== undefined) io.err(`${wipe}${text}\n`)
  }
  const interrupted = () => {
    if (asked) void killRun(folder)
    else {
      asked = true
      io.err(`${wipe}Stopping after this step; Ctrl+C again ends it at once.\n`)
      void askToStop(folder)
    }
  }
  process.on('SIGINT', interrupted)
  try {
    await new Promise<void>((resolved, failed) => {
      const following = followRun(
        folder,
        {
          onEvents: events => {
            for (const event of events) hear(event)
            if (live && !over) io.err(`${wipe}${progressLine(run, process.stderr.columns ?? 80)}`)
          },
          onReset: () => {
            run = newRun('', '')
            heard = 0
          },
          onProblem: failed,
        },
        live ? 150 : 300,
      )
      const timer = setInterval(() => {
        if (io.cancel.aborted && !asked) interrupted()
        if (!over) return
        clearInterval(timer)
        following.dispose()
        resolved()
      }, 50)
    })
    if (live) io.err(wipe)
    await waitForEnd(folder, { ms: 10_000 })
  } finally {
    process.off('SIGINT', interrupted)
  }
}

/** The end: a summary, and the ledger of base and tuned where both were scored. Exit code 0 finished, 2 failed. */
async function report(folder: string, format: 'text' | 'json', io: CommandIo): Promise<number> {
  const shown = await readRun(folder)
  const { run } = shown
  const pair = await loadPair(folder, [folder], { cwd: folder }).catch(error => {
    if (error instanceof Failure) return undefined // Stopped before it was scored: there is nothing to compare.
    throw error
  })
  const ledger = pair && makeLedger(...pair)
  if (format === 'json') {
    const { all, withoutLeaks, split } = ledger ?? {}
    const compared = ledger && { split, all, withoutLeaks, verdict: verdictOf(ledger) }
    io.out(
      `${JSON.stringify({ version: 1, id: shown.id, folder, run: plainRun(run), ledger: compared }, undefined, 2)}\n`,
    )
  } else {
    io.out(await runText(shown))
    if (ledger) {
      const { sentence, detail } = verdictOf(ledger)
      const on = ledger.split === 'test' ? '' : `On ${ledger.split}: `
      io.out(`\n${on}${[sentence, detail].filter(Boolean).join('\n')}\n`)
      io.out(`Row by row: winnow compare ${shown.id}\n`)
      io.out(`${ledgerLine(ledger)}\n`)
    }
  }
  if (run.phase === 'stopped') io.err(`Stopped. Go on with: winnow tune --resume ${shown.id}\n`)
  if (run.phase === 'failed') {
    io.err(`winnow: the run failed: ${run.reason ?? 'no reason was given'}\n`)
    return 2
  }
  return 0
}
