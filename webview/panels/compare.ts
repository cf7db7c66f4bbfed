import { never } from '../../src/core/base/failure.ts'
import { ledgerHtml } from '../../src/core/eval/html.ts'
import { type Ledger, type LedgerRow, outcomes, type RowOutcome } from '../../src/core/eval/ledger.ts'
import type { Facet } from '../../src/core/eval/slices.ts'
import { decided } from '../../src/core/eval/verdict.ts'
import type { Vote } from '../../src/core/eval/votes.ts'
import type { RowChanges } from '../../src/core/run/rowChanges.ts'
import type { FromComparePanel, PanelState, ToComparePanel } from '../../src/core/view/protocol.ts'
import type { Host } from '../host.ts'
import { button, type Choice } from '../parts/controls.ts'
import { h, isTyping, put, refresh } from '../parts/dom.ts'
import type { Grid } from '../parts/grid.ts'
import { notice } from '../parts/notice.ts'
import { fileName } from '../parts/picture.ts'
import { changesSection } from './compareChanges.ts'
import { confusionOf } from './compareConfusion.ts'
import { asksNearest, compareDetail } from './compareDetail.ts'
import { compareFilter } from './compareFilter.ts'
import { compareHead, headline } from './compareHead.ts'
import { labelChanges } from './compareLabels.ts'
import { noiseSection } from './compareNoise.ts'
import { compareRows } from './compareRows.ts'
import { reliabilitySection, sliceSection, textSection } from './compareSlices.ts'
import { type CompareView, firstView, keyOf, outcomeLooks, passes, restoreView } from './compareState.ts'
import { compareTabs } from './compareTabs.ts'
import { type Typos, typosSection } from './compareTypos.ts'
import { compareVotes } from './compareVotes.ts'

