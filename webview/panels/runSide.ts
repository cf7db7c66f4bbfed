import { count, percent, points } from '../../src/core/base/words.ts'
import { scoreText, shownScores } from '../../src/core/eval/headline.ts'
import { type Evaluated, pace, type Run } from '../../src/core/run/run.ts'
import { column, validations } from '../../src/core/view/curves.ts'
import type { FromRunPanel } from '../../src/core/view/protocol.ts'
import { duration, fixed } from '../../src/core/view/words.ts'
import { type Child, h, icon, refresh } from '../parts/dom.ts'
import { menu } from '../parts/menu.ts'
import { hueClass } from '../parts/palette.ts'
import { section } from '../parts/section.ts'
import { runNotes } from './runNotes.ts'
import { recipesSection } from './runRecipes.ts'
import type { ShownRun } from './runState.ts'

export type OtherRun = { readonly id: string; readonly name: string; readonly detail: string }

export interface RunSide {
  readonly element: HTMLElement
  update(runs: readonly ShownRun[], others: readonly OtherRun[]): void
}

/** The column beside the curves: which runs, what changed, how fast, how good, what was kept. */
export function runSide(post: (message: FromRunPanel) => void): RunSide {
  let others: readonly OtherRun[] = []
  const adder = menu({
    label: 'Add run',
    icon: 'add',
    items: () =>
      others.length === 0
        ? [{ label: 'No other run in this workspace', act: () => {} }]
        : others.map(o => ({ label: o.name, detail: o.detail, act: () => post({ kind: 'addRun', id: o.id }) })),
  })
  const runs = h('div', {})
  const rest = h('div', {})
  const notes = runNotes(post)
  const element = h(
    'aside',
    { class: 'aside', 'aria-label': 'About this run', 'data-region': 'About this run', tabindex: 0 },
    section('Runs shown', adder, runs),
    notes.element,
    rest,
  )
  return {
    element,
    update: (shown, nextOthers) => {
      others = nextOthers
      refresh(runs, shown.map(rowKey), () => runsTable(shown, post))
      const own = shown[0]
      if (!own) return
      notes.update(own)
      const { run } = own.curves
      refresh(rest, [shown.map(s => [s.shown.run.id, s.shown.color]), shown.slice(0, 2).map(sideKey)], () => [
        recipesSection(shown),
        droppedSection(own),
        scoresSection(run),
        paceSection(shown),
        checkpointsSection(run, post),
      ])
    },
  }
}

function runsTable(shown: readonly ShownRun[], post: (message: FromRunPanel) => void): Child {
  return h(
    'table',
    {},
    h(
      'thead',
      {},
      h('tr', {}, ...['Run', 'Val. loss', 'Accuracy', ''].map((t, i) => h('th', { class: i ? 'end' : '' }, t))),
    ),
    h(
      'tbody',
      {},
      shown.map(({ shown: { run, color } }, i) => {
        const loss = bestOf(run)
        return h(
          'tr',
          {},
          h(
            'td',
            { class: 'cut', title: run.name },
            h('i', { class: `swatch ${hueClass(color)}` }),
            ' ',
            run.name,
            run.phase === 'running' && h('span', { class: 'dim' }, ' live'),
          ),
          h('td', { class: 'end' }, fixed(loss?.scores['loss'], 3)),
          h('td', { class: 'end' }, percent(loss?.scores['accuracy'])),
          h(
            'td',
            { class: 'end tiny-cell' },
            i > 0 &&
              h(
                'button',
                {
                  type: 'button',
                  class: 'bare',
                  title: `Remove ${run.name}`,
                  'aria-label': `Remove ${run.name}`,
                  'data-id': `remove ${run.id}`,
                  on: { click: () => post({ kind: 'removeRun', id: run.id }) },
                },
                icon('close', 'small'),
              ),
          ),
        )
      }),
    ),
  )
}

function droppedSection({ shown, curves }: ShownRun): HTMLElement | undefined {
  const dropped = shown.data?.dropped ?? []
  const rows = curves.run.started?.rows
  if (!rows && dropped.length === 0) return undefined
  const line = (name: string, value: string) =>
    h('tr', {}, h('td', { class: 'wrap' }, name), h('td', { class: 'end' }, value))
  return section(
    'Data',
    undefined,
    h(
      'table',
      {},
      h(
        'tbody',
        {},
        rows && [
          line('Training rows', count(rows.train)),
          line('Validation rows', count(rows.validation)),
          line('Test rows', count(rows.test)),
        ],
        dropped.map(d => line(`Left out: ${d.rule}`, `\u2212${count(d.rows)}`)),
      ),
    ),
  )
}

