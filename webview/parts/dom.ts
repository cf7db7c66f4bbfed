/** What may stand inside an element. `false`, `null` and `undefined` draw nothing, so conditions read in place. */
export type Child = Node | string | number | false | null | undefined | readonly Child[]

export interface Props {
  readonly class?: string
  /** Set through the style object, which a strict content policy allows; a style attribute it does not. */
  readonly style?: Readonly<Record<string, string>>
  readonly on?: { readonly [name: string]: (event: never) => void }
  readonly [attribute: string]: unknown
}

/** Makes an element: attributes as given, `true` an empty one, `false` and `undefined` none. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props?: Props,
  ...children: Child[]
): HTMLElementTagNameMap[K]
export function h(tag: string, props?: Props, ...children: Child[]): HTMLElement
export function h(tag: string, props: Props = {}, ...children: Child[]): HTMLElement {
  return fill(document.createElement(tag), props, children)
}

/** The same for SVG. */
export function s(tag: string, props: Props = {}, ...children: Child[]): SVGElement {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), props, children)
}

/** A codicon. It never speaks: the words beside it do. */
export function icon(name: string, tone = ''): HTMLElement {
  // The one sign the icon font lacks.
  if (name === 'equal') return h('i', { class: `codicon equal ${tone}`, 'aria-hidden': 'true' })
  return h('i', { class: `codicon codicon-${name} ${tone}`.trim(), 'aria-hidden': 'true' })
}

/** Replaces what an element holds. */
export function put<E extends Element>(element: E, ...children: Child[]): E {
  element.replaceChildren(...nodes(children))
  return element
}

/**
 * Draws a part anew where what it shows has changed, told by `signature`. The focus stays where it was, on the element
 * of the same `data-id`.
 */
export function refresh(element: HTMLElement, signature: unknown, build: () => Child): void {
  const text = JSON.stringify(signature)
  if (drawn.get(element) === text) return
  drawn.set(element, text)
  const held = document.activeElement instanceof HTMLElement && element.contains(document.activeElement)
  const id = held ? (document.activeElement as HTMLElement).dataset['id'] : undefined
  put(element, build())
  if (id !== undefined) element.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus()
}

const drawn = new WeakMap<HTMLElement, string>()

/** Sets the text only where it changed, so that a screen reader is not told the same twice. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** One call a frame, however often it is asked for. */
export function everyFrame(draw: () => void): () => void {
  let asked = 0
  return () => {
    if (asked !== 0) return
    asked = requestAnimationFrame(() => {
      asked = 0
      draw()
    })
  }
}

/** Is text being typed? Then single keys belong to the text. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0]
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target.tagName === 'TEXTAREA') return true
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'range', 'button'].includes(target.type)
}

function fill<E extends HTMLElement | SVGElement>(element: E, props: Props, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false || value === null) continue
    if (name === 'style') {
      for (const [key, text] of Object.entries(value as Record<string, string>)) element.style.setProperty(key, text)
    } else if (name === 'on') {
      for (const [event, act] of Object.entries(value as Record<string, EventListener>))
        element.addEventListener(event, act)
    } else element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...nodes(children))
  return element
}

function nodes(children: readonly Child[]): (Node | string)[] {
  const out: (Node | string)[] = []
  for (const child of children) {
    if (child === undefined || child === null || child === false) continue
    if (Array.isArray(child)) out.push(...nodes(child))
    else out.push(typeof child === 'number' ? String(child) : (child as Node | string))
  }
  return out
}
