import { h } from './dom.ts'

/** Theme colours as a canvas wants them: resolved. */
export interface Palette {
  readonly foreground: string
  readonly dim: string
  readonly track: string
  readonly background: string
  readonly warning: string
  readonly fontFamily: string
  /** A run keeps its colour for life: four hues, then the same with marks along the line. */
  readonly series: readonly string[]
}

const hues = ['blue', 'orange', 'purple', 'green'] as const

/** Reads the theme the editor has set on the page. */
export function readPalette(): Palette {
  const probe = h('span', { hidden: true })
  document.body.append(probe)
  const color = (value: string) => {
    probe.style.color = value
    return getComputedStyle(probe).color
  }
  const palette = {
    foreground: color('var(--vscode-foreground)'),
    dim: color('var(--dim)'),
    track: color('var(--track)'),
    background: color('var(--vscode-editor-background)'),
    warning: color('var(--vscode-editorWarning-foreground)'),
    fontFamily: getComputedStyle(document.body).fontFamily,
    series: hues.map(hue => color(`var(--vscode-charts-${hue})`)),
  }
  probe.remove()
  return palette
}

/** The class that gives an element the colour of a run, and where colours come round again the one for its marks. */
export function hueClass(color: number): string {
  const mark = markOf(color)
  return `c-${hues[color % hues.length]}${mark ? ` m-${mark}` : ''}`
}

/** What stands along the lines of the fifth run and those after it, since dashes say validation. */
export type LineMark = 'dot' | 'square' | 'triangle' | 'ring'

const marks = [undefined, 'dot', 'square', 'triangle', 'ring'] as const

/** The marks along the lines of a run: none for the first four. */
export function markOf(color: number): LineMark | undefined {
  return marks[Math.floor(color / hues.length) % marks.length]
}

/** Calls when the editor changes its theme: it rewrites the variables on the html element and a class on the body. */
export function onTheme(act: () => void): void {
  const observer = new MutationObserver(act)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class', 'data-theme'] })
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] })
}
