import uPlot from 'uplot'
import { drawNotes, type Note } from './chartNotes.ts'
import { crosshair, type Mark } from './crosshair.ts'
import { drawDense, type Place, paintDense } from './dense.ts'
import { type Child, h, put, say } from './dom.ts'
import { drawMarks } from './lineMarks.ts'
import type { LineMark, Palette } from './palette.ts'

/** One polyline. Columns of equal length; a value that is no number breaks the line. */
export interface Line {
  readonly xs: readonly number[]
  readonly ys: readonly number[]
  readonly color: string
  readonly dash: readonly number[]
  readonly width: number
  readonly alpha: number
  /** Marks the last point, where a run stands now. */
  readonly ends: boolean
  /** What stands along the line, where its colour is not its own. */
  readonly mark?: LineMark | undefined
  /** Several points a pixel: drawn as one bar a pixel column, which costs a tenth of a stroke. */
  readonly dense?: boolean
  /** Names the line and its content where it rests: lines at rest are drawn once and kept as a picture. */
  readonly rest: string | undefined
}

/** The room between the lowest and the highest of several runs. */
export interface Shade {
  readonly xs: readonly number[]
  readonly low: readonly number[]
  readonly high: readonly number[]
  readonly color: string
}

export interface Drawing {
  readonly lines: readonly Line[]
  readonly shades?: readonly Shade[]
  readonly notes: readonly Note[]
  readonly x: readonly [from: number, to: number]
  readonly y: readonly [low: number, high: number]
  readonly log: boolean
}

export interface ChartOptions {
  readonly title: string
  /** The words for places along and up; on a scale of logarithms some have none. */
  readonly ticksX: (values: readonly number[]) => string[]
  readonly ticksY: (values: readonly (number | null)[]) => string[]
  readonly hover: (x: number | undefined) => void
  readonly pick: (x: number) => void
  readonly key: (key: string) => boolean
}

export interface Chart {
  readonly element: HTMLElement
  /** Width of the plot in pixels: how many columns are worth computing. */
  columns(): number
  draw(drawing: Drawing, palette: Palette): void
  aim(x: number | undefined, label: string, marks: readonly Mark[]): void
  legend(...children: Child[]): void
  heading(title: string, detail: string): void
  /** What a screen reader is told of the crosshair. */
  tell(now: number, most: number, text: string): void
  picture(): HTMLCanvasElement
}

/**
 * A chart that draws what it is given. uPlot lays out axes and canvas; the paths are our own, built from columns that
 * were already thinned to the pixel, so that a frame costs the width of the plot and not the length of the run.
 */
