import { Failure } from '../../core/base/failure.ts'
import { headline } from '../../core/eval/headline.ts'
import { oneLine, table } from '../../core/eval/text.ts'
import { type Gate, gateResult, gateText } from '../../core/run/gates.ts'
import { findConfig } from '../config.ts'
import { findRoot, listRuns, type RunFolder, readData } from '../runs.ts'
import type { Command, CommandIo } from './command.ts'
import { oneOf, readOptions } from './options.ts'
import { runJson } from './run.ts'

export const command: Command = {
  name: 'runs',
  summary: 'list the runs of this workspace',
  usage: `winnow runs [options]

Lists the runs of this workspace (.winnow/runs), newest first: id, state, steps done, best validation score, test score.

  --gates              hold them to the gates of winnow.json; exit 1 where one is not reached
  --format text|json   default text
`,
  async run(args, io) {
    const { values } = readOptions(args, {
      command: 'runs',
      options: { gates: { type: 'boolean', default: false }, format: { type: 'string', default: 'text' } },
    })
    const format = oneOf(values.format, ['text', 'json'], '--format')
    const runs = await listRuns(findRoot(io.cwd))
    if (values.gates) return sayGates(runs, format, io)
    if (format === 'json') io.out(`${JSON.stringify({ version: 1, runs: runs.map(runJson) }, undefined, 2)}\n`)
    else if (runs.length === 0) io.out('There are no runs yet. Start one: winnow tune <recipe.json>\n')
    else io.out(`${table([['run', 'state', 'steps', 'best', 'test', 'model'], ...runs.map(line)]).join('\n')}\n`)
    return 0
  },
}

/** How each gate stands: reached, missed, or not to be said yet, which fails, too: a gate that nothing passes keeps nothing out. */
async function sayGates(runs: readonly RunFolder[], format: 'text' | 'json', io: CommandIo): Promise<number> {
  const gates = ((await findConfig(io.cwd))?.config.gates ?? []) as readonly Gate[]
  if (gates.length === 0)
    throw new Failure(
      'no-gates',
      'There is no gate',
      'Write "gates": [{ "metric": "accuracy", "least": 0.9 }] into winnow.json',
    )
  const known = await Promise.all(
    runs.map(async ({ id, run, folder }) => {
      const dataset = await readData(folder).then(
        data => data.dataset,
        () => undefined,
      )
      return { id, run, ...(dataset === undefined ? {} : { dataset }) }
    }),
  )
  const results = gates.map(gate => ({ gate, result: gateResult(gate, known) }))
  if (format === 'json') io.out(`${JSON.stringify({ version: 1, gates: results }, undefined, 2)}\n`)
  else
    for (const { gate, result } of results)
      io.out(`${result.kind.padEnd(7)} ${gateText(gate)}${result.kind === 'passed' ? '' : `. ${result.reason}`}\n`)
  return results.every(({ result }) => result.kind === 'passed') ? 0 : 1
}

function line({ id, run }: RunFolder): string[] {
  const done = run.series.step.at(-1) ?? 0
  const validation = run.best?.scores
  const test = run.evaluated.find(e => e.split === 'test' && e.of !== 'base')?.scores
  const started = run.started
  return [
    id,
    run.phase,
    started ? `${done}/${started.steps}` : '–',
    validation === undefined ? '–' : headline(validation),
    test === undefined ? '–' : headline(test),
    started ? oneLine(`${started.model}, ${started.method}`, 50) : '',
  ]
}
