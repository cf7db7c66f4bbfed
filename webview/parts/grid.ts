import { type Child, h, icon, put } from './dom.ts'

export interface Column<T> {
  readonly id: string
  readonly title: string
  /** A track of CSS grid: `120px`, `minmax(0, 2fr)`. */
  readonly width: string
  readonly end?: boolean
  /** The narrowest grid, in pixels, that has room for this column; what it says must be told elsewhere too. */
  readonly from?: number
  readonly cell: (row: T) => Child
  /** Order of two rows; a column without it cannot be sorted. */
  readonly sort?: (a: T, b: T) => number
}

export interface Sorting {
  readonly column: string
  readonly down: boolean
}

export interface GridOptions<T> {
  readonly id: string
  readonly label: string
  readonly columns: readonly Column<T>[]
  readonly key: (row: T) => string
  readonly empty: () => Child
  readonly select?: (row: T | undefined) => void
  readonly open?: (row: T) => void
  readonly sorted?: (sorting: Sorting | undefined) => void
}

export interface Grid<T> {
  readonly element: HTMLElement
  setRows(
    rows: readonly T[],
    keep?: { readonly key?: string | undefined; readonly sorting?: Sorting | undefined },
  ): void
  /** Moves the selection by so many rows. */
  move(by: number): void
  selected(): T | undefined
  focus(): void
  shown(): readonly T[]
}

const rowHeight = 24
const spare = 8

/**
 * Rows of one height, of which only those in sight exist. An ARIA grid with a roving focus on rows: arrows, Page,
 * Home and End move, Enter opens. The selected row is always in the document, so that the focus is never lost.
 */
