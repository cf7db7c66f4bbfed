import { button } from './controls.ts'
import { h, put } from './dom.ts'

export interface MenuItem {
  readonly label: string
  readonly detail?: string
  readonly act: () => void
}

export interface MenuOptions {
  readonly label: string
  readonly icon: string
  /** Read when the menu opens. */
  readonly items: () => readonly MenuItem[]
}

/** A button that opens a short menu under itself. Arrows move, Enter chooses, Escape closes and gives the focus back. */
export function menu(options: MenuOptions): HTMLElement {
  const list = h('ul', { class: 'menu', role: 'menu', 'aria-label': options.label, hidden: true })
  const opener = button({ label: options.label, icon: options.icon, look: 'plain', press: () => toggle() })
  opener.setAttribute('aria-haspopup', 'menu')
  opener.setAttribute('aria-expanded', 'false')
  const root = h('span', { class: 'menu-root' }, opener, list)

  const close = () => {
    list.hidden = true
    opener.setAttribute('aria-expanded', 'false')
  }
  const toggle = () => {
    if (!list.hidden) return close()
    put(
      list,
      options
        .items()
        .map(item =>
          h(
            'li',
            { role: 'menuitem', tabindex: -1, on: { click: () => choose(item) } },
            h('span', {}, item.label),
            item.detail && h('span', { class: 'dim' }, item.detail),
          ),
        ),
    )
    list.hidden = false
    opener.setAttribute('aria-expanded', 'true')
    ;(list.firstElementChild as HTMLElement | null)?.focus()
  }
  const choose = (item: MenuItem) => {
    close()
    opener.focus()
    item.act()
  }
  root.addEventListener('focusout', event => {
    if (!root.contains(event.relatedTarget as Node | null)) close()
  })
  list.addEventListener('keydown', event => {
    const items = [...list.children] as HTMLElement[]
    const at = items.indexOf(document.activeElement as HTMLElement)
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) items[(at + step + items.length) % items.length]?.focus()
    else if (event.key === 'Home') items[0]?.focus()
    else if (event.key === 'End') items.at(-1)?.focus()
    else if (event.key === 'Enter' || event.key === ' ') items[at]?.click()
    else if (event.key === 'Escape') {
      close()
      opener.focus()
    } else return
    event.preventDefault()
    event.stopPropagation()
  })
  return root
}
