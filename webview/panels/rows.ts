import { counted } from '../../src/core/base/words.ts'
import type { PanelState } from '../../src/core/view/protocol.ts'
import type {
  FromRowsPanel,
  RowsClause,
  RowsColumn,
  RowsDetail,
  RowsHead,
  RowsLine,
  RowsResult,
  RowsSummary,
  ToRowsPanel,
} from '../../src/core/view/rowsProtocol.ts'
import type { Host } from '../host.ts'
import { button } from '../parts/controls.ts'
import { h, isTyping, put } from '../parts/dom.ts'
import { notice } from '../parts/notice.ts'
import { nameOf, rowsBar } from './rowsBar.ts'
import { editCell } from './rowsEditor.ts'
import { rowsGrid } from './rowsGrid.ts'
import { rowsHeader } from './rowsHeader.ts'
import type { Bar } from './rowsHistogram.ts'
import { rowsLabelling } from './rowsLabel.ts'
import { rowsSide } from './rowsSide.ts'
import { aboutOf, isNatural, queryOf, type RowsView, restoreView, withClause } from './rowsState.ts'

/** A grid over the rows of a dataset, of which only those in sight are here. */
export function rowsPanel(root: HTMLElement, host: Host<FromRowsPanel, ToRowsPanel>): void {
  let view: RowsView = restoreView(host.restored()?.['view'])
  let head: RowsHead | undefined
  let chosen = ''
  let query = 0
  let result: RowsResult | undefined
  let summaries: readonly RowsSummary[] = []
  let detail: RowsDetail | undefined
  let undo = 0
  let pending = 0
  let told = new Date()
  /** Sent as an edit and not answered: how the row is counted when it comes. */
  const sent: { readonly at: number; readonly label: string | null }[] = []
  let wanted: ReturnType<typeof setTimeout> | undefined

  const state = notice({ retry: () => host.post({ kind: 'ready' }), log: () => host.post({ kind: 'showLog' }) })
  const header = rowsHeader({
    choose: id => host.post({ kind: 'choose', id }),
    undo: () => takeBack(),
    label: () => (labelling.isOn() ? leave() : begin()),
    fix: () => host.post({ kind: 'fixShown', rules: rulesOf(view.clauses) }),
    write: () => host.post({ kind: 'write' }),
    check: () => host.post({ kind: 'check' }),
    log: () => host.post({ kind: 'showLog' }),
  })
  const bar = rowsBar(clauses => set({ clauses }))
  const grid = rowsGrid({
    sort: sort => set({ sort }),
    pick: (column, one) => pick(column, one),
    want: (from, to) => host.post({ kind: 'lines', query: isNatural(view) ? 0 : query, from, to }),
    select: line => select(line),
    open: line => host.post({ kind: 'openRow', at: line.at }),
    edit: (line, column, cell) => editAt(line, column, cell),
  })
  const side = rowsSide({
    open: at => host.post({ kind: 'openRow', at }),
    go: at => host.post({ kind: 'place', at }),
    label: of => editLabel(of),
    fix: (at, rule, title) => host.post({ kind: 'fix', at, rule, title }),
    ignore: (at, rule) => host.post({ kind: 'ignore', at, rule }),
  })
  const labelling = rowsLabelling({
    label: label => giveLabel(label),
    other: () => otherLabel(),
    skip: () => grid.go(grid.active() + 1),
    undo: () => takeBack(),
    leave: () => leave(),
  })
  const body = h('div', { class: 'cols rows-cols' }, grid.element, side.element)
  const content = h('div', { class: 'content' }, bar.element, body, labelling.element)
  put(root, header.element, state.bar, state.strip, state.block, content)

  const set = (part: Partial<RowsView>) => {
    view = { ...view, ...part }
    ask()
    keep()
  }
  const keep = () => host.save({ panel: 'rows', id: chosen, view } satisfies PanelState)
  const ask = () => {
    if (!head) return
    query++
    grid.setSort(view.sort)
    bar.update(view, head, summaries)
    // As they stand in the files they can be shown before anything was counted.
    if (isNatural(view)) grid.setRows(head.rows, { clauses: view.clauses, active: view.selected ?? 0 })
    host.post({ kind: 'query', query, of: queryOf(view) })
    state.loading({ kind: 'loading', what: 'Counting rows' })
  }
  const hydrate = (message: Extract<ToRowsPanel, { kind: 'hydrate' }>) => {
    const other = head?.name !== message.head.name || chosen !== message.chosen
    head = message.head
    chosen = message.chosen
    told = new Date()
    state.clear()
    const known = new Set(head.columns.map(({ id }) => id))
    view = {
      ...view,
      clauses: (message.clauses ?? view.clauses).filter(
        one => !('column' in one) || one.column === undefined || known.has(one.column),
      ),
    }
    if (view.sort && !known.has(view.sort.column)) view = { ...view, sort: undefined }
    if (message.show !== undefined) view = { ...view, selected: message.show }
    content.hidden = false
    root.classList.remove('waiting')
    header.update(message, { undo, pending, labelling: labelling.isOn() })
    grid.setColumns(head.columns)
    if (other || !message.again) {
      summaries = []
      result = undefined
      detail = undefined
      side.show(head, undefined)
      bar.tell(undefined, head)
      ask()
      if (message.show !== undefined && !isNatural(view)) host.post({ kind: 'place', at: message.show })
    } else {
      grid.refresh()
      // Rows do not leave while they are being labelled.
      if (!labelling.isOn()) requery()
      else if (detail) host.post({ kind: 'detail', at: detail.at })
    }
  }
  /** Asks again with the rows of before on screen until the answer comes. */
  const requery = () => {
    query++
    host.post({ kind: 'query', query, of: queryOf(view) })
    if (detail) host.post({ kind: 'detail', at: detail.at })
  }
  const show = (next: RowsResult) => {
    if (!head || next.query !== query || next.version !== head.version) return
    const before = result
    state.loaded()
    result = next
    ;({ summaries } = next)
    grid.setSummaries(summaries)
    bar.update(view, head, summaries)
    bar.tell(next, head)
    header.shown(fixableOf(next), view.clauses.length > 0)
    const again = before !== undefined && before.rows === next.rows && grid.active() >= 0
    if (!isNatural(view) || before?.rows !== next.rows) {
      const at = grid.line(grid.active())?.at
      grid.setRows(next.rows, { clauses: view.clauses, active: again ? grid.active() : 0 })
      if (at !== undefined && next.rows > 0) host.post({ kind: 'place', at })
    }
    grid.blank.hidden = next.rows > 0
    if (next.rows === 0) put(grid.blank, nothing(next))
  }
  const nothing = (next: RowsResult) => {
    const of = head as RowsHead
    if (of.rows === 0) return [h('p', {}, h('b', {}, 'These files hold no rows.'))]
    const blame = next.blame ?? []
    // The condition whose absence brings back the most rows.
    const worst = blame.reduce((best, one, i) => (one.without > (blame[best]?.without ?? -1) ? i : best), 0)
    const clause = view.clauses[worst] as RowsClause
    const { what, short } = nameOf(clause, of)
    const others = view.clauses.filter((_, i) => i !== worst)
    const why =
      others.length === 0
        ? `No row has ${what}.`
        : `${others.length === 1 ? upper(nameOf(others[0] as RowsClause, of).what) : 'The other filters'} ${others.length === 1 ? 'matches' : 'match'} ${counted(blame[worst]?.without ?? 0, 'row')}; none of them has ${what}.`
    const off = () => set({ clauses: withClause(view.clauses, aboutOf(clause), undefined) })
    return [
      h('p', {}, h('b', {}, 'No row matches these filters.')),
      h('p', { class: 'dim' }, why),
      button({ label: `Remove the ${short} filter`, press: off }),
    ]
  }
  const select = (line: RowsLine | undefined) => {
    labelling.show(line, line ? labelOf(line) : null)
    if (!line) {
      detail = undefined
      if (head) side.show(head, undefined)
      return
    }
    if (view.selected !== line.at) {
      view = { ...view, selected: line.at }
      keep()
    }
    // Who holds an arrow key down reads none of the rows between.
    clearTimeout(wanted)
    wanted = setTimeout(() => host.post({ kind: 'detail', at: line.at }), detail ? 60 : 0)
  }
  const pick = (column: RowsColumn, one: Bar) => {
    if ('value' in one) {
      const clause: RowsClause =
        column.kind === 'findings'
          ? { kind: 'rules', rules: [one.value] }
          : { kind: 'values', column: column.id, values: [one.value] }
      const same = view.clauses.some(other => JSON.stringify(other) === JSON.stringify(clause))
      set({ clauses: withClause(view.clauses, aboutOf(clause), same ? undefined : clause) })
    } else if (column.kind !== 'row') {
      const clause: RowsClause = { kind: 'range', column: column.id, ...one }
      set({ clauses: withClause(view.clauses, aboutOf(clause), clause) })
    } else grid.go(Math.floor(one.min))
  }

  /* Editing */
  const labelColumn = () => head?.columns.findIndex(({ id }) => id === head?.label) ?? -1
  const labelOf = (line: RowsLine) => line.cells[labelColumn()] ?? null
  const labels = () => {
    const summary = summaries.find(({ column }) => column === head?.label)
    return summary?.kind === 'values' ? summary.values : []
  }
  const edit = (at: number, column: string, value: string) => {
    sent.push({ at, label: column === head?.label ? value : null })
    host.post({ kind: 'edit', at, column, value })
  }
  const giveLabel = (label: string) => {
    const line = grid.line(grid.active())
    if (!line || !head?.label) return
    edit(line.at, head.label, label)
    grid.go(grid.active() + 1)
  }
  const editAt = (line: RowsLine, column: RowsColumn, cell: HTMLElement) => {
    if (!head) return
    if (!column.editable) {
      if (head.readOnly !== undefined) state.problem({ kind: 'problem', message: head.readOnly, hint: '' }, told)
      return
    }
    const i = head.columns.indexOf(column)
    const whole = detail?.at === line.at ? detail.cells[i] : undefined
    const text = whole ?? line.cells[i] ?? ''
    const summary = summaries.find(one => one.column === column.id)
    editCell({
      over: cell,
      label: `${column.name} of row ${line.row}`,
      text,
      choices: column.kind === 'category' && summary?.kind === 'values' ? summary.values : [],
      keep: value => edit(line.at, column.id, value),
      left: () => grid.focus(),
    })
  }
  const editLabel = (of: RowsDetail) => {
    const column = head?.columns.find(({ id }) => id === head?.label)
    const over = side.element.querySelector<HTMLElement>('[data-id=label]')
    if (!column || !over) return
    const text = of.label ?? ''
    const keepIt = (value: string) => edit(of.at, column.id, value)
    editCell({
      over,
      label: `${column.name} of row ${of.row}`,
      text,
      choices: labels(),
      keep: keepIt,
      left: () => grid.focus(),
    })
  }
  const otherLabel = () => {
    const line = grid.line(grid.active())
    if (!line || !head?.label) return
    const over = labelling.element.querySelector<HTMLElement>('.label-key:last-child') ?? labelling.element
    editCell({ over, label: 'Another label', text: '', choices: labels(), keep: giveLabel, left: () => grid.focus() })
  }
  const takeBack = () => host.post({ kind: 'undo' })
  const begin = () => {
    if (!head?.label || head.readOnly !== undefined) return
    labelling.start(labels(), result?.rows ?? head.rows)
    header.labelling(true)
    const line = grid.line(grid.active())
    labelling.show(line, line ? labelOf(line) : null)
    grid.focus()
  }
  const leave = () => {
    labelling.stop()
    header.labelling(false)
    grid.focus()
    requery()
  }
  const edited = (message: Extract<ToRowsPanel, { kind: 'edited' }>) => {
    if (!head) return
    head = { ...head, version: message.version }
    ;({ undo, pending } = message)
    header.edits({ undo, pending })
    grid.patch(message.line)
    const at = sent.findIndex(one => one.at === message.line.at)
    const [mine] = at < 0 ? [] : sent.splice(at, 1)
    if (mine && mine.label !== null) labelling.counted(message.line, mine.label)
    else if (!mine) {
      labelling.taken(message.line)
      if (labelling.isOn()) host.post({ kind: 'place', at: message.line.at })
    }
    const active = grid.line(grid.active())
    labelling.show(active, active ? labelOf(active) : null)
    if (active?.at === message.line.at) host.post({ kind: 'detail', at: active.at })
  }

  host.listen(message => {
    switch (message.kind) {
      case 'hydrate':
        return hydrate(message)
      case 'result':
        return show(message.result)
      case 'lines':
        if (
          head &&
          message.version === head.version &&
          (message.query === query || (message.query === 0 && isNatural(view)))
        )
          grid.setLines(message.from, message.lines)
        // What has changed meanwhile is asked for again.
        else if (head && message.version !== head.version) grid.refresh()
        return
      case 'detail':
        if (!head || grid.line(grid.active())?.at !== message.detail.at) return
        detail = message.detail
        side.show(head, detail)
        grid.setTwins(new Set(detail.twins.map(({ at }) => at)))
        return
      case 'history':
        if (detail?.at === message.at) side.history(message.history)
        return
      case 'place':
        if (message.index !== undefined) grid.go(message.index)
        else if (result && head && message.at === view.selected) grid.go(0)
        return
      case 'edited':
        return edited(message)
      case 'written':
        ;({ undo, pending } = message)
        return header.edits({ undo, pending })
      case 'refused':
        sent.length = 0
        return state.problem({ kind: 'problem', message: message.why, hint: '' }, told)
      case 'loading':
        return state.loading(message)
      case 'empty':
        content.hidden = true
        return state.empty(
          h('p', {}, message.why),
          button({ label: 'Check again', look: 'primary', press: () => host.post({ kind: 'check' }) }),
        )
      case 'problem':
        if (!head) content.hidden = true
        return state.problem(message, head ? told : undefined)
    }
  })

  addEventListener('keydown', event => {
    if (isTyping(event) || event.defaultPrevented) return
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z' && !event.shiftKey) takeBack()
    else if (event.ctrlKey || event.metaKey || event.altKey || !head) return
    else if (event.key === '/') bar.focus()
    else if (labelling.isOn()) return
    else if (event.key === 'l' || event.key === 'L') begin()
    else if (event.key === 'Escape' && view.clauses.length > 0) set({ clauses: [] })
    else if (!side.press(event.key === 'Delete' ? 'Del' : event.key.toUpperCase())) return
    event.preventDefault()
  })
  // Before the grid hears them: in this mode Enter takes the suggestion.
  addEventListener(
    'keydown',
    event => {
      if (!labelling.isOn() || isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.target instanceof HTMLElement && event.target.closest('button, vscode-button')) return
      if (!labelling.press(event.key)) return
      event.preventDefault()
      event.stopPropagation()
    },
    true,
  )
  root.classList.add('waiting')
  content.hidden = true
  state.loading({ kind: 'loading', what: 'Loading the rows' })
  host.post({ kind: 'ready' })
}

function rulesOf(clauses: readonly RowsClause[]): readonly string[] {
  return clauses.flatMap(clause => (clause.kind === 'rules' ? clause.rules : []))
}

/** Rows shown that have a finding. */
function fixableOf(result: RowsResult): number {
  const summary = result.summaries.find(({ column }) => column === 'findings')
  if (summary?.kind !== 'values') return 0
  return summary.shown.reduce((sum, n) => sum + n, 0)
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