function scoresSection(run: Run): HTMLElement | undefined {
  const base = lastOf(run, 'base')
  const best = lastOf(run, 'best')
  if (!base && !best) return undefined
  const leaked = best?.leaked ?? base?.leaked ?? 0
  // The score that tells most of this task: accuracy, perplexity, a correlation, …
  const { score, title } = shownScores((best ?? base)?.scores ?? {})[0] as ReturnType<typeof shownScores>[0]
  const accurate = score === 'accuracy'
  const said = (value: number | undefined) =>
    accurate || value === undefined ? percent(value) : scoreText(score, value).text
  const a = (e: Evaluated | undefined) => e?.scores[score]
  const b = (e: Evaluated | undefined) => e?.withoutLeaks?.[score] ?? (leaked === 0 ? a(e) : undefined)
  const change = (get: (e: Evaluated | undefined) => number | undefined) => {
    const [from, to] = [get(base), get(best)]
    if (from === undefined || to === undefined) return '–'
    return accurate ? points(to - from) : fixed(to - from, 3)
  }
  const row = (name: string, all: string, clean: string) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, name),
      h('td', { class: 'end' }, all),
      leaked > 0 && h('td', { class: 'end' }, clean),
    )
  return section(
    `${title.slice(0, 1).toUpperCase()}${title.slice(1)} on the test split`,
    undefined,
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('td', {}),
          h('th', { class: 'end', scope: 'col' }, 'All rows'),
          leaked > 0 && h('th', { class: 'end', scope: 'col' }, `Without ${count(leaked)} leaked`),
        ),
      ),
      h(
        'tbody',
        {},
        base && row('Base', said(a(base)), said(b(base))),
        best && row(`Tuned, step ${count(best.step)}`, said(a(best)), said(b(best))),
        base && best && row(accurate ? 'Points' : 'Change', change(a), change(b)),
      ),
    ),
    h(
      'p',
      { class: 'small dim after' },
      leaked > 0 ? 'Leaked rows are also in training, so they flatter.' : 'No test row was found in training.',
    ),
  )
}

function paceSection(shown: readonly ShownRun[]): HTMLElement | undefined {
  const seen = shown
    .slice(0, 2)
    .map(s => ({ run: s.curves.run, pace: pace(s.curves.run), spent: column(s.curves, 'time').at(-1) }))
  if (!seen[0]?.pace) return undefined
  const row = (name: string, get: (s: (typeof seen)[number]) => string) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, name),
      seen.map(s => h('td', { class: 'end' }, get(s))),
    )
  return section(
    'Measured',
    undefined,
    h(
      'table',
      { class: 'measured' },
      seen.length > 1 &&
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('td', {}),
            seen.map(s => h('th', { class: 'end cut', scope: 'col', title: s.run.name }, s.run.name)),
          ),
        ),
      h(
        'tbody',
        {},
        row('Rows/s', s => (s.pace ? count(s.pace.rows) : '–')),
        row('Tokens/s', s => (s.pace ? count(s.pace.tokens) : '–')),
        row('Step, median', s => duration(s.pace?.step)),
        row('Time in steps', s => duration(s.spent)),
        row('Trained of all weights', s => shareOf(s.run)),
      ),
    ),
  )
}

function checkpointsSection(run: Run, post: (message: FromRunPanel) => void): HTMLElement | undefined {
  if (run.saved.length === 0) return undefined
  const loss = new Map(validations(run).map(e => [e.step, e.scores['loss']]))
  const newest = run.saved.at(-1)?.step
  return section(
    'Checkpoints',
    h(
      'button',
      {
        type: 'button',
        class: 'link push',
        'data-id': 'folder',
        on: { click: () => post({ kind: 'openFolder', id: run.id }) },
      },
      'Open folder',
    ),
    h(
      'table',
      {},
      h(
        'tbody',
        {},
        run.saved
          .toReversed()
          .map(s =>
            h(
              'tr',
              { title: s.path },
              h(
                'td',
                {},
                `step ${count(s.step)} `,
                s.best && h('span', { class: 'tag' }, icon('check', 'small c-green'), 'best'),
                !s.best && s.step === newest && h('span', { class: 'dim' }, 'last'),
              ),
              h(
                'td',
                { class: 'end' },
                loss.has(s.step) ? [h('span', { class: 'dim' }, 'val. loss '), fixed(loss.get(s.step), 3)] : '',
              ),
            ),
          ),
      ),
    ),
  )
}

function bestOf(run: Run): { readonly scores: { readonly [name: string]: number } } | undefined {
  return run.best ?? validations(run).toSorted((a, b) => (a.scores['loss'] ?? 0) - (b.scores['loss'] ?? 0))[0]
}

function lastOf(run: Run, of: 'base' | 'best'): Evaluated | undefined {
  return run.evaluated.findLast(e => e.split === 'test' && e.of === of)
}

function shareOf(run: Run): string {
  const { started } = run
  return started ? percent(started.trainable / Math.max(1, started.parameters)) : '–'
}

const rowKey = ({ shown, curves: { run } }: ShownRun) => [run.id, run.name, run.phase, shown.color, bestOf(run)?.scores]

// Figures of speed would redraw the column with each step: they count by the second of a run that moves.
const sideKey = ({ shown, curves }: ShownRun) => [
  curves.run.id,
  curves.run.phase,
  curves.run.evaluated.length,
  curves.run.saved.length,
  curves.run.saved.at(-1)?.path,
  shown.data?.dropped.length,
  Math.floor((column(curves, 'time').at(-1) ?? 0) / 1000),
]
