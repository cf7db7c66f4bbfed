import { scoreText } from '../../src/core/eval/headline.ts'
import { seedGroups } from '../../src/core/view/bands.ts'
import { type Axis, axes } from '../../src/core/view/curves.ts'
import { checkbox } from '../parts/controls.ts'
import { h, icon, refresh } from '../parts/dom.ts'
import { menu } from '../parts/menu.ts'
import { hueClass } from '../parts/palette.ts'
import { segments } from '../parts/segments.ts'
import type { RunView, ShownRun } from './runState.ts'

export interface RunBar {
  readonly element: HTMLElement
  update(runs: readonly ShownRun[], scores: readonly string[]): void
}

const axisNames: Record<Axis, string> = { steps: 'Steps', epochs: 'Epochs', tokens: 'Tokens', time: 'Time' }
const scoreNames: Record<string, string> = { accuracy: 'Accuracy', macroF1: 'Macro F1', mcc: 'MCC' }

/** How the curves are drawn, and what leaves the panel. */
export function runBar(
  view: RunView,
  act: {
    readonly set: (part: Partial<RunView>) => void
    readonly save: (format: 'csv' | 'svg' | 'png') => void
  },
): RunBar {
  const value = h('output', { class: 'weight' }, view.weight.toFixed(2))
  const slider = h('input', {
    type: 'range',
    min: 0,
    max: 0.98,
    step: 0.02,
    value: view.weight,
    'aria-label': 'Smoothing',
  })
  const fill = () => slider.style.setProperty('--filled', `${(100 * Number(slider.value)) / Number(slider.max)}%`)
  fill()
  slider.addEventListener('input', () => {
    fill()
    value.textContent = Number(slider.value).toFixed(2)
    act.set({ weight: Number(slider.value) })
  })
  const table = h(
    'button',
    { type: 'button', class: 'toggle', 'aria-pressed': String(view.table), title: 'The numbers behind the curves' },
    icon('table'),
    'Table',
  )
  table.addEventListener('click', () => {
    const on = table.getAttribute('aria-pressed') !== 'true'
    table.setAttribute('aria-pressed', String(on))
    act.set({ table: on })
  })
  const legend = h('span', { class: 'row names' })
  const bands = h(
    'span',
    { class: 'row', hidden: true },
    checkbox({ label: 'Seeds as a band', on: view.bands, change: on => act.set({ bands: on }) }),
  )
  const scores = h('span', { class: 'row' })
  let score = view.score
  return {
    element: h(
      'div',
      { class: 'bar', role: 'group', 'aria-label': 'Curves', 'data-region': 'Curve settings' },
      segments({
        label: 'X axis',
        choices: axes.map(a => ({ value: a, text: axisNames[a] })),
        value: view.axis,
        pick: axis => act.set({ axis: axis as Axis }),
      }),
      h(
        'label',
        { class: 'row small' },
        h('span', { class: 'dim', 'aria-hidden': 'true' }, 'Smoothing'),
        slider,
        value,
      ),
      checkbox({ label: 'Log y', on: view.log, change: log => act.set({ log }) }),
      checkbox({ label: 'Cut outliers', on: view.clip, change: clip => act.set({ clip }) }),
      checkbox({ label: 'Speed and memory', on: view.machine, change: machine => act.set({ machine }) }),
      bands,
      scores,
      h(
        'span',
        { class: 'push row' },
        legend,
        table,
        menu({
          label: 'Export',
          icon: 'save',
          items: () => [
            { label: 'Numbers', detail: 'CSV', act: () => act.save('csv') },
            { label: 'Charts', detail: 'SVG', act: () => act.save('svg') },
            { label: 'Charts', detail: 'PNG', act: () => act.save('png') },
          ],
        }),
      ),
    ),
    update: (runs, names) => {
      bands.hidden = seedGroups(runs.map(r => r.shown.recipe)).length === 0
      refresh(
        legend,
        runs.map(r => [r.curves.run.id, r.curves.run.name, r.shown.color]),
        () => [
          runs
            .slice(0, 4)
            .map(r =>
              h(
                'span',
                { class: 'value cut', title: r.curves.run.name },
                h('i', { class: `swatch ${hueClass(r.shown.color)}` }),
                h('span', { class: 'cut' }, r.curves.run.name),
              ),
            ),
          h('span', { class: 'dim nowrap' }, 'solid train, dashed validation'),
        ],
      )
      refresh(scores, names, () =>
        names.length < 2
          ? undefined
          : segments({
              label: 'Score',
              choices: names.map(n => ({ value: n, text: scoreNames[n] ?? scoreText(n, 0).title })),
              value: names.includes(score) ? score : (names[0] as string),
              pick: next => {
                score = next
                act.set({ score: next })
              },
            }),
      )
    },
  }
}
