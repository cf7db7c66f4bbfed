import { count, counted } from '../../src/core/base/words.ts'
import type { ToRowsPanel } from '../../src/core/view/rowsProtocol.ts'
import { button, dropdown, enable } from '../parts/controls.ts'
import { h, icon, put, refresh } from '../parts/dom.ts'
import { menu } from '../parts/menu.ts'

export interface RowsHeader {
  readonly element: HTMLElement
  update(
    hydrate: Extract<ToRowsPanel, { kind: 'hydrate' }>,
    now: { readonly undo: number; readonly pending: number; readonly labelling: boolean },
  ): void
  /** How many findings the rows that are shown have. */
  shown(findings: number, isNarrowed: boolean): void
  edits(now: { readonly undo: number; readonly pending: number }): void
  labelling(isOn: boolean): void
}

export interface RowsHeaderActs {
  readonly choose: (id: string) => void
  readonly undo: () => void
  readonly label: () => void
  readonly fix: () => void
  readonly write: () => void
  readonly check: () => void
  readonly log: () => void
}

/** Whose rows these are, and what can be done with all of them. */
export function rowsHeader(act: RowsHeaderActs): RowsHeader {
  let readOnly: string | undefined
  let findings = 0
  const which = h('span', { class: 'row tight' })
  const facts = h('span', { class: 'dim small cut' })
  const why = h('span', { class: 'small row tight', hidden: true })
  const undo = button({ label: 'Undo', icon: 'discard', key: 'Ctrl Z', look: 'plain', press: act.undo })
  const write = button({ label: 'Write', icon: 'save', press: act.write })
  const label = button({ label: 'Label', icon: 'record-keys', key: 'L', press: act.label })
  const fix = h('span', { class: 'row' })
  const more = menu({
    label: 'More',
    icon: 'ellipsis',
    items: () => [
      { label: 'Check again', act: act.check },
      { label: 'Show log', act: act.log },
    ],
  })
  const drawFix = (isNarrowed: boolean) =>
    refresh(fix, [findings, isNarrowed, readOnly], () => {
      const words = findings === 0 ? 'Nothing to fix' : `Fix ${counted(findings, 'finding')} with preview`
      const element = button({ label: words, icon: 'lightbulb', look: 'primary', press: act.fix })
      if (findings === 0 || readOnly !== undefined)
        enable(element, readOnly ?? (isNarrowed ? 'No row that is shown has a finding' : 'No row has a finding'))
      return element
    })
  const edits = (now: { readonly undo: number; readonly pending: number }) => {
    undo.hidden = now.undo === 0
    write.hidden = now.pending === 0
    if (now.pending > 0) write.lastChild?.replaceWith(`Write ${counted(now.pending, 'change')}`)
  }
  edits({ undo: 0, pending: 0 })
  return {
    element: h(
      'header',
      { class: 'head rows-header', 'data-region': 'Head' },
      icon('table'),
      h('h1', {}, 'Rows'),
      which,
      facts,
      h('span', { class: 'push row tight' }, why, undo, write, label, fix, more),
    ),
    update: (hydrate, now) => {
      const { head, choices, chosen } = hydrate
      ;({ readOnly } = head)
      refresh(which, [choices, chosen], () =>
        choices.length > 1
          ? dropdown({
              label: 'Dataset',
              choices: choices.map(({ id, name }) => ({ value: id, text: name })),
              value: chosen,
              pick: act.choose,
            })
          : h('b', { class: 'cut' }, head.name),
      )
      put(facts, [
        counted(head.rows, 'row'),
        head.partial && ' so far',
        head.files.length > 1 && ` · ${count(head.files.length)} files`,
      ])
      why.hidden = readOnly === undefined
      put(why, readOnly !== undefined && [icon('lock', 'small'), readOnly])
      label.hidden = head.label === undefined || readOnly !== undefined
      fix.hidden = readOnly !== undefined
      drawFix(false)
      edits(now)
    },
    shown: (n, isNarrowed) => {
      findings = n
      drawFix(isNarrowed)
    },
    edits,
    labelling: isOn => label.classList.toggle('pressed', isOn),
  }
}