/** The ledger: two evaluations row by row, and the way back to each row. */
export function comparePanel(root: HTMLElement, host: Host<FromComparePanel, ToComparePanel>): void {
  let view: CompareView = restoreView(host.restored()?.['view'])
  let ledger: Ledger | undefined
  /** A ledger whose rows have not all come yet. */
  let coming: { readonly ledger: Ledger; readonly rows: LedgerRow[]; readonly votes: readonly Vote[] } | undefined
  let choices: readonly Choice[] = []
  let pair = { a: '', b: '' }
  let changes: RowChanges | undefined
  let typos: Typos = []
  let facets: readonly Facet[] = []
  let asking: ReturnType<typeof setTimeout> | undefined
  let told = new Date()
  let rows: Grid<LedgerRow> | undefined
  const fresh = host.restored() === undefined

  const head = compareHead(
    message => {
      if (message.kind === 'choose') state.loading({ kind: 'loading', what: 'Comparing' })
      host.post(message)
    },
    format => save(format),
  )
  const state = notice({
    retry: () => {
      host.post({ kind: 'ready' })
      state.loading({ kind: 'loading', what: 'Loading the ledger' })
    },
    log: () => host.post({ kind: 'showLog' }),
  })
  const scores = h('div', {})
  const tabs = compareTabs(view.tab, tab => set({ tab }))
  const left = h('div', {
    class: 'left',
    'data-region': 'Labels',
    tabindex: 0,
    role: 'region',
    'aria-label': 'By label',
  })
  const filter = compareFilter(view.text, part => set(part))
  const list = h('div', { class: 'list', 'data-region': 'Rows' })
  const detail = compareDetail({
    open: () => open(rows?.selected()),
    openTraining: place => host.post({ kind: 'openRow', place }),
    move: by => rows?.move(by),
  })
  const right = h('div', { class: 'right' }, filter.element, list, detail.element)
  const votes = compareVotes({ vote: vote => host.post({ kind: 'vote', vote }) })
  const body = h('div', { class: 'cols' }, left, right)
  const content = h('div', { class: 'content' }, scores, tabs.element, tabs.share, body)
  put(root, head.element, state.bar, state.strip, state.block, content)

  const open = (row: LedgerRow | undefined) => {
    if (row) host.post({ kind: 'openRow', place: { file: row.file, row: row.row } })
  }
  /** Once somebody stays at a row: going through them with the arrow keys asks for none. */
  const askNearest = (row: LedgerRow) => {
    clearTimeout(asking)
    if (asksNearest(row))
      asking = setTimeout(() => host.post({ kind: 'nearest', place: { file: row.file, row: row.row } }), 150)
  }
  const set = (part: Partial<CompareView>) => {
    view = { ...view, ...part }
    if (part.tab === undefined && ledger) view = { ...view, tab: fitting(ledger, view) }
    tabs.show(view.tab)
    draw()
    keep()
  }
  const keep = () => {
    if (ledger) host.save({ panel: 'compare', ...pair, view } satisfies PanelState)
  }
  const draw = () => {
    head.update({ choices, ...pair, ledger })
    content.hidden = ledger === undefined
    root.classList.toggle('waiting', ledger === undefined)
    if (!ledger || !rows) return
    const shown = ledger
    const narrowed = view.text.trim() !== '' || view.gold !== undefined || view.predicted !== undefined || view.leaked
    const passing = narrowed ? shown.rows.filter(r => passes(r, view)) : shown.rows
    tabs.update(shown, narrowed ? passing : undefined)
    const inTab = passing.filter(r => r.outcome === view.tab)
    filter.update(view, { shown: inTab.length, all: shown.rows.filter(r => r.outcome === view.tab).length })
    list.style.setProperty('--rows', String(inTab.length))
    rows.setRows(inTab, { key: view.selected, sorting: view.sorting })
    refresh(left, [pair, shown.all, view.gold, view.predicted, changes, typos, facets.map(f => f.name)], () => [
      typosSection(typos, label => host.post({ kind: 'fixLabel', label })),
      changesSection(changes, place => host.post({ kind: 'openRow', place })),
      !shown.graded && decided(shown.all) === 'undecided' && noiseSection(shown),
      !shown.graded &&
        labelChanges(shown, {
          gold: view.predicted === undefined ? view.gold : undefined,
          misspelt: new Set(typos.map(({ label }) => label)),
          pick: gold => set({ gold, predicted: undefined }),
        }),
      !shown.graded &&
        confusionOf(shown, {
          gold: view.gold,
          predicted: view.predicted,
          pick: (gold, predicted) => set({ gold, predicted }),
        }),
      votes.element,
      textSection(shown),
      sliceSection(shown, facets),
      reliabilitySection(shown),
    ])
  }
  const hydrate = (next: Ledger) => {
    const names = `${next.a.name}\n${next.b.name}`
    ledger = next
    // Nothing was chosen yet: begin where there is something to read.
    if (fresh && told.getTime() === 0) view = { ...firstView, tab: fitting(next, firstView) }
    if (list.dataset['names'] !== names) {
      list.dataset['names'] = names
      rows = compareRows(
        { a: next.a.name, b: next.b.name },
        {
          open,
          select: row => {
            if (ledger) detail.show(ledger, row)
            if (row) askNearest(row)
            if (row && keyOf(row) !== view.selected) {
              view = { ...view, selected: keyOf(row) }
              keep()
            }
          },
          sorted: sorting => {
            view = { ...view, sorting }
            keep()
          },
          empty: () => nothing(),
        },
      )
      put(list, rows.element)
    }
    put(scores, headline(next, { showLeaked: () => set({ ...cleared, leaked: true }) }))
  }
  const arrive = (more: readonly LedgerRow[]) => {
    if (!coming) return
    const { rows: all, ledger: next, votes: known } = coming
    for (const row of more) all.push(row)
    if (all.length < next.all.rows) {
      state.loading({ kind: 'loading', what: 'Rows', done: all.length, total: next.all.rows })
      return
    }
    coming = undefined
    state.clear()
    hydrate({ ...next, rows: all })
    votes.show({ ...next, rows: all }, known)
    told = new Date()
    tabs.show(view.tab)
    draw()
    keep()
  }
  const nothing = () => {
    const narrowed = view.text.trim() !== '' || view.gold !== undefined || view.leaked
    if (!narrowed) return `No row is ${outcomeLooks[view.tab].name}.`
    return [
      h('span', {}, `No ${outcomeLooks[view.tab].name} row matches the filter. `),
      h('button', { type: 'button', class: 'link', on: { click: () => set(cleared) } }, 'Remove the filter'),
    ]
  }
  const save = (format: 'json' | 'html') => {
    if (!ledger) return
    const content = format === 'json' ? `${JSON.stringify(ledger, null, 2)}\n` : ledgerHtml(ledger)
    host.post({ kind: 'export', format, content, name: fileName(`${ledger.a.name} to ${ledger.b.name}`, format) })
  }

  host.listen(message => {
    switch (message.kind) {
      case 'hydrate':
        choices = message.choices.map(c => ({ value: c.id, text: c.name }))
        pair = { a: message.a, b: message.b }
        changes = message.changes
        typos = message.typos ?? []
        facets = []
        coming = { ledger: message.ledger, rows: [], votes: message.votes ?? [] }
        arrive(message.ledger.rows)
        break
      case 'rows':
        arrive(message.rows)
        break
      case 'facets':
        facets = message.facets.map(({ name, values }) => ({ name, values: values.map(value => value ?? undefined) }))
        draw()
        break
      case 'nearest': {
        const row = rows?.selected()
        if (row?.file === message.place.file && row.row === message.place.row) detail.near(message.rows)
        break
      }
      case 'empty':
        choices = message.choices.map(c => ({ value: c.id, text: c.name }))
        ledger = coming = undefined
        draw()
        state.empty(
          h(
            'p',
            {},
            choices.length === 0
              ? 'Nothing has been evaluated yet: a ledger compares two evaluations.'
              : `There is one evaluation so far, ${choices[0]?.text}: a ledger needs two.`,
          ),
          button({ label: 'Tune a model', look: 'primary', press: () => host.post({ kind: 'tune' }) }),
        )
        break
      case 'loading':
        state.loading(message)
        break
      case 'problem':
        state.problem(message, ledger ? told : undefined)
        head.update({ choices, ...pair, ledger })
        break
      default:
        never(message)
    }
  })

  addEventListener('keydown', event => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    const tab = outcomes[Number(event.key) - 1]
    if (tab) set({ tab })
    else if (event.key === '/') filter.focus()
    else if (event.key === 'Escape') set(cleared)
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') rows?.move(event.key === 'ArrowDown' ? 1 : -1)
    else if (event.key === 'Enter' && event.target === document.body) open(rows?.selected())
    else return
    event.preventDefault()
  })
  told = new Date(0)
  draw()
  state.loading({ kind: 'loading', what: 'Loading the ledger' })
  host.post({ kind: 'ready' })
}

const cleared: Partial<CompareView> = { text: '', gold: undefined, predicted: undefined, leaked: false }

/** The tab asked for, or the first with a row that passes: a filter never shows nothing while another tab has rows. */
function fitting(ledger: Ledger, view: CompareView): RowOutcome {
  const has = (tab: RowOutcome) => ledger.rows.some(r => r.outcome === tab && passes(r, view))
  if (has(view.tab)) return view.tab
  return (['broken', 'fixed', 'still-wrong', 'still-right'] as const).find(has) ?? view.tab
}
