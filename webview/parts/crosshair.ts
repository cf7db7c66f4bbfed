import { h, say } from './dom.ts'

/** A point the crosshair meets, in the units of the axes. */
export interface Mark {
  readonly x: number
  readonly y: number
  /** Class that gives the colour. */
  readonly hue: string
}

export interface Crosshair {
  readonly element: HTMLElement
  /** Places in pixels of the plot. */
  show(
    left: number,
    label: string,
    dots: readonly { readonly left: number; readonly top: number; readonly hue: string }[],
  ): void
  hide(): void
}

/** One upright line, its place on the axis and a dot on each line it meets. Moves by transform: nothing is drawn anew. */
export function crosshair(): Crosshair {
  const line = h('div', { class: 'cross-line' })
  const badge = h('span', { class: 'cross-badge' })
  const element = h('div', { class: 'cross', 'aria-hidden': 'true', hidden: true }, line, badge)
  const pool: HTMLElement[] = []
  return {
    element,
    show: (left, label, dots) => {
      element.hidden = false
      line.style.transform = `translateX(${left.toFixed(1)}px)`
      badge.style.transform = `translateX(${left.toFixed(1)}px) translateX(-50%)`
      say(badge, label)
      while (pool.length < dots.length) {
        const dot = h('i', {})
        pool.push(dot)
        element.append(dot)
      }
      pool.forEach((dot, i) => {
        const at = dots[i]
        dot.hidden = at === undefined
        if (!at) return
        dot.className = `cross-dot ${at.hue}`
        dot.style.transform = `translate(${at.left.toFixed(1)}px, ${at.top.toFixed(1)}px)`
      })
    },
    hide: () => {
      element.hidden = true
    },
  }
}
