import type { DropdownOptions } from './controls.ts'
import { h } from './dom.ts'

/** A choice of few, all in sight. One tab stop; the arrows choose. */
export function segments(options: DropdownOptions): HTMLElement {
  const buttons = options.choices.map(c =>
    h(
      'button',
      {
        type: 'button',
        role: 'radio',
        'aria-checked': String(c.value === options.value),
        tabindex: c.value === options.value ? 0 : -1,
        'data-id': `segment ${c.value}`,
        on: { click: () => pick(c.value) },
      },
      c.text,
    ),
  )
  const pick = (value: string) => {
    buttons.forEach((b, i) => {
      const on = options.choices[i]?.value === value
      b.setAttribute('aria-checked', String(on))
      b.tabIndex = on ? 0 : -1
    })
    options.pick(value)
  }
  const group = h('span', { class: 'segments', role: 'radiogroup', 'aria-label': options.label }, buttons)
  group.addEventListener('keydown', event => {
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
    if (way === undefined) return
    const at = buttons.indexOf(event.target as HTMLButtonElement)
    const to = (at + way + buttons.length) % buttons.length
    buttons[to]?.focus()
    pick(options.choices[to]?.value as string)
    event.preventDefault()
  })
  return group
}
