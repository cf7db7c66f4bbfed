import { count, counted } from '../../src/core/base/words.ts'
import { textField } from '../parts/controls.ts'
import { h, icon, put, refresh } from '../parts/dom.ts'
import type { CompareView } from './compareState.ts'

export interface CompareFilter {
  readonly element: HTMLElement
  update(view: CompareView, counts: { readonly shown: number; readonly all: number }): void
  focus(): void
}

/** What narrows the rows: text that is typed, and chips for what was chosen elsewhere. */
export function compareFilter(text: string, set: (part: Partial<CompareView>) => void): CompareFilter {
  const field = textField(
    { label: 'Filter rows', placeholder: 'Filter by text, label or row', value: text, input: t => set({ text: t }) },
    h('span', { slot: 'start', class: 'row' }, icon('search', 'small')),
  )
  const chips = h('span', { class: 'row tight' })
  const total = h('span', { class: 'dim small nowrap push', role: 'status' })
  field.addEventListener('keydown', event => {
    if (event.key !== 'Escape') return
    field.value = ''
    set({ text: '' })
    event.stopPropagation()
  })
  return {
    element: h(
      'div',
      { class: 'filter', role: 'search', 'aria-label': 'Rows', 'data-region': 'Filter' },
      field,
      h('kbd', { 'aria-hidden': 'true' }, '/'),
      chips,
      total,
    ),
    update: (view, counts) => {
      if (field.value !== view.text) field.value = view.text
      const parts: [words: string, off: Partial<CompareView>][] = []
      if (view.gold !== undefined) parts.push([`gold ${view.gold}`, { gold: undefined, predicted: undefined }])
      if (view.predicted !== undefined) parts.push([`predicted ${view.predicted}`, { predicted: undefined }])
      if (view.leaked) parts.push(['leaked', { leaked: false }])
      refresh(chips, parts, () =>
        parts.map(([words, off]) =>
          h(
            'span',
            { class: 'chip' },
            h('span', { class: 'cut' }, words),
            h(
              'button',
              {
                type: 'button',
                class: 'bare',
                'aria-label': `Remove filter ${words}`,
                'data-id': `filter ${words}`,
                on: { click: () => set(off) },
              },
              icon('close', 'small'),
            ),
          ),
        ),
      )
      put(
        total,
        counts.shown === counts.all
          ? counted(counts.all, 'row')
          : `${count(counts.shown)} of ${counted(counts.all, 'row')}`,
      )
    },
    focus: () => (field.shadowRoot?.querySelector('input') ?? field).focus(),
  }
}
