import type { FromRunPanel } from '../../src/core/view/protocol.ts'
import { h, say } from '../parts/dom.ts'
import type { ShownRun } from './runState.ts'

/** What people write about a run; kept in its folder when they pause or leave the field. */
export function runNotes(post: (message: FromRunPanel) => void): {
  readonly element: HTMLElement
  update(own: ShownRun): void
} {
  let id: string | undefined
  let kept = ''
  let timer: ReturnType<typeof setTimeout> | undefined
  const field = h('textarea', {
    class: 'notes',
    rows: 3,
    'aria-label': 'Notes about this run',
    placeholder: 'What you tried, and what you saw',
    dir: 'auto',
  })
  const state = h('span', { class: 'push small dim', role: 'status' })
  const keep = () => {
    clearTimeout(timer)
    if (id === undefined || field.value === kept) return
    kept = field.value
    post({ kind: 'notes', id, text: kept })
    say(state, 'kept in notes.md')
  }
  field.addEventListener('input', () => {
    say(state, '')
    clearTimeout(timer)
    timer = setTimeout(keep, 800)
  })
  field.addEventListener('blur', keep)
  return {
    element: h('section', { class: 'sec' }, h('div', { class: 'sec-head' }, h('h2', {}, 'Notes'), state), field),
    update: ({ shown }) => {
      if (id === shown.run.id) return
      id = shown.run.id
      field.value = kept = shown.notes ?? ''
    },
  }
}
