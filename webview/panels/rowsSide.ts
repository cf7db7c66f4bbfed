import { count, counted } from '../../src/core/base/words.ts'
import type { RowHistory, RowsDetail, RowsHead } from '../../src/core/view/rowsProtocol.ts'
import { fixed } from '../../src/core/view/words.ts'
import { button } from '../parts/controls.ts'
import { likeness } from '../parts/difference.ts'
import { type Child, h, icon, put } from '../parts/dom.ts'
import { place } from '../parts/place.ts'
import { findingTag, marked } from './rowsCells.ts'
import { historySection } from './rowsHistory.ts'

export interface RowsSideActs {
  readonly open: (at: number) => void
  readonly go: (at: number) => void
  readonly label: (detail: RowsDetail) => void
  readonly fix: (at: number, rule: string, title: string) => void
  readonly ignore: (at: number, rule: string) => void
}

export interface RowsSide {
  readonly element: HTMLElement
  show(head: RowsHead, detail: RowsDetail | undefined): void
  /** How the row that is shown fared in training. */
  history(history: RowHistory): void
  /** Does what one of its buttons with a key does; false where there is none. */
  press(key: string): boolean
}

const fixKeys: { readonly [kind: string]: string } = { relabel: 'R', 'keep-only': 'K', 'remove-row': 'Del', edit: 'E' }
const fixIcons: { readonly [kind: string]: string } = {
  relabel: 'tag',
  'keep-only': 'check',
  'remove-row': 'trash',
  edit: 'edit',
}