export function chart(options: ChartOptions): Chart {
  const legend = h('span', { class: 'legend' })
  const title = h('h2', {}, options.title)
  const subtitle = h('span', { class: 'dim cut' })
  const plot = h('div', {
    class: 'plot',
    tabindex: 0,
    role: 'slider',
    'aria-label': `${options.title}. Arrow keys move the crosshair, Enter lists the rows of the step.`,
    'aria-valuemin': 0,
    'aria-valuemax': 0,
    'aria-valuenow': 0,
    'aria-orientation': 'horizontal',
  })
  const element = h('figure', { class: 'chart' }, h('figcaption', {}, title, subtitle, legend), plot)
  const cross = crosshair()
  let drawing: Drawing = { lines: [], notes: [], x: [0, 1], y: [0, 1], log: false }
  let palette: Palette | undefined
  let made: { u: uPlot; shape: string } | undefined
  let moving: readonly Line[] = []
  const layer = restLayer()

  const make = (shape: string): uPlot => {
    made?.u.destroy()
    const u = new uPlot(settings(), [[0, 1]], plot)
    u.over.append(cross.element)
    u.over.addEventListener('pointermove', e => options.hover(u.posToVal(e.offsetX, 'x')))
    u.over.addEventListener('pointerleave', () => options.hover(undefined))
    u.over.addEventListener('click', e => options.pick(u.posToVal(e.offsetX, 'x')))
    made = { u, shape }
    return u
  }
  const settings = (): uPlot.Options => {
    const p = palette as Palette
    const font = `11px ${p.fontFamily}`
    const axis = { stroke: p.dim, font, ticks: { show: false }, border: { show: false } }
    return {
      width: Math.max(80, plot.clientWidth),
      height: Math.max(60, plot.clientHeight),
      padding: [8, 12, 0, 0],
      cursor: { show: false },
      legend: { show: false },
      scales: {
        x: { time: false, range: () => [drawing.x[0], drawing.x[1]] },
        y: { distr: drawing.log ? 3 : 1, range: () => [drawing.y[0], drawing.y[1]] },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 24, gap: 4, space: 64, values: (_, s) => options.ticksX(s) },
        {
          ...axis,
          grid: { stroke: p.track, width: 1 },
          size: 48,
          gap: 8,
          space: 40,
          values: (_, s) => options.ticksY(s),
        },
      ],
      series: [{}, ...moving.map((_, i) => seriesOf(i))],
      hooks: {
        drawAxes: [
          u => shade(u, drawing),
          u => layer(u, drawing, p.background),
          u => drawMoving(u, moving, drawing.log),
        ],
        draw: [
          u => {
            const draws = (line: Line) => line.rest === undefined
            drawMarks(u, { ...drawing, ground: p.background, draws }, uPlot.pxRatio)
          },
          u => drawNotes(u, { ...drawing, palette: p }, uPlot.pxRatio),
        ],
      },
    }
  }
  const seriesOf = (i: number): uPlot.Series => {
    const line = moving[i] as Line
    return {
      stroke: line.color,
      width: line.width,
      dash: [...line.dash],
      alpha: line.alpha,
      points: { show: false },
      paths: u => {
        const line = moving[i]
        return { stroke: line?.dense ? new Path2D() : path(u, line, drawing.log), fill: null, clip: null, flags: 1 }
      },
    }
  }
  let aimed: { readonly x: number | undefined; readonly label: string; readonly marks: readonly Mark[] } | undefined
  const aim = () => {
    const u = made?.u
    const { x, label = '', marks = [] } = aimed ?? {}
    if (!u || x === undefined || x < drawing.x[0] || x > drawing.x[1]) return cross.hide()
    const inside = marks.filter(m => m.y >= drawing.y[0] && m.y <= drawing.y[1])
    cross.show(
      u.valToPos(x, 'x'),
      label,
      inside.map(m => ({ left: u.valToPos(m.x, 'x'), top: u.valToPos(m.y, 'y'), hue: m.hue })),
    )
  }
  const observer = new ResizeObserver(() => {
    if (!made || plot.clientWidth === 0) return
    made.u.setSize({ width: plot.clientWidth, height: plot.clientHeight })
    // The line and its dots stand where the values are now.
    aim()
  })
  observer.observe(plot)

  plot.addEventListener('keydown', event => {
    if (options.key(event.key)) event.preventDefault()
  })

  return {
    element,
    columns: () => Math.max(80, plot.clientWidth - 60),
    draw: (next, colors) => {
      drawing = next
      moving = next.lines.filter(l => l.rest === undefined)
      const shape = JSON.stringify([next.log, colors, moving.map(l => [l.color, l.dash, l.width, l.alpha])])
      palette = colors
      const u = made?.shape === shape ? made.u : make(shape)
      // The data only says how many points there are; the paths are drawn from the columns.
      u.setData([[next.x[0], next.x[1]], ...moving.map(() => [next.y[0], next.y[1]])] as uPlot.AlignedData)
    },
    aim: (x, label, marks) => {
      aimed = { x, label, marks }
      aim()
    },
    legend: (...children) => void put(legend, ...children),
    heading: (name, detail) => {
      say(title, name)
      say(subtitle, detail)
      subtitle.title = detail
    },
    tell: (now, most, text) => {
      plot.setAttribute('aria-valuemax', String(most))
      plot.setAttribute('aria-valuenow', String(now))
      plot.setAttribute('aria-valuetext', text)
    },
    picture: () => plot.querySelector('canvas') as HTMLCanvasElement,
  }
}

