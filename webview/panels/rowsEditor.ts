import { h } from '../parts/dom.ts'

/** Where a cell is being edited: over the cell, with its whole text. Enter keeps, Escape leaves it as it was. */
export function editCell(options: {
  readonly over: HTMLElement
  readonly label: string
  readonly text: string
  /** Values to choose from, where there are few. */
  readonly choices: readonly string[]
  readonly keep: (text: string) => void
  readonly left: () => void
}): void {
  const { over, text, choices } = options
  const list = h(
    'datalist',
    { id: 'edit-choices' },
    choices.map(value => h('option', { value })),
  )
  const field =
    choices.length > 0
      ? h('input', {
          type: 'text',
          class: 'cell-edit',
          'aria-label': options.label,
          list: 'edit-choices',
          dir: 'auto',
          value: text,
        })
      : h('textarea', {
          class: 'cell-edit',
          'aria-label': options.label,
          dir: 'auto',
          rows: Math.min(12, text.split('\n').length + Math.floor(text.length / 60)),
        })
  field.value = text
  const box = over.getBoundingClientRect()
  field.style.left = `${Math.max(0, Math.min(box.left, innerWidth - 240))}px`
  field.style.top = `${Math.min(box.top, innerHeight - 96)}px`
  field.style.width = `${Math.max(200, Math.min(box.width, innerWidth - box.left))}px`
  let isOver = false
  const end = (keep: boolean) => {
    if (isOver) return
    isOver = true
    const value = field.value
    field.remove()
    list.remove()
    options.left()
    if (keep && value !== text) options.keep(value)
  }
  field.addEventListener('keydown', event => {
    const { key, shiftKey } = event as KeyboardEvent
    if (key === 'Enter' && !shiftKey) end(true)
    else if (key === 'Escape') end(false)
    else {
      event.stopPropagation()
      return
    }
    event.preventDefault()
    event.stopPropagation()
  })
  field.addEventListener('blur', () => end(true))
  ;(over.closest('main') ?? document.body).append(list, field)
  field.focus()
  field.select()
}
