import { count } from '../../src/core/base/words.ts'
import { column, validations } from '../../src/core/view/curves.ts'
import { duration, fixed, scientific } from '../../src/core/view/words.ts'
import { h } from '../parts/dom.ts'
import { type Column, type Grid, grid } from '../parts/grid.ts'
import { segments } from '../parts/segments.ts'
import type { ShownRun } from './runState.ts'
import { format } from './runWords.ts'

export interface RunTable {
  readonly element: HTMLElement
  update(runs: readonly ShownRun[], score: string): void
}

/** An index into the columns of a run: the cells are read from there when they come into sight. */
type StepAt = number

/** The curves as numbers: one row a step, and beside it what was evaluated there. */
export function runTable(act: { readonly pick: (step: number) => void }): RunTable {
  let run: ShownRun | undefined
  let id = ''
  let score = 'accuracy'
  let scored = new Map<number, { readonly [name: string]: number }>()
  let length = -1
  let evaluations = -1
  const choose = h('div', { class: 'drawer-head' })
  const series = () => run?.curves.run.series as NonNullable<typeof run>['curves']['run']['series']
  const numbers = (id: string, title: string, cell: (i: StepAt) => string): Column<StepAt> => ({
    id,
    title,
    width: 'minmax(80px, 1fr)',
    end: true,
    cell,
  })
  const list: Grid<StepAt> = grid<StepAt>({
    id: 'numbers',
    label: 'Numbers of the curves',
    key: i => String(series().step[i]),
    empty: () => 'No step has been trained yet.',
    open: i => act.pick(series().step[i] as number),
    columns: [
      { ...numbers('step', 'Step', i => count(series().step[i] as number)), sort: (a, b) => a - b },
      numbers('epoch', 'Epoch', i => fixed(run ? column(run.curves, 'epochs')[i] : undefined, 2)),
      {
        ...numbers('loss', 'Train loss', i => format('loss', series().loss[i])),
        sort: (a, b) => (series().loss[a] as number) - (series().loss[b] as number),
      },
      numbers('validation', 'Val. loss', i => format('loss', scored.get(series().step[i] as number)?.['loss'])),
      numbers('score', 'Val. score', i => format('score', scored.get(series().step[i] as number)?.[score], score)),
      numbers('rate', 'Learning rate', i => scientific(series().rate[i], 2)),
      {
        ...numbers('norm', 'Gradient norm', i => format('norm', series().norm[i])),
        sort: (a, b) => (series().norm[a] as number) - (series().norm[b] as number),
      },
      numbers('rows', 'Rows/s', i => count((1000 * (series().rows[i] as number)) / (series().ms[i] || 1))),
      numbers('tokens', 'Tokens/s', i => count((1000 * (series().tokens[i] as number)) / (series().ms[i] || 1))),
      numbers('ms', 'Duration', i => duration(series().ms[i])),
    ],
  })
  return {
    element: h(
      'section',
      { class: 'table-view', 'aria-label': 'Numbers of the curves', 'data-region': 'Numbers', hidden: true },
      choose,
      list.element,
    ),
    update: (runs, nextScore) => {
      score = nextScore
      const before = run?.curves.run.id
      run = runs.find(r => r.curves.run.id === id) ?? runs[0]
      if (!run) return
      const { run: now } = run.curves
      if (choose.childElementCount === 0 || before !== now.id || choose.dataset['runs'] !== String(runs.length)) {
        choose.dataset['runs'] = String(runs.length)
        choose.replaceChildren(
          runs.length > 1
            ? segments({
                label: 'Run',
                choices: runs.map(r => ({ value: r.curves.run.id, text: r.curves.run.name })),
                value: now.id,
                pick: next => {
                  id = next
                  length = -1
                  run = runs.find(r => r.curves.run.id === id)
                  fill(run as ShownRun)
                },
              })
            : h('h2', {}, now.name),
        )
        length = -1
      }
      fill(run)
    },
  }

  function fill({ curves }: ShownRun): void {
    const steps = curves.run.series.step.length
    if (steps === length && curves.run.evaluated.length === evaluations) return
    length = steps
    evaluations = curves.run.evaluated.length
    scored = new Map(validations(curves.run).map(e => [e.step, e.scores]))
    list.setRows(Array.from({ length: steps }, (_, i) => i))
  }
}
