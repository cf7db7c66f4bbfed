import { count } from '../../src/core/base/words.ts'
import { h, icon } from '../parts/dom.ts'

export type Typos = readonly { readonly label: string; readonly like: string }[]

/** Of very many the first ones lead the way: mending one offers to mend all. */
const mostShown = 8

/** Labels that look misspelt: each is a class of its own, and an error in every score, until its rows are relabelled. */
export function typosSection(typos: Typos, fix: (label: string) => void): HTMLElement | undefined {
  if (typos.length === 0) return undefined
  return h(
    'section',
    { class: 'sec', 'aria-label': 'Labels that look misspelt' },
    h(
      'div',
      { class: 'sec-head' },
      h('h2', {}, 'Labels that look misspelt'),
      h('span', { class: 'dim small push' }, 'each a class of its own'),
    ),
    h(
      'ul',
      { class: 'row-links typos' },
      typos.slice(0, mostShown).map(({ label, like }) =>
        h(
          'li',
          {},
          icon('warning', 'small c-warning'),
          h('bdi', { class: 'cut', title: label }, label),
          h(
            'span',
            { class: 'row tight' },
            h('span', { class: 'dim nowrap' }, 'looks like'),
            h('bdi', { class: 'cut', title: like }, like),
          ),
          h(
            'button',
            {
              type: 'button',
              class: 'link',
              'data-id': `typo ${label}`,
              'aria-label': `Fix the label ${label}`,
              on: { click: () => fix(label) },
            },
            'Fix',
          ),
        ),
      ),
    ),
    typos.length > mostShown &&
      h('p', { class: 'small dim' }, `${count(typos.length - mostShown)} more are in the Findings view.`),
  )
}
