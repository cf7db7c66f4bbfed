import { count, counted } from '../../src/core/base/words.ts'
import type { RowsClause, RowsColumn, RowsHead, RowsResult, RowsSummary } from '../../src/core/view/rowsProtocol.ts'
import { button } from '../parts/controls.ts'
import { type Child, h, icon, put, refresh } from '../parts/dom.ts'
import { popover } from '../parts/popover.ts'
import { numeral } from './rowsHistogram.ts'
import { aboutOf, type RowsView, textOf, withClause } from './rowsState.ts'

export interface RowsBar {
  readonly element: HTMLElement
  update(view: RowsView, head: RowsHead, summaries: readonly RowsSummary[]): void
  tell(result: RowsResult | undefined, head: RowsHead): void
  focus(): void
}

/** What narrows the rows: a text or pattern, and a chip for each column that can. */
export function rowsBar(set: (clauses: readonly RowsClause[]) => void): RowsBar {
  let clauses: readonly RowsClause[] = []
  let summaries: readonly RowsSummary[] = []
  let of: RowsHead | undefined
  const field = h('input', {
    type: 'text',
    'aria-label': 'Find in rows',
    placeholder: 'Find text',
    spellcheck: 'false',
  })
  const toggle = (words: string, sign: Child) =>
    h(
      'button',
      { type: 'button', class: 'search-toggle', 'aria-pressed': 'false', title: words, 'aria-label': words },
      sign,
    )
  const exact = toggle('Match case', 'Aa')
  const regex = toggle('Regular expression', '.*')
  const bad = h('span', { class: 'small row tight bad', role: 'alert' })
  const search = h('span', { class: 'search', role: 'search' }, icon('search', 'small'), field, exact, regex)
  const chips = h('span', { class: 'row chips' })
  const total = h('span', { class: 'small nowrap push', role: 'status' })
  let timer: ReturnType<typeof setTimeout> | undefined

  const put_ = (about: string, clause: RowsClause | undefined) => set(withClause(clauses, about, clause))
  const type = () => {
    const [matchCase, isRegex] = [exact, regex].map(one => one.getAttribute('aria-pressed') === 'true')
    const clause = { kind: 'text' as const, value: field.value, regex: isRegex === true, matchCase: matchCase === true }
    put_('text', field.value === '' ? undefined : clause)
  }
  field.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(type, 120)
  })
  field.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || field.value === '') return
    field.value = ''
    type()
    event.stopPropagation()
  })
  for (const one of [exact, regex])
    one.addEventListener('click', () => {
      one.setAttribute('aria-pressed', String(one.getAttribute('aria-pressed') !== 'true'))
      type()
    })

  const chip = (column: Pick<RowsColumn, 'id' | 'name' | 'kind'>): Child => {
    const about =
      column.kind === 'findings' ? 'rules' : `${column.kind === 'category' ? 'values' : 'range'} ${column.id}`
    const clause = clauses.find(one => aboutOf(one) === about)
    const name = column.kind === 'findings' ? 'rule' : column.name
    const words = clause ? wordsOf(clause) : 'any'
    const opener = h(
      'button',
      {
        type: 'button',
        class: clause ? 'field on' : 'field',
        'data-id': `chip ${about}`,
        title: `${name} ${clause ? 'is ' : ''}${words}`,
      },
      h('span', { class: 'dim' }, name),
      clause && h('span', { class: 'dim' }, clause.kind === 'range' ? '' : 'is'),
      h('span', { class: clause ? 'cut' : 'dim' }, words),
      !clause && icon('chevron-down', 'small'),
    )
    const shown = popover({
      label: `Filter by ${name}`,
      opener,
      closed: () => drawChips(),
      content: close =>
        column.kind === 'number' ? rangeForm(column, clause, close) : valueForm(column, { about, clause, close }),
    })
    if (!clause) return shown
    return h(
      'span',
      { class: 'chip-set' },
      shown,
      h(
        'button',
        {
          type: 'button',
          class: 'bare',
          'aria-label': `Remove the ${name} filter`,
          'data-id': `off ${about}`,
          on: { click: () => put_(about, undefined) },
        },
        icon('close', 'small'),
      ),
    )
  }
  const valueForm = (
    column: Pick<RowsColumn, 'id' | 'kind'>,
    {
      about,
      clause,
      close,
    }: { readonly about: string; readonly clause: RowsClause | undefined; readonly close: () => void },
  ): Child => {
    const summary = summaries.find(one => one.column === column.id)
    if (summary?.kind !== 'values') return h('p', { class: 'small dim' }, 'Still counting')
    const on = new Set(clause?.kind === 'values' ? clause.values : clause?.kind === 'rules' ? clause.rules : [])
    const missing = column.kind === 'category' && summary.missing > 0
    const values = [
      ...summary.values,
      ...[...on].filter(value => !summary.values.includes(value) && value !== ''),
      ...(missing ? [''] : []),
    ]
    const change = (value: string, isOn: boolean) => {
      if (isOn) on.add(value)
      else on.delete(value)
      const list = [...on]
      if (list.length === 0) put_(about, undefined)
      else
        put_(
          about,
          column.kind === 'findings'
            ? { kind: 'rules', rules: list }
            : { kind: 'values', column: column.id, values: list },
        )
    }
    const left = summary.distinct - summary.values.length
    return [
      h(
        'ul',
        { class: 'checks' },
        values.map((value, i) => {
          const box = h('input', {
            type: 'checkbox',
            checked: on.has(value),
            on: { change: () => change(value, box.checked) },
          })
          return h(
            'li',
            {},
            h(
              'label',
              {},
              box,
              h('span', { class: 'cut', dir: 'auto' }, value === '' ? '(empty)' : value),
              h('span', { class: 'dim end push' }, count(summary.all[i] ?? (value === '' ? summary.missing : 0))),
            ),
          )
        }),
      ),
      left > 0 &&
        h(
          'p',
          { class: 'tiny dim' },
          `The ${summary.values.length} most frequent; ${count(left)} more can be found by text.`,
        ),
      h('p', { class: 'row end-row' }, button({ label: 'Done', press: close })),
    ]
  }
  const rangeForm = (
    { id, name }: Pick<RowsColumn, 'id' | 'name'>,
    clause: RowsClause | undefined,
    close: () => void,
  ): Child => {
    const range = clause?.kind === 'range' ? clause : undefined
    const summary = summaries.find(one => one.column === id)
    const hint = (side: 'least' | 'most') => (summary?.kind === 'number' ? String(summary[side]) : '')
    const number = (label: string, value: number | undefined, placeholder: string) =>
      h('input', {
        type: 'number',
        step: 'any',
        'aria-label': `${name} ${label}`,
        value: value === undefined ? undefined : String(value),
        placeholder,
      })
    const min = number('from', range?.min, hint('least'))
    const max = number('to', range?.max, hint('most'))
    const apply = () => {
      const part = {
        ...(min.value === '' ? {} : { min: Number(min.value) }),
        ...(max.value === '' ? {} : { max: Number(max.value) }),
      }
      put_(`range ${id}`, Object.keys(part).length === 0 ? undefined : { kind: 'range', column: id, ...part })
      close()
    }
    const form = h(
      'div',
      { class: 'range' },
      h('label', {}, 'from', min),
      h('label', {}, 'to', max),
      button({ label: 'Apply', press: apply }),
    )
    form.addEventListener('keydown', event => {
      if (event.key !== 'Enter') return
      apply()
      event.preventDefault()
      event.stopPropagation()
    })
    return form
  }
  const drawChips = () => {
    // Who ticks one value after the other keeps the list open.
    if (!of || chips.querySelector('.popover:not([hidden])')) return
    const head = of
    refresh(chips, [clauses, head.columns, summaries.length], () => chipColumns(head, clauses).map(chip))
  }
  const clear = button({ label: 'Clear', look: 'plain', press: () => set([]) })
  return {
    element: h(
      'div',
      { class: 'bar rows-bar', 'data-region': 'Filter', role: 'group', 'aria-label': 'Filter' },
      search,
      bad,
      chips,
      clear,
      total,
    ),
    update: (view, head, next) => {
      ;({ clauses } = view)
      summaries = next
      const text = textOf(clauses)
      if (document.activeElement !== field && field.value !== (text?.value ?? '')) field.value = text?.value ?? ''
      if (text) {
        exact.setAttribute('aria-pressed', String(text.matchCase))
        regex.setAttribute('aria-pressed', String(text.regex))
      }
      search.classList.toggle('on', text !== undefined)
      clear.hidden = clauses.length === 0
      of = head
      drawChips()
    },
    tell: (result, head) => {
      put(bad, result?.badPattern && [icon('warning', 'small c-warning'), `No pattern: ${result.badPattern}`])
      if (!result) return void put(total, h('b', {}, count(head.rows)), h('span', { class: 'dim' }, ' rows'))
      const ms = result.ms < 1 ? 'under 1' : Math.round(result.ms)
      put(
        total,
        h('b', {}, count(result.rows)),
        h('span', { class: 'dim' }, ` of ${counted(head.rows, 'row')} · ${ms} ms`),
      )
    },
    focus: () => {
      field.focus()
      field.select()
    },
  }
}

