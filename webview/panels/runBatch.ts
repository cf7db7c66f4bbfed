import { count, counted } from '../../src/core/base/words.ts'
import { nearest, spikes } from '../../src/core/view/curve.ts'
import type { BatchRow, FromRunPanel } from '../../src/core/view/protocol.ts'
import { fixed } from '../../src/core/view/words.ts'
import { button, enable } from '../parts/controls.ts'
import { h, put } from '../parts/dom.ts'
import { type Grid, grid } from '../parts/grid.ts'
import { placeCell } from '../parts/place.ts'
import type { ShownRun } from './runState.ts'

export interface RunBatch {
  readonly element: HTMLElement
  /** Asks for the rows of a step and opens; undefined closes. */
  show(own: ShownRun | undefined, step: number | undefined): void
  rows(step: number, rows: readonly BatchRow[]): void
}

/** The rows a step learned from: what stands behind a spike. */
export function runBatch(
  post: (message: FromRunPanel) => void,
  act: { readonly go: (step: number) => void; readonly close: () => void },
): RunBatch {
  let step: number | undefined
  let run: ShownRun | undefined
  let waiting = false
  const title = h('h2', { class: 'nowrap' })
  const facts = h('span', { class: 'small dim cut' })
  const leap = (way: 1 | -1) => {
    const to = run && step !== undefined ? spikeBeside(run, step, way) : undefined
    if (to !== undefined) act.go(to)
  }
  const before = button({ label: 'Previous spike', icon: 'arrow-up', look: 'bare', press: () => leap(-1) })
  const after = button({ label: 'Next spike', icon: 'arrow-down', look: 'bare', press: () => leap(1) })
  const close = button({ label: 'Close', icon: 'close', look: 'bare', title: 'Close (Escape)', press: act.close })
  const list: Grid<BatchRow> = grid<BatchRow>({
    id: 'batch',
    label: 'Rows of the step',
    key: r => `${r.file}#${r.row}`,
    empty: () =>
      waiting
        ? 'Asking for the rows of this step.'
        : 'The log of this run does not say which rows this step learned from.',
    open: r => post({ kind: 'openRow', place: { file: r.file, row: r.row } }),
    columns: [
      {
        id: 'row',
        title: 'Row',
        width: 'minmax(96px, 176px)',
        cell: r => placeCell(r.file, r.row),
        sort: (a, b) => a.file.localeCompare(b.file) || a.row - b.row,
      },
      { id: 'text', title: 'Text', width: 'minmax(120px, 1fr)', cell: r => h('bdi', { title: r.text }, r.text) },
      {
        id: 'label',
        title: 'Label',
        width: 'minmax(96px, 200px)',
        cell: r => r.label,
        sort: (a, b) => a.label.localeCompare(b.label),
      },
      {
        id: 'findings',
        title: 'Findings',
        width: 'minmax(96px, 168px)',
        cell: r =>
          h(
            'span',
            { class: 'row tight' },
            (r.findings ?? []).map(f => h('span', { class: 'tag' }, f)),
          ),
        sort: (a, b) => (b.findings?.length ?? 0) - (a.findings?.length ?? 0),
      },
    ],
  })
  const element = h(
    'section',
    { class: 'drawer', 'aria-label': 'Rows of a step', 'data-region': 'Rows of a step', hidden: true },
    h('div', { class: 'drawer-head' }, title, facts, h('span', { class: 'push row tight' }, before, after, close)),
    list.element,
  )
  element.addEventListener('keydown', event => {
    if (event.key === 'Escape') act.close()
  })
  return {
    element,
    show: (own, next) => {
      run = own
      const same = next === step
      step = next
      element.hidden = own === undefined || next === undefined
      if (!own || next === undefined || same) return
      waiting = true
      list.setRows([])
      put(title, `Rows of step ${count(next)}`)
      put(facts, factsOf(own, next))
      enable(before, spikeBeside(own, next, -1) === undefined ? 'No spike before this step' : undefined)
      enable(after, spikeBeside(own, next, 1) === undefined ? 'No spike after this step' : undefined)
      post({ kind: 'batch', id: own.curves.run.id, step: next })
    },
    rows: (of, rows) => {
      if (of !== step || !run) return
      waiting = false
      list.setRows(rows)
      put(facts, rows.length > 0 ? `${counted(rows.length, 'row')} · ${factsOf(run, of)}` : factsOf(run, of))
    },
  }
}

function factsOf({ curves }: ShownRun, step: number): string {
  const { series } = curves.run
  const i = nearest(series.step, step)
  if (i < 0) return ''
  const around = series.loss.slice(Math.max(0, i - 8), i + 9).sort((a, b) => a - b)
  const middle = around[around.length >> 1]
  return `loss ${fixed(series.loss[i], 3)}, neighbours ${fixed(middle, 3)} · gradient norm ${fixed(series.norm[i], 2)}`
}

function spikeBeside({ curves }: ShownRun, step: number, way: 1 | -1): number | undefined {
  const steps = spikes(curves.run.series.norm).map(i => curves.run.series.step[i] as number)
  return way > 0 ? steps.find(s => s > step) : steps.findLast(s => s < step)
}