export function grid<T>(options: GridOptions<T>): Grid<T> {
  let rows: readonly T[] = []
  let order: readonly T[] = []
  let sorting: Sorting | undefined
  let active = -1
  let columns = options.columns
  const alive = new Map<number, HTMLElement>()

  const header = h('div', { class: 'grid-row grid-head', role: 'row', 'aria-rowindex': 1 })
  const canvas = h('div', { class: 'grid-canvas', role: 'rowgroup' })
  const nothing = h('div', { class: 'grid-empty', hidden: true })
  // The head scrolls along and sticks, so that a scrollbar never shifts it against the rows.
  const heads = h('div', { class: 'grid-heads', role: 'rowgroup' }, header)
  const table = h('div', { id: options.id, role: 'grid', 'aria-label': options.label }, heads, canvas)
  const scroller = h('div', { class: 'grid-scroll' }, table, nothing)
  const root = h('div', { class: 'grid' }, scroller)
  const drawHeader = () => {
    root.style.setProperty('--cols', columns.map(c => c.width).join(' '))
    put(
      header,
      columns.map(c => {
        const way = sorting?.column === c.id ? sorting.down : undefined
        const order = way === undefined ? undefined : way ? 'descending' : 'ascending'
        const props = { class: c.end ? 'end' : '', role: 'columnheader', 'aria-sort': order }
        if (!c.sort) return h('span', props, c.title)
        const arrow = way === undefined ? undefined : icon(way ? 'arrow-down' : 'arrow-up')
        return h(
          'span',
          props,
          h('button', { type: 'button', class: 'sort', on: { click: () => turn(c.id) } }, c.title, arrow),
        )
      }),
    )
  }
  /** Leaves out the columns for which there is no room, and draws the rows in sight. */
  const fit = () => {
    const width = scroller.clientWidth
    const fitting = options.columns.filter(c => width === 0 || (c.from ?? 0) <= width)
    if (fitting.length !== columns.length) {
      columns = fitting
      drawHeader()
      const focused = alive.get(active)?.contains(root.ownerDocument.activeElement)
      for (const row of alive.values()) row.remove()
      alive.clear()
      draw()
      if (focused) alive.get(active)?.focus({ preventScroll: true })
    } else draw()
  }
  const turn = (column: string) => {
    const same = sorting?.column === column ? sorting : undefined
    sorting = !same ? { column, down: false } : same.down ? undefined : { column, down: true }
    const at = header.ownerDocument.activeElement?.closest('[role=columnheader]')
    const place = at ? [...header.children].indexOf(at) : -1
    drawHeader()
    if (place >= 0) header.children[place]?.querySelector('button')?.focus()
    // Who sorts wants to see the top.
    scroller.scrollTop = 0
    arrange(undefined)
    options.sorted?.(sorting)
  }
  const keyOf = (i: number) => (order[i] === undefined ? undefined : options.key(order[i] as T))
  const arrange = (key: string | undefined) => {
    const column = options.columns.find(c => c.id === sorting?.column)
    const sort = column?.sort
    order = sort ? rows.toSorted((a, b) => (sorting?.down ? -sort(a, b) : sort(a, b))) : rows
    for (const row of alive.values()) row.remove()
    alive.clear()
    root.style.setProperty('--rows', String(order.length))
    table.setAttribute('aria-rowcount', String(order.length + 1))
    canvas.style.height = `${order.length * rowHeight}px`
    nothing.hidden = order.length > 0
    canvas.hidden = order.length === 0
    if (order.length === 0) put(nothing, options.empty())
    const found = key === undefined ? -1 : order.findIndex(r => options.key(r) === key)
    active = order.length === 0 ? -1 : Math.max(0, found)
    if (found > 0) reveal(found)
    draw()
    options.select?.(order[active])
  }
  const draw = () => {
    const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - spare)
    const last = Math.min(order.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / rowHeight) + spare)
    for (const [i, row] of alive) {
      if ((i >= first && i < last) || i === active) continue
      row.remove()
      alive.delete(i)
    }
    for (let i = first; i < last; i++) place(i)
    if (active >= 0) place(active)
  }
  const place = (i: number) => {
    if (alive.has(i)) return
    const row = h(
      'div',
      { class: 'grid-row', role: 'row', 'aria-rowindex': i + 2, tabindex: -1 },
      columns.map(c => h('span', { class: c.end ? 'end' : 'cut', role: 'gridcell' }, c.cell(order[i] as T))),
    )
    row.style.transform = `translateY(${i * rowHeight}px)`
    row.dataset['at'] = String(i)
    alive.set(i, row)
    paint(i)
    // Reading order is row order, also for rows that came into sight later.
    const after = [...alive.keys()].filter(k => k > i).sort((a, b) => a - b)[0]
    canvas.insertBefore(row, after === undefined ? null : (alive.get(after) ?? null))
  }
  const paint = (i: number) => {
    const row = alive.get(i)
    if (!row) return
    row.classList.toggle('sel', i === active)
    row.setAttribute('aria-selected', String(i === active))
    row.tabIndex = i === active ? 0 : -1
  }
  const seen = () => scroller.clientHeight - heads.offsetHeight
  const reveal = (i: number) => {
    const top = i * rowHeight
    const bottom = top + rowHeight
    if (top < scroller.scrollTop) scroller.scrollTop = top
    else if (bottom > scroller.scrollTop + seen()) scroller.scrollTop = bottom - seen()
  }
  const go = (to: number) => {
    if (order.length === 0) return
    const before = active
    active = Math.max(0, Math.min(order.length - 1, to))
    reveal(active)
    draw()
    paint(before)
    paint(active)
    if (before !== active) options.select?.(order[active])
  }
  const keys: Record<string, () => void> = {
    ArrowDown: () => go(active + 1),
    ArrowUp: () => go(active - 1),
    PageDown: () => go(active + Math.max(1, Math.floor(seen() / rowHeight) - 1)),
    PageUp: () => go(active - Math.max(1, Math.floor(seen() / rowHeight) - 1)),
    Home: () => go(0),
    End: () => go(order.length - 1),
    Enter: () => order[active] !== undefined && options.open?.(order[active] as T),
  }
  canvas.addEventListener('keydown', event => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key]
    if (!act) return
    act()
    alive.get(active)?.focus({ preventScroll: true })
    event.preventDefault()
    event.stopPropagation()
  })
  const rowAt = (event: Event) => (event.target as Element).closest<HTMLElement>('.grid-row')?.dataset['at']
  canvas.addEventListener('click', event => {
    const at = rowAt(event)
    if (at === undefined) return
    go(Number(at))
    alive.get(active)?.focus({ preventScroll: true })
  })
  canvas.addEventListener('dblclick', event => {
    const row = order[Number(rowAt(event) ?? -1)]
    if (row !== undefined) options.open?.(row)
  })
  scroller.addEventListener('scroll', draw, { passive: true })
  new ResizeObserver(fit).observe(scroller)
  drawHeader()

  return {
    element: root,
    setRows: (next, keep = {}) => {
      const key = 'key' in keep ? keep.key : keyOf(active)
      if ('sorting' in keep) {
        sorting = keep.sorting
        drawHeader()
      }
      rows = next
      scroller.scrollTop = 0
      arrange(key)
    },
    move: by => go(active + by),
    selected: () => order[active],
    focus: () => alive.get(active)?.focus({ preventScroll: true }),
    shown: () => order,
  }
}