/** Split, label, other categories and numbers as far as there is room, and the rules; what is filtered by is always there. */
function chipColumns(head: RowsHead, clauses: readonly RowsClause[]): RowsColumn[] {
  const used = new Set(
    clauses.flatMap(clause => ('column' in clause && clause.column !== undefined ? [clause.column] : [])),
  )
  const own = head.columns.filter(
    ({ kind, id }) => kind === 'category' || kind === 'number' || kind === 'findings' || used.has(id),
  )
  const rank = ({ id, kind }: RowsColumn) =>
    id === 'split' ? 0 : id === head.label ? 1 : kind === 'findings' ? 2 : kind === 'number' ? 3 : 4
  const sorted = own.toSorted((a, b) => rank(a) - rank(b))
  const kept = sorted.filter((column, i) => i < 6 || used.has(column.id))
  // The length of a text is filtered by its bars; then its chip takes it away again.
  return kept.map(column =>
    column.kind === 'text' || column.kind === 'row' ? { ...column, kind: 'number' as const } : column,
  )
}

function wordsOf(clause: RowsClause): string {
  switch (clause.kind) {
    case 'values':
      return clause.values.map(value => (value === '' ? '(empty)' : value)).join(', ')
    case 'rules':
      return clause.rules.length === 0 ? 'any finding' : clause.rules.join(', ')
    case 'range': {
      const { min, max } = clause
      if (min === undefined) return `at most ${numeral(max ?? 0)}`
      return max === undefined ? `at least ${numeral(min)}` : `${numeral(min)} to ${numeral(max)}`
    }
    case 'text':
      return clause.value
  }
}

/** The condition in a sentence about it: `the regex top.?up`, `the rule secret`. */
export function nameOf(clause: RowsClause, head: RowsHead): { readonly what: string; readonly short: string } {
  const column = 'column' in clause ? head.columns.find(({ id }) => id === clause.column) : undefined
  switch (clause.kind) {
    case 'text':
      return {
        what: `${clause.regex ? 'the regex' : 'the text'} ${clause.value}`,
        short: clause.regex ? 'regex' : 'text',
      }
    case 'rules':
      return { what: clause.rules.length === 0 ? 'a finding' : `the rule ${wordsOf(clause)}`, short: 'rule' }
    default:
      return { what: `${column?.name ?? ''} ${wordsOf(clause)}`, short: column?.name ?? '' }
  }
}
