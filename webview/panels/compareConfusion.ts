import { counted } from '../../src/core/base/words.ts'
import type { Ledger } from '../../src/core/eval/ledger.ts'
import { h, s } from '../parts/dom.ts'

const most = 24
/** Pixels of the column, of the board in it, and of the longest name: names give way before cells get too small to press. */
const [width, room, longest] = [380, 240, 140]

/** Who is taken for whom under b. A cell filters the rows; arrows go from one cell with rows to the next. */
export function confusionOf(
  ledger: Ledger,
  act: {
    readonly gold: string | undefined
    readonly predicted: string | undefined
    readonly pick: (gold: string | undefined, predicted: string | undefined) => void
  },
): HTMLElement {
  const { labels, counts, left } = worst(ledger)
  const size = labels.length
  // Of few labels each cell has room for its number.
  const cell = Math.max(12, Math.min(24, Math.floor(room / Math.max(1, size))))
  const totals = labels.map((_, i) => labels.reduce((sum, _l, j) => sum + (counts[i * size + j] ?? 0), 0))
  const cells: { readonly row: number; readonly col: number; readonly element: HTMLElement }[] = []
  const board = h('div', { class: 'confusion-cells', role: 'group', 'aria-label': 'Cells with rows' })
  const names = Math.min(longest, width - size * cell)
  board.style.width = board.style.height = `${size * cell}px`
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      const n = counts[i * size + j] ?? 0
      if (n === 0) continue
      const on = act.gold === labels[i] && act.predicted === labels[j]
      const heat = i === j ? 15 + (60 * n) / Math.max(1, totals[i] ?? 1) : Math.min(80, 30 + 6 * n)
      const element = h(
        'button',
        {
          type: 'button',
          class: i === j ? 'right' : 'wrong',
          tabindex: -1,
          'aria-pressed': String(on),
          'aria-label': `gold ${labels[i]}, predicted ${labels[j]}: ${counted(n, 'row')}`,
          title: `gold ${labels[i]}, predicted ${labels[j]}: ${counted(n, 'row')}`,
          'data-id': `cell ${labels[i]} ${labels[j]}`,
          style: { left: `${j * cell}px`, top: `${i * cell}px`, '--heat': `${heat}%` },
          on: { click: () => (on ? act.pick(undefined, undefined) : act.pick(labels[i], labels[j])) },
        },
        i !== j && fits(n, cell) ? String(n) : undefined,
      )
      cells.push({ row: i, col: j, element })
      board.append(element)
    }
  const first = cells.find(c => c.element.getAttribute('aria-pressed') === 'true') ?? cells.find(c => c.row !== c.col)
  ;(first ?? cells[0])?.element.setAttribute('tabindex', '0')
  board.addEventListener('keydown', event => {
    const at = cells.findIndex(c => c.element === event.target)
    const to = at < 0 ? undefined : neighbour(cells, at, event.key)
    if (to === undefined) return
    cells[at]?.element.setAttribute('tabindex', '-1')
    cells[to]?.element.setAttribute('tabindex', '0')
    cells[to]?.element.focus()
    event.preventDefault()
  })
  return h(
    'section',
    { class: 'sec' },
    h(
      'div',
      { class: 'sec-head' },
      h('h2', { class: 'cut' }, `Confusion, ${ledger.b.name}`),
      h(
        'span',
        { class: 'dim small push nowrap' },
        left > 0 ? `the ${most} labels with most errors` : 'cell shows its rows',
      ),
    ),
    size === 0
      ? h('p', { class: 'small dim' }, 'No label to show.')
      : h(
          'div',
          { class: 'confusion', style: { '--cell': `${cell}px` } },
          h(
            'div',
            { class: 'confusion-names', 'aria-hidden': 'true', style: { width: `${names}px` } },
            labels.map(l => h('span', { class: act.gold === l ? 'cut on' : 'cut', title: l }, l)),
          ),
          h(
            'div',
            {},
            h('div', { class: 'confusion-board' }, gridLines(size, cell), board),
            h('p', { class: 'tiny dim' }, 'predicted, in the same order →'),
          ),
        ),
    left > 0 && h('p', { class: 'small dim' }, `${counted(left, 'label')} with fewer errors left out.`),
  )
}

function worst(ledger: Ledger): {
  readonly labels: readonly string[]
  readonly counts: readonly number[]
  readonly left: number
} {
  const errors = new Map(ledger.labels.map(l => [l, 0]))
  for (const r of ledger.rows) {
    if (!errors.has(r.gold)) errors.set(r.gold, 0)
    if (r.b.label === r.gold) continue
    errors.set(r.gold, (errors.get(r.gold) ?? 0) + 1)
    errors.set(r.b.label, (errors.get(r.b.label) ?? 0) + 1)
  }
  const all = [...errors.keys()]
  const kept = new Set(all.toSorted((a, b) => (errors.get(b) ?? 0) - (errors.get(a) ?? 0)).slice(0, most))
  const labels = all.filter(l => kept.has(l))
  const index = new Map(labels.map((l, i) => [l, i]))
  const counts = new Array<number>(labels.length ** 2).fill(0)
  for (const r of ledger.rows) {
    const [i, j] = [index.get(r.gold), index.get(r.b.label)]
    if (i === undefined || j === undefined) continue
    counts[i * labels.length + j] = (counts[i * labels.length + j] ?? 0) + 1
  }
  return { labels, counts, left: all.length - labels.length }
}

/** A number of one cell: in small ones a single row is told by its colour. */
const fits = (n: number, cell: number) => (cell > 16 ? n < 1000 : n > 1 && n < 100)

function gridLines(size: number, cell: number): SVGElement {
  const side = size * cell
  const at = Array.from({ length: size + 1 }, (_, i) => i * cell)
  return s(
    'svg',
    { width: side, height: side, 'aria-hidden': 'true' },
    at.map(v => [
      s('line', { class: 'grid-line', x1: 0, x2: side, y1: v, y2: v }),
      s('line', { class: 'grid-line', x1: v, x2: v, y1: 0, y2: side }),
    ]),
  )
}

function neighbour(
  cells: readonly { readonly row: number; readonly col: number }[],
  at: number,
  key: string,
): number | undefined {
  const from = cells[at] as { readonly row: number; readonly col: number }
  if (key === 'ArrowRight') return Math.min(cells.length - 1, at + 1)
  if (key === 'ArrowLeft') return Math.max(0, at - 1)
  if (key !== 'ArrowDown' && key !== 'ArrowUp') return undefined
  const way = key === 'ArrowDown' ? 1 : -1
  const rows = cells.map(c => c.row).filter(r => (r - from.row) * way > 0)
  if (rows.length === 0) return at
  const row = way > 0 ? Math.min(...rows) : Math.max(...rows)
  const inRow = cells.map((c, i) => ({ ...c, i })).filter(c => c.row === row)
  return inRow.toSorted((a, b) => Math.abs(a.col - from.col) - Math.abs(b.col - from.col))[0]?.i
}
