import { type Child, h } from './dom.ts'

/** A part of a column: its name, something at the right end beside it, and what it shows. */
export function section(title: string, side: Child, ...children: Child[]): HTMLElement {
  return h('section', { class: 'sec' }, h('div', { class: 'sec-head' }, h('h2', {}, title), side), children)
}