/**
 * Lines that rest, drawn once on a canvas of their own and laid under those that move: a frame costs what moves, not
 * what is shown.
 */
function restLayer(): (u: uPlot, drawing: Drawing, ground: string) => void {
  const canvas = document.createElement('canvas')
  let known = ''
  return (u, drawing, ground) => {
    const lines = drawing.lines.filter(l => l.rest !== undefined)
    if (lines.length === 0) return
    const { width, height } = u.ctx.canvas
    const { x, y, log } = drawing
    // Marks share their places with those of lines that move.
    const marks = drawing.lines.map(l => l.mark && (l.rest ?? ''))
    const looks = lines.map(l => [l.rest, l.color, l.dash, l.width])
    const key = JSON.stringify([x, y, log, width, height, u.bbox, looks, marks, ground])
    if (key !== known) {
      known = key
      Object.assign(canvas, { width, height })
      // Kept in memory: its pixels are set one by one.
      const ctx = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D
      const dense = lines.filter(l => l.dense)
      if (dense.length > 0) paintDense(ctx, placeOf(u, log), dense)
      const { bbox } = u
      ctx.beginPath()
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
      ctx.clip()
      ctx.lineJoin = 'bevel'
      for (const line of lines) {
        if (line.dense) continue
        ctx.globalAlpha = line.alpha
        ctx.strokeStyle = line.color
        ctx.lineWidth = line.width * uPlot.pxRatio
        ctx.setLineDash(line.dash.map(d => d * uPlot.pxRatio))
        ctx.stroke(path(u, line, log))
      }
      ctx.globalAlpha = 1
      const plot = { ctx, bbox, valToPos: u.valToPos.bind(u) }
      drawMarks(plot, { ...drawing, ground, draws: line => line.rest !== undefined }, uPlot.pxRatio)
    }
    u.ctx.drawImage(canvas, 0, 0)
  }
}

function shade(u: uPlot, { shades = [], log }: Drawing): void {
  const { ctx, bbox } = u
  if (shades.length === 0) return
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.globalAlpha = 0.2
  for (const { xs, low, high, color } of shades) {
    const outline = { xs: [...xs, ...xs.toReversed()], ys: [...high, ...low.toReversed()] }
    ctx.fillStyle = color
    ctx.fill(path(u, outline, log))
  }
  ctx.restore()
}

/** The dense lines of runs that move, on top of those that rest. */
function drawMoving(u: uPlot, lines: readonly Line[], log: boolean): void {
  const { ctx, bbox } = u
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  for (const line of lines) {
    ctx.globalAlpha = line.alpha
    if (line.dense) drawDense(ctx, placeOf(u, log), line)
  }
  ctx.restore()
}

function placeOf(u: uPlot, log: boolean): Place {
  const range = (scale: uPlot.Scale | undefined) => ({ min: scale?.min ?? 0, max: scale?.max ?? 1 })
  return { x: range(u.scales['x']), y: range(u.scales['y']), box: u.bbox, ratio: uPlot.pxRatio, log }
}

function path(u: uPlot, line: Pick<Line, 'xs' | 'ys'> | undefined, log: boolean): Path2D {
  const out = new Path2D()
  const { min: x0 = 0, max: x1 = 1 } = u.scales['x'] as { min?: number; max?: number }
  const { min: y0 = 0, max: y1 = 1 } = u.scales['y'] as { min?: number; max?: number }
  const { left, top, width, height } = u.bbox
  const low = log ? Math.log10(y0) : y0
  const high = log ? Math.log10(y1) : y1
  const kx = width / (x1 - x0)
  const ky = height / (high - low)
  const { xs, ys } = line ?? { xs: [], ys: [] }
  let pen = false
  for (let i = 0; i < xs.length; i++) {
    const y = log ? Math.log10(ys[i] as number) : (ys[i] as number)
    if (!Number.isFinite(y)) {
      pen = false
      continue
    }
    const px = left + ((xs[i] as number) - x0) * kx
    const py = top + (high - y) * ky
    if (pen) out.lineTo(px, py)
    else out.moveTo(px, py)
    pen = true
  }
  return out
}
