import { type Child, h, put } from './dom.ts'

export interface PopoverOptions {
  readonly label: string
  readonly opener: HTMLElement
  /** Read when it opens; `close` closes it and gives the focus back. */
  readonly content: (close: () => void) => Child
  readonly closed?: () => void
}

/** A small window under the button that opens it. Escape closes it; so does the focus when it goes elsewhere. */
export function popover(options: PopoverOptions): HTMLElement {
  const { opener } = options
  const box = h('div', { class: 'popover', role: 'dialog', 'aria-label': options.label, hidden: true })
  const root = h('span', { class: 'menu-root' }, opener, box)
  opener.setAttribute('aria-haspopup', 'dialog')
  opener.setAttribute('aria-expanded', 'false')
  const close = () => {
    box.hidden = true
    opener.setAttribute('aria-expanded', 'false')
    put(box)
    options.closed?.()
  }
  const leave = () => {
    opener.focus()
    close()
  }
  opener.addEventListener('click', () => {
    if (!box.hidden) return close()
    put(box, options.content(leave))
    box.hidden = false
    opener.setAttribute('aria-expanded', 'true')
    // Near the right edge it opens to the left.
    box.classList.toggle('from-end', opener.getBoundingClientRect().left + 280 > innerWidth)
    box.querySelector<HTMLElement>('input, button, [tabindex="0"]')?.focus()
  })
  root.addEventListener('focusout', event => {
    if (!box.hidden && event.relatedTarget !== null && !root.contains(event.relatedTarget as Node)) close()
  })
  addEventListener('pointerdown', event => {
    if (!box.hidden && !root.contains(event.target as Node)) close()
  })
  box.addEventListener('keydown', event => {
    if (event.key !== 'Escape') return
    leave()
    event.preventDefault()
    event.stopPropagation()
  })
  return root
}
