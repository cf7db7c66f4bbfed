import { ticks as ticksOf } from '../../src/core/view/words.ts'
import type { Drawing } from './chart.ts'
import { h, s } from './dom.ts'
import { markPath, markPlaces } from './lineMarks.ts'
import type { Palette } from './palette.ts'

export interface Panel {
  readonly title: string
  readonly drawing: Drawing
  readonly canvas: HTMLCanvasElement
}

const width = 560
const height = 260
const inset = { left: 56, right: 16, top: 32, bottom: 24 }

/** The charts two by two as one vector picture, in the colours of the theme, as the text of an SVG file. */
export function toSvg(panels: readonly Panel[], palette: Palette, names: readonly string[]): string {
  const rows = Math.ceil(panels.length / 2)
  const root = s(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${2 * width} ${rows * height + 24}`,
      'font-family': 'sans-serif',
      'font-size': 11,
      fill: palette.foreground,
    },
    s('rect', { width: '100%', height: '100%', fill: palette.background }),
    panels.map((p, i) => chartOf(p, palette, { x: (i % 2) * width, y: Math.floor(i / 2) * height })),
    s('text', { x: inset.left, y: rows * height + 12 }, `${names.join(', ')}. Solid train, dashed validation.`),
  )
  return `${new XMLSerializer().serializeToString(root)}\n`
}

/** A name to offer for a file: no path, no character that a system minds. */
export function fileName(title: string, extension: string): string {
  const plain = title.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+|-+$/g, '')
  return `${plain.slice(0, 120) || 'winnow'}.${extension}`
}

/** The charts as they are on screen, two by two, as the base64 of a PNG file. */
export function toPng(panels: readonly Panel[], palette: Palette): string {
  const scale = devicePixelRatio
  const first = panels[0]?.canvas
  if (!first) return ''
  const title = 24 * scale
  const cell = { width: first.width, height: first.height + title }
  const canvas = h('canvas', { width: 2 * cell.width, height: Math.ceil(panels.length / 2) * cell.height })
  const ctx = canvas.getContext('2d') as CanvasRenderingContext2D
  ctx.fillStyle = palette.background
  ctx.fillRect(0, 0, canvas.width, canvas.height)
  ctx.font = `600 ${12 * scale}px ${palette.fontFamily}`
  ctx.fillStyle = palette.foreground
  panels.forEach((p, i) => {
    const [x, y] = [(i % 2) * cell.width, Math.floor(i / 2) * cell.height]
    ctx.fillText(p.title, x + 16 * scale, y + 16 * scale)
    ctx.drawImage(p.canvas, x, y + title)
  })
  return canvas.toDataURL('image/png').replace(/^data:image\/png;base64,/, '')
}

function chartOf(
  { title, drawing }: Panel,
  palette: Palette,
  at: { readonly x: number; readonly y: number },
): SVGElement {
  const [x0, x1] = drawing.x
  const log = drawing.log ? Math.log10 : (v: number) => v
  const [y0, y1] = [log(drawing.y[0]), log(drawing.y[1])]
  const px = (x: number) => inset.left + ((x - x0) / (x1 - x0)) * (width - inset.left - inset.right)
  const py = (y: number) => inset.top + (1 - (log(y) - y0) / (y1 - y0)) * (height - inset.top - inset.bottom)
  const ticks = Array.from({ length: 5 }, (_, i) => i / 4)
  const value = (f: number) => (drawing.log ? 10 ** (y0 + f * (y1 - y0)) : y0 + f * (y1 - y0))
  const up = ticks.map(value)
  const along = [x0, (x0 + x1) / 2, x1]
  const single = (v: number) => String(Number(v.toPrecision(3)))
  const [upNames, alongNames] = [drawing.log ? up.map(single) : ticksOf(up), ticksOf(along)]
  return s(
    'svg',
    { x: at.x, y: at.y, width, height, overflow: 'hidden' },
    s('text', { x: 16, y: 18, 'font-size': 12, 'font-weight': 600 }, title),
    up.map((v, i) => {
      const y = py(v)
      return [
        s('line', { x1: inset.left, x2: width - inset.right, y1: y, y2: y, stroke: palette.track }),
        s('text', { x: inset.left - 8, y: y + 4, 'text-anchor': 'end' }, upNames[i]),
      ]
    }),
    along.map((x, i) =>
      s('text', { x: px(x), y: height - 6, 'text-anchor': ['start', 'middle', 'end'][i] }, alongNames[i]),
    ),
    s(
      'svg',
      {
        x: inset.left,
        y: inset.top - 4,
        width: width - inset.left - inset.right,
        height: height - inset.top - inset.bottom + 4,
        viewBox: `${inset.left} ${inset.top - 4} ${width - inset.left - inset.right} ${height - inset.top - inset.bottom + 4}`,
        overflow: 'hidden',
      },
      drawing.lines.map(line =>
        s('path', {
          d: pathOf(line.xs, line.ys, px, py),
          fill: 'none',
          stroke: line.color,
          'stroke-width': line.width,
          'stroke-dasharray': line.dash.join(' ') || undefined,
          'stroke-opacity': line.alpha === 1 ? undefined : line.alpha,
          'stroke-linejoin': 'round',
        }),
      ),
      markPlaces(drawing.lines, drawing.x, 7).map(({ line, mark, at }) =>
        s('path', {
          d: markPath(mark, { left: px(line.xs[at] as number), top: py(line.ys[at] as number), size: 3.5 }),
          fill: mark === 'ring' ? 'none' : line.color,
          stroke: mark === 'ring' ? line.color : undefined,
        }),
      ),
    ),
  )
}

function pathOf(
  xs: readonly number[],
  ys: readonly number[],
  px: (x: number) => number,
  py: (y: number) => number,
): string {
  let out = ''
  let pen = 'M'
  for (let i = 0; i < xs.length; i++) {
    const y = py(ys[i] as number)
    if (Number.isFinite(y)) out += `${pen}${px(xs[i] as number).toFixed(1)} ${y.toFixed(1)}`
    pen = Number.isFinite(y) ? 'L' : 'M'
  }
  return out
}
