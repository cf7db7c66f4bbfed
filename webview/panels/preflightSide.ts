import { count, counted, percent } from '../../src/core/base/words.ts'
import type { Preflight } from '../../src/core/train/estimate.ts'
import type { Check, Inspection, Pick } from '../../src/core/train/inspection.ts'
import { batchChoices } from '../../src/core/view/preflight.ts'
import { about, bytes } from '../../src/core/view/words.ts'
import { type Child, h, icon, refresh, s } from '../parts/dom.ts'
import { scaleOf } from '../parts/interval.ts'

export interface Known {
  readonly inspection?: Inspection
  readonly preflight?: Preflight
  readonly noEstimate?: string
}

export interface PreflightSide {
  readonly element: HTMLElement
  show(known: Known): void
}

/** What the run takes: estimate, largest batch, lengths of rows, checks. */
export function preflightSide(show: (pick: Pick) => void): PreflightSide {
  const parts = [h('div', {}), h('div', {}), h('div', {}), h('div', {})] as const
  const element = h(
    'aside',
    { class: 'preflight-side', 'aria-label': 'What the run takes', 'data-region': 'What the run takes', tabindex: 0 },
    parts,
  )
  return {
    element,
    show: known => {
      const { inspection, preflight, noEstimate } = known
      refresh(parts[0], [preflight, noEstimate], () => estimateSection(known))
      refresh(parts[1], preflight, () => preflight && batchSection(preflight))
      refresh(parts[2], [inspection?.histogram, inspection?.tokens], () => inspection && lengthSection(inspection))
      refresh(parts[3], inspection?.checks, () => inspection && checkSection(inspection.checks, show))
    },
  }
}

function section(title: string, side: Child, ...children: Child[]): HTMLElement {
  return h(
    'section',
    { class: 'sec' },
    h('div', { class: 'sec-head' }, h('h2', {}, title), h('span', { class: 'push small dim' }, side)),
    children,
  )
}

function estimateSection({ preflight, noEstimate }: Known): HTMLElement {
  if (!preflight)
    return section(
      'Estimate',
      undefined,
      h(
        'p',
        { class: 'small dim', role: 'status' },
        noEstimate ??
          'Two steps are being tried, to see how long one takes and how much memory. Nothing of them is kept.',
      ),
    )
  const { seconds, memory, machine, provider, threads, steps, parameters, warnings, rows } = preflight
  const where = provider === 'cpu' ? `CPU · ${counted(threads, 'thread')}` : provider.toUpperCase()
  const spread = seconds && `${about(1000 * seconds.low)} to ${about(1000 * seconds.high)}`
  const share = (bytes: number) => `${Math.min(100, (100 * bytes) / machine)}%`
  return section(
    'Estimate',
    where,
    h(
      'div',
      { class: 'facts' },
      big(bytes(memory.value), `memory, of ${bytes(machine)}`),
      big(seconds ? about(1000 * seconds.value) : '–', spread ?? 'no step was tried'),
      big(
        count(parameters.trained),
        `${percent(parameters.trained / Math.max(1, parameters.all))} of the weights train`,
      ),
    ),
    h(
      'div',
      {
        class: 'memory',
        role: 'img',
        'aria-label': `Memory ${bytes(memory.value)}, between ${bytes(memory.low)} and ${bytes(memory.high)}, of ${bytes(machine)}`,
      },
      h('i', { class: memory.value > machine ? 'over' : '', style: { width: share(memory.value) } }),
      h('b', { style: { left: share(memory.low), width: `calc(${share(memory.high)} - ${share(memory.low)})` } }),
    ),
    h(
      'p',
      { class: 'small dim after' },
      `${counted(rows.train, 'training row')}, ${count(rows.validation)} validation, ${count(rows.test)} test, ${count(rows.leftOut)} left out; ${counted(steps, 'step')}.`,
    ),
    warnings.map(w =>
      h('p', { class: 'small after row' }, icon('warning', 'small c-warning'), h('span', {}, w.message)),
    ),
  )
}

const big = (value: string, words: string) =>
  h('div', {}, h('b', { class: 'big' }, value), h('span', { class: 'small dim' }, words))

function batchSection(preflight: Preflight): HTMLElement {
  const { machine, tokens, largestBatch } = preflight
  const notes = { recipe: 'recipe', largest: 'largest' }
  return section(
    'Largest batch',
    `at ${count(Math.min(tokens.limit, tokens.longest))} tokens`,
    h(
      'table',
      { class: 'batches' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, 'Rows at once'),
          h('th', { class: 'end', scope: 'col' }, 'Memory'),
          h('th', { scope: 'col' }, 'Of this machine'),
          h('th', { class: 'end', scope: 'col' }, 'Rows/s'),
        ),
      ),
      h(
        'tbody',
        {},
        batchChoices(preflight).map(({ rows, memory, fits, pace, note }) =>
          h(
            'tr',
            { class: note === 'recipe' ? 'chosen' : '' },
            h('td', {}, `${count(rows)} `, note && h('span', { class: 'dim' }, notes[note])),
            h('td', { class: 'end' }, bytes(memory)),
            h(
              'td',
              {},
              h(
                'span',
                { class: 'meter' },
                h('i', { class: fits ? '' : 'over', style: { width: `${Math.min(100, (100 * memory) / machine)}%` } }),
              ),
            ),
            h(
              'td',
              { class: 'end nowrap' },
              fits
                ? pace === undefined
                  ? h('span', { class: 'dim', title: 'No step of so many rows was tried' }, '–')
                  : count(Math.round(pace))
                : [icon('close', 'small c-red'), ' does not fit'],
            ),
          ),
        ),
      ),
    ),
    largestBatch === 0 && h('p', { class: 'small after' }, 'Not even one row fits into the memory of this machine.'),
  )
}

