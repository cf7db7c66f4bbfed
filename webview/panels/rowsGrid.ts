import type { RowsClause, RowsColumn, RowsLine, RowsSort, RowsSummary } from '../../src/core/view/rowsProtocol.ts'
import { type Child, everyFrame, h, icon, put } from '../parts/dom.ts'
import { rowScroll } from '../parts/rowScroll.ts'
import { cellContent, padOf } from './rowsCells.ts'
import { type Bar, histogram, underBars } from './rowsHistogram.ts'

export interface RowsGridActs {
  readonly sort: (sort: RowsSort | undefined) => void
  readonly pick: (column: RowsColumn, bar: Bar) => void
  readonly want: (from: number, to: number) => void
  readonly select: (line: RowsLine | undefined) => void
  readonly open: (line: RowsLine) => void
  readonly edit: (line: RowsLine, column: RowsColumn, cell: HTMLElement) => void
}

export interface RowsGrid {
  readonly element: HTMLElement
  /** In place of the rows. */
  readonly blank: HTMLElement
  setColumns(columns: readonly RowsColumn[]): void
  setSort(sort: RowsSort | undefined): void
  setSummaries(summaries: readonly RowsSummary[]): void
  /** Other rows: what was known of them is forgotten. */
  setRows(count: number, about: { readonly clauses: readonly RowsClause[]; readonly active: number }): void
  /** The same rows may say something else: those in sight are asked for again, and drawn as they were until then. */
  refresh(): void
  setLines(from: number, lines: readonly RowsLine[]): void
  patch(line: RowsLine): void
  /** Rows of the cluster looked at: marked at their edge. */
  setTwins(twins: ReadonlySet<number>): void
  go(to: number): void
  active(): number
  line(index: number): RowsLine | undefined
  editActive(): void
  focus(): void
}

const decimalsOf = (summary: RowsSummary | undefined) => (summary?.kind === 'number' ? (summary.decimals ?? 0) : 0)

const page = 100
const pagesKept = 40

