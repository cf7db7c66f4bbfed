import { headline } from '../../core/eval/headline.ts'
import { oneLine, table } from '../../core/eval/text.ts'
import { findRoot, listRuns, type RunFolder } from '../runs.ts'
import type { Command } from './command.ts'
import { oneOf, readOptions } from './options.ts'
import { runJson } from './run.ts'

export const command: Command = {
  name: 'runs',
  summary: 'list the runs of this workspace',
  usage: `winnow runs [options]

Lists the runs of this workspace (.winnow/runs), newest first: id, state, steps done, best validation score, test score.

  --format text|json   default text
`,
  async run(args, io) {
    const { values } = readOptions(args, { command: 'runs', options: { format: { type: 'string', default: 'text' } } })
    const format = oneOf(values.format, ['text', 'json'], '--format')
    const runs = await listRuns(findRoot(io.cwd))
    if (format === 'json') io.out(`${JSON.stringify({ version: 1, runs: runs.map(runJson) }, undefined, 2)}\n`)
    else if (runs.length === 0) io.out('There are no runs yet. Start one: winnow tune <recipe.json>\n')
    else io.out(`${table([['run', 'state', 'steps', 'best', 'test', 'model'], ...runs.map(line)]).join('\n')}\n`)
    return 0
  },
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