function lengthSection({ histogram, tokens, limit, cut, rows, looked }: Inspection): HTMLElement {
  const title = looked < rows ? `${count(looked)} of ${counted(rows, 'training row')}` : counted(rows, 'training row')
  const { width, rows: bars } = histogram
  if (looked === 0 || bars.length === 0) return section('Tokens per row', title)
  const bottom = 88
  const { to: most, step } = scaleOf(0, Math.max(2, ...bars))
  const end = Math.max(1, width * bars.length)
  const x = (value: number) => `${((100 * value) / end).toFixed(3)}%`
  const y = (n: number) => bottom - ((bottom - 16) * n) / most
  const label = `Tokens per row: median ${tokens.median}, longest ${tokens.longest}, limit ${limit}; ${cut} rows are cut`
  const text = (at: { x: string; y: number; anchor: string; dx?: number; class?: string }, words: string) =>
    s('text', { x: at.x, y: at.y, dx: at.dx, class: at.class ?? '', 'text-anchor': at.anchor }, words)
  const late = limit > 0.64 * end
  const quarters = [0, 1, 2, 3].map(i => (end * i) / 4)
  return section(
    'Tokens per row',
    title,
    s(
      'svg',
      { role: 'img', 'aria-label': label, class: 'lengths' },
      // Places are shares of the width, whatever that is, and letters keep their size.
      Array.from({ length: Math.round(most / step) + 1 }, (_, i) => i * step).map(n => [
        s('line', { x1: 0, x2: '100%', y1: y(n), y2: y(n), class: 'track' }),
        text({ x: '-6', y: y(n) + 4, anchor: 'end' }, count(n)),
      ]),
      bars.map(
        (n, i) =>
          n > 0 &&
          s('rect', {
            ...{ x: x(i * width), y: Math.min(y(n), bottom - 1), class: i * width >= limit ? 'over' : '' },
            ...{ height: Math.max(1, bottom - y(n)), style: { width: `calc(${x(width)} - 1px)` } },
          }),
      ),
      quarters.map((at, i) => text({ x: x(at), y: 106, anchor: i === 0 ? 'start' : 'middle' }, count(Math.round(at)))),
      text({ x: '100%', y: 106, anchor: 'end' }, `${count(end)}${tokens.longest > end ? '+' : ''}`),
      limit < end && [
        s('line', { x1: x(limit), x2: x(limit), y1: 2, y2: bottom + 2, class: 'limit' }),
        text(
          { x: x(limit), dx: late ? -6 : 6, y: 11, anchor: late ? 'end' : 'start', class: 'halo' },
          `limit ${count(limit)}: end is cut`,
        ),
      ],
    ),
    h(
      'p',
      { class: 'small' },
      h('b', {}, cut === 0 ? 'No row is cut. ' : `${counted(cut, 'row')} (${percent(cut / looked)}) `),
      cut > 0 &&
        `${cut === 1 ? 'is' : 'are'} longer than ${count(limit)} tokens and ${cut === 1 ? 'loses its' : 'lose their'} end. `,
      h(
        'span',
        { class: 'dim' },
        `Median ${count(tokens.median)}, 95th percentile ${count(tokens.p95)}, longest ${count(tokens.longest)}.`,
      ),
    ),
  )
}

function checkSection(checks: readonly Check[], show: (pick: Pick) => void): HTMLElement {
  const icons = { good: ['check', 'c-green'], warning: ['warning', 'c-warning'], bad: ['error', 'c-error'] } as const
  const names = { good: 'passed', warning: 'warning', bad: 'stops the run' }
  return section(
    'Checks',
    undefined,
    h(
      'ul',
      { class: 'checks' },
      checks.map(({ state, message, show: pick }) =>
        h(
          'li',
          { class: 'small' },
          icon(icons[state][0], icons[state][1]),
          h('span', { class: 'hear' }, `${names[state]}: `),
          h('span', { class: 'grow' }, state === 'bad' ? h('b', {}, message) : message),
          pick &&
            h(
              'button',
              { type: 'button', class: 'link', 'data-id': `show ${pick}`, on: { click: () => show(pick) } },
              'Show them',
            ),
        ),
      ),
    ),
  )
}