/** The rows as an ARIA grid: only those in sight exist. The grid has the focus, the active cell is named by its id. */
export function rowsGrid(act: RowsGridActs): RowsGrid {
  let columns: readonly RowsColumn[] = []
  let sort: RowsSort | undefined
  let summaries = new Map<string, RowsSummary>()
  let clauses: readonly RowsClause[] = []
  let count = 0
  let active = -1
  let activeColumn = 0
  let twins: ReadonlySet<number> = new Set()
  /** Of each column the digits after the point, by which its numbers are lined up. */
  let decimals: readonly number[] = []
  const pages = new Map<number, readonly RowsLine[]>()
  const asked = new Set<number>()
  const stale = new Set<number>()

  const header = h('div', { class: 'rows-head', role: 'row', 'aria-rowindex': 1 })
  const heads = h('div', { class: 'rows-heads', role: 'rowgroup' }, header)
  const canvas = h('div', { class: 'rows-canvas', role: 'rowgroup' })
  const table = h(
    'div',
    { id: 'rows', role: 'grid', tabindex: 0, 'aria-label': 'Rows', class: 'rows-table' },
    heads,
    canvas,
  )
  const blank = h('div', { class: 'rows-blank', hidden: true })
  const scroller = h('div', { class: 'rows-scroll' }, table, blank)
  const element = h('div', { class: 'rows-grid', 'data-region': 'Rows' }, scroller)
  const scroll = rowScroll(scroller, { head: () => heads.offsetHeight, moved: () => draw() })
  const pool: Slot[] = []

  const lineAt = (index: number) => pages.get(Math.floor(index / page))?.[index % page]
  const drawHeader = () => {
    element.style.setProperty('--cols', columns.map(widthOf).join(' '))
    element.style.setProperty('--least', `${columns.reduce((sum, column) => sum + leastOf(column), 0)}px`)
    table.setAttribute('aria-colcount', String(columns.length))
    const focused = header.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset['id']
      : undefined
    put(header, columns.map(headOf))
    if (focused !== undefined) header.querySelector<HTMLElement>(`[data-id="${CSS.escape(focused)}"]`)?.focus()
  }
  const headOf = (column: RowsColumn, i: number): Child => {
    const way = sort?.column === column.id ? sort.down : undefined
    const summary = summaries.get(column.id)
    const [left, right] = summary ? underBars(summary) : ['', '']
    const order = way === undefined ? undefined : way ? 'descending' : 'ascending'
    return h(
      'div',
      {
        role: 'columnheader',
        'aria-colindex': i + 1,
        'aria-sort': order,
        class: column.kind === 'number' ? 'number' : '',
      },
      h(
        'div',
        { class: 'rows-title' },
        h(
          'button',
          {
            type: 'button',
            class: 'sort',
            'data-id': column.id,
            title: `Sort by ${column.name}`,
            on: { click: () => act.sort(turned(sort, column.id)) },
          },
          h('b', {}, column.name),
          way !== undefined && icon(way ? 'arrow-down' : 'arrow-up'),
        ),
        column.role && h('span', { class: 'tag' }, column.role),
      ),
      summary ? histogram(summary, bar => act.pick(column, bar)) : h('div', { class: 'bars' }),
      h('div', { class: 'rows-under' }, h('span', { class: 'cut' }, left), h('span', { class: 'cut' }, right)),
    )
  }
  const draw = () => {
    const { first, last } = scroll.range(count)
    want(first, last)
    while (pool.length < last - first) pool.push(newRow())
    // A row keeps its element while it is in sight.
    const size = Math.max(1, pool.length)
    const used = new Set<Slot>()
    for (let index = first; index < last; index++) {
      const slot = pool[index % size] as Slot
      used.add(slot)
      show(slot, index)
    }
    for (const slot of pool) slot.element.hidden = !used.has(slot)
    if (active >= first && active < last)
      table.setAttribute('aria-activedescendant', `cell-${active % size}-${activeColumn}`)
    else table.removeAttribute('aria-activedescendant')
  }
  const soon = everyFrame(draw)
  const newRow = (): Slot => {
    const row = h('div', { class: 'rows-row', role: 'row' })
    canvas.append(row)
    return { element: row, cells: [], shows: '' }
  }
  const show = (slot: Slot, index: number) => {
    const { element: row } = slot
    const k = pool.indexOf(slot)
    row.style.transform = `translateY(${scroll.place(index)}px)`
    const isActive = index === active
    row.classList.toggle('sel', isActive)
    row.setAttribute('aria-selected', String(isActive))
    row.setAttribute('aria-rowindex', String(index + 2))
    row.dataset['at'] = String(index)
    const line = lineAt(index)
    row.classList.toggle('twin', line !== undefined && twins.has(line.at))
    if (slot.cells.length !== columns.length) {
      slot.cells = columns.map((column, i) =>
        h('span', {
          role: 'gridcell',
          id: `cell-${k}-${i}`,
          'aria-colindex': i + 1,
          class: `cut ${column.kind}`,
          dir: dirOf(column),
        }),
      )
      put(row, slot.cells)
      slot.shows = ''
    }
    for (const [i, cell] of slot.cells.entries()) cell.classList.toggle('on', isActive && i === activeColumn)
    const shows = line ? JSON.stringify([line, clauses, decimals]) : 'waiting'
    if (slot.shows === shows) return
    slot.shows = shows
    row.toggleAttribute('aria-busy', line === undefined)
    for (const [i, cell] of slot.cells.entries()) {
      const column = columns[i] as RowsColumn
      const text = line?.cells[i] ?? null
      put(
        cell,
        line
          ? cellContent(line, column, { text, clauses, pad: text === null ? '' : padOf(text, decimals[i] ?? 0) })
          : undefined,
      )
      if (text !== null && column.kind === 'text') cell.title = text
      else cell.removeAttribute('title')
    }
  }
  const want = (first: number, last: number) => {
    if (count === 0) return
    for (let p = Math.floor(first / page); p <= Math.floor(Math.max(first, last - 1) / page); p++) {
      if ((pages.has(p) && !stale.has(p)) || asked.has(p)) continue
      asked.add(p)
      act.want(p * page, (p + 1) * page)
    }
  }
  const tell = () => act.select(lineAt(active))
  const go = (to: number) => {
    if (count === 0) return
    active = Math.max(0, Math.min(count - 1, to))
    scroll.reveal(active, count)
    draw()
    tell()
  }
  const move = (by: number) => {
    activeColumn = Math.max(0, Math.min(columns.length - 1, activeColumn + by))
    draw()
    const k = pool.findIndex(({ element: row }) => !row.hidden && row.dataset['at'] === String(active))
    pool[k]?.cells[activeColumn]?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }
  const editActive = () => {
    const line = lineAt(active)
    const column = columns[activeColumn]
    const cell = pool.find(({ element: row }) => !row.hidden && row.dataset['at'] === String(active))?.cells[
      activeColumn
    ]
    if (line && column && cell) act.edit(line, column, cell)
  }
  const isRtl = () => getComputedStyle(element).direction === 'rtl'
  const keys: Record<string, () => void> = {
    ArrowDown: () => go(active + 1),
    ArrowUp: () => go(active - 1),
    ArrowRight: () => move(isRtl() ? -1 : 1),
    ArrowLeft: () => move(isRtl() ? 1 : -1),
    PageDown: () => go(active + scroll.perPage()),
    PageUp: () => go(active - scroll.perPage()),
    Home: () => go(0),
    End: () => go(count - 1),
    Enter: () => {
      const line = lineAt(active)
      if (line) act.open(line)
    },
    F2: editActive,
  }
  table.addEventListener('keydown', event => {
    if (event.target !== table) return
    const way = event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented ? undefined : keys[event.key]
    if (!way) return
    way()
    event.preventDefault()
    event.stopPropagation()
  })
  const cellAt = (event: Event) => {
    const row = (event.target as Element).closest<HTMLElement>('.rows-row')
    if (row?.dataset['at'] === undefined) return undefined
    const cell = (event.target as Element).closest('[role=gridcell]')
    return { index: Number(row.dataset['at']), column: cell ? [...row.children].indexOf(cell) : activeColumn }
  }
  canvas.addEventListener('click', event => {
    const at = cellAt(event)
    if (!at) return
    activeColumn = Math.max(0, at.column)
    go(at.index)
    table.focus({ preventScroll: true })
  })
  canvas.addEventListener('dblclick', event => {
    const at = cellAt(event)
    const line = at && lineAt(at.index)
    if (!line || !at) return
    if (columns[at.column]?.editable) editActive()
    else act.open(line)
  })
  new ResizeObserver(soon).observe(scroller)

  return {
    element,
    blank,
    setColumns: next => {
      if (JSON.stringify(next) === JSON.stringify(columns)) return
      columns = next
      const first = next.findIndex(({ kind, role }) => kind === 'text' || role === 'text')
      activeColumn = Math.max(0, first)
      pages.clear()
      for (const slot of pool) slot.cells = []
      drawHeader()
    },
    setSort: next => {
      if (next?.column === sort?.column && next?.down === sort?.down) return
      sort = next
      drawHeader()
    },
    setSummaries: next => {
      summaries = new Map(next.map(one => [one.column, one]))
      decimals = columns.map(({ id }) => decimalsOf(summaries.get(id)))
      drawHeader()
    },
    setRows: (rows, about) => {
      count = rows
      clauses = about.clauses
      pages.clear()
      asked.clear()
      stale.clear()
      table.setAttribute('aria-rowcount', String(rows + 1))
      scroll.setCount(rows, canvas)
      canvas.hidden = rows === 0
      active = rows === 0 ? -1 : Math.max(0, Math.min(rows - 1, about.active))
      if (active > 0) scroll.reveal(active, count)
      else scroll.top()
      draw()
      if (rows === 0) act.select(undefined)
    },
    refresh: () => {
      asked.clear()
      for (const key of pages.keys()) stale.add(key)
      draw()
    },
    setLines: (from, lines) => {
      const key = Math.floor(from / page)
      asked.delete(key)
      stale.delete(key)
      pages.delete(key)
      pages.set(key, lines)
      for (const old of pages.keys()) {
        if (pages.size <= pagesKept) break
        if (old !== Math.floor(active / page)) pages.delete(old)
      }
      draw()
      if (Math.floor(active / page) === key) tell()
    },
    patch: line => {
      for (const [key, lines] of pages)
        if (lines.some(one => one.at === line.at))
          pages.set(
            key,
            lines.map(one => (one.at === line.at ? line : one)),
          )
      draw()
    },
    setTwins: next => {
      twins = next
      draw()
    },
    go,
    active: () => active,
    line: lineAt,
    editActive,
    focus: () => table.focus({ preventScroll: true }),
  }
}

/** An element that shows one row after the other; `shows` says what it shows now. */
interface Slot {
  readonly element: HTMLElement
  cells: HTMLElement[]
  shows: string
}

/** Up, down, and as it stands in the file. */
function turned(sort: RowsSort | undefined, column: string): RowsSort | undefined {
  if (sort?.column !== column) return { column, down: false }
  return sort.down ? undefined : { column, down: true }
}

function leastOf({ kind, id }: RowsColumn): number {
  if (kind === 'row') return 88
  if (kind === 'number') return 96
  if (kind === 'findings') return 144
  if (kind === 'text') return 200
  return id === 'split' ? 96 : 160
}

function widthOf(column: RowsColumn): string {
  const least = leastOf(column)
  if (column.kind === 'text') return `minmax(${least}px, ${column.role ? 3 : 1}fr)`
  return column.kind === 'findings' ? `minmax(${least}px, 1fr)` : `${least}px`
}

function dirOf({ kind }: RowsColumn): string | undefined {
  return kind === 'text' || kind === 'category' ? 'auto' : undefined
}