/** One row in full: its text, label and findings, the rows like it with what differs, and its fixes. */
export function rowsSide(act: RowsSideActs): RowsSide {
  const element = h('aside', {
    class: 'rows-side',
    'aria-label': 'Selected row',
    'data-region': 'Selected row',
    tabindex: 0,
  })
  const training = h('div', {})
  let keys = new Map<string, () => void>()
  const empty = () => h('div', { class: 'sec dim' }, 'Select a row to see its findings and its cluster.')
  put(element, empty())
  return {
    element,
    show: (head, detail) => {
      keys = new Map()
      const scrolled = element.scrollTop
      put(element, detail ? sections(head, detail, keys) : empty())
      if (detail && element.dataset['at'] === String(detail.at)) element.scrollTop = scrolled
      else element.scrollTop = 0
      element.dataset['at'] = String(detail?.at ?? '')
    },
    history: history => {
      put(training, historySection(history))
      // Shown last, so that nothing above moves when it comes.
      element.append(training)
    },
    press: key => {
      const press = keys.get(key)
      press?.()
      return press !== undefined
    },
  }

  function sections(head: RowsHead, detail: RowsDetail, own: Map<string, () => void>): Child {
    return [titleOf(head, detail), otherCells(head, detail), cluster(head, detail), fixes(head, detail, own)]
  }

  function titleOf(head: RowsHead, detail: RowsDetail): Child {
    const labelName = head.columns.find(({ id }) => id === head.label)?.name
    return h(
      'section',
      { class: 'sec' },
      h(
        'div',
        { class: 'sec-head' },
        h('h2', { class: 'place', title: detail.path }, place(detail.path, detail.row)),
        // A file without lines has no place that an editor could show.
        h(
          'span',
          { class: 'push', hidden: detail.line === undefined },
          button({
            label: 'Open row',
            icon: 'go-to-file',
            key: 'Enter',
            look: 'plain',
            press: () => act.open(detail.at),
          }),
        ),
      ),
      h(
        'p',
        { class: 'row-text', dir: 'auto', tabindex: 0, 'aria-label': 'Text of the row' },
        detail.text === '' ? h('span', { class: 'dim' }, 'The text is empty.') : detail.text,
      ),
      labelName !== undefined &&
        h(
          'div',
          { class: 'row small label-line' },
          h('span', { class: 'dim' }, labelName),
          head.readOnly === undefined
            ? h(
                'button',
                { type: 'button', class: 'field', 'data-id': 'label', on: { click: () => act.label(detail) } },
                h(
                  'span',
                  { class: 'cut', dir: 'auto' },
                  detail.label === undefined || detail.label === '' ? '(empty)' : detail.label,
                ),
                icon('chevron-down', 'small'),
              )
            : h('span', { class: 'cut', dir: 'auto' }, detail.label ?? '–'),
          detail.suggestion &&
            h(
              'span',
              { class: 'push row tight suggestion' },
              h('span', { class: 'dim' }, 'suggested'),
              h('span', { class: 'cut' }, detail.suggestion.label),
              detail.suggestion.probability !== undefined && fixed(detail.suggestion.probability, 2),
            ),
        ),
      detail.findings.length > 0 &&
        h(
          'ul',
          { class: 'messages', 'aria-label': 'Findings' },
          detail.findings.map(one => h('li', {}, findingTag(one), h('span', { class: 'wrap' }, one.message))),
        ),
    )
  }

  function cluster(head: RowsHead, detail: RowsDetail): Child {
    if (detail.twins.length === 0) return undefined
    const all = detail.twinsInAll + 1
    const other = detail.twins.filter(twin => twin.label !== undefined && twin.label !== detail.label).length
    return h(
      'section',
      { class: 'sec' },
      h(
        'div',
        { class: 'sec-head' },
        h('h2', { class: 'nowrap' }, `Cluster of ${count(all)} rows`),
        h(
          'span',
          { class: 'dim small cut', title: `Exact Jaccard similarity of ${detail.scheme} shingles` },
          'Jaccard to this row, exact',
        ),
        other > 0 &&
          h('span', { class: 'dim small push' }, `${counted(other, 'label')} ${other === 1 ? 'differs' : 'differ'}`),
      ),
      h(
        'ul',
        { class: 'twins' },
        detail.twins.map(twin => {
          const file = head.files[twin.file]
          return h(
            'li',
            {},
            h(
              'div',
              { class: 'row small' },
              h(
                'button',
                {
                  type: 'button',
                  class: 'link place',
                  title: `${file?.path ?? ''} row ${twin.row}`,
                  on: { click: () => act.go(twin.at) },
                },
                place(file?.path ?? '', twin.row),
              ),
              h('span', {}, fixed(twin.similarity, 2)),
              twin.equal && h('span', { class: 'dim nowrap' }, 'same normal form'),
              twin.label !== undefined &&
                h(
                  'span',
                  { class: 'push row tight twin-label', title: twin.label },
                  twin.label !== detail.label && icon('warning', 'small c-warning'),
                  twin.label !== detail.label && h('span', { class: 'sr' }, 'other label:'),
                  h('span', { class: 'cut', dir: 'auto' }, twin.label),
                ),
            ),
            h('p', { dir: 'auto', class: 'twin-text' }, likeness(shortened(detail.text), shortened(twin.text))),
          )
        }),
      ),
      detail.twinsInAll > detail.twins.length &&
        h('p', { class: 'small dim' }, `${count(detail.twinsInAll - detail.twins.length)} more are less like it.`),
    )
  }

  function otherCells(head: RowsHead, detail: RowsDetail): Child {
    const others = head.columns
      .map((column, i) => ({ column, text: detail.cells[i] ?? null }))
      .filter(
        ({ column, text }) =>
          column.id.startsWith('column:') &&
          column.id !== head.label &&
          text !== null &&
          text !== '' &&
          text !== detail.text,
      )
    if (others.length === 0) return undefined
    return h(
      'section',
      { class: 'sec' },
      h(
        'dl',
        { class: 'cells' },
        others.map(({ column, text }) => [
          h('dt', { class: 'dim cut' }, column.name),
          h('dd', { dir: 'auto' }, marked(shortened(text ?? ''), column, [])),
        ]),
      ),
    )
  }

  function fixes(head: RowsHead, detail: RowsDetail, own: Map<string, () => void>): Child {
    const { findings, at } = detail
    if (findings.length === 0) return undefined
    const actions: {
      readonly title: string
      readonly sign: string
      readonly key: string | undefined
      readonly press: () => void
    }[] = []
    const add = (
      title: string,
      { sign, key, press }: { readonly sign: string; readonly key: string; readonly press: () => void },
    ) => {
      if (actions.some(one => one.title === title)) return
      const free = own.has(key) ? undefined : key
      if (free) own.set(free, press)
      actions.push({ title, sign, key: free, press })
    }
    if (head.readOnly === undefined)
      for (const { rule, fixes: list } of findings)
        for (const { title, kind } of list)
          add(title, {
            sign: fixIcons[kind] ?? 'edit',
            key: fixKeys[kind] ?? 'E',
            press: () => act.fix(at, rule, title),
          })
    for (const { rule } of findings)
      add(`Ignore this ${rule} finding`, { sign: 'eye-closed', key: 'I', press: () => act.ignore(at, rule) })
    return h(
      'section',
      { class: 'sec' },
      h(
        'div',
        { class: 'acts' },
        actions
          .slice(0, 8)
          .map(({ title, sign, key, press }) =>
            h(
              'button',
              { type: 'button', class: 'act', title, on: { click: press } },
              icon(sign),
              h('span', { class: 'wrap' }, title),
              key && h('kbd', { 'aria-hidden': 'true' }, key),
            ),
          ),
      ),
    )
  }
}

/** What fits into the side; the whole text is in the file. */
function shortened(text: string): string {
  return text.length > 2000 ? `${text.slice(0, 2000)}…` : text
}
