import { nearest } from '../../src/core/view/curve.ts'
import type { LineMark } from './palette.ts'

/** Where marks are drawn: the canvas, the box of the lines there, and values as places, in pixels of the canvas. */
interface Plot {
  readonly ctx: CanvasRenderingContext2D
  readonly bbox: { readonly left: number; readonly top: number; readonly width: number; readonly height: number }
  valToPos(value: number, scale: string, canvas: boolean): number
}

interface Marked {
  readonly xs: readonly number[]
  readonly ys: readonly number[]
  readonly color: string
  readonly mark?: LineMark | undefined
}

/** Pixels of the page from one mark to the next, and half the size of one. */
const apart = 72
const half = 3.5

/** Marks along the lines of runs whose colour another run has too: of those that `draws`, at places shared out among all. */
export function drawMarks<L extends Marked>(
  u: Plot,
  drawing: {
    readonly lines: readonly L[]
    readonly x: readonly [number, number]
    readonly ground: string
    readonly draws: (line: L) => boolean
  },
  px: number,
): void {
  const { ctx, bbox } = u
  const { lines, x, ground, draws } = drawing
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.setLineDash([])
  for (const { line, mark, at } of markPlaces(lines, x, bbox.width / (apart * px))) {
    if (!draws(line)) continue
    const left = u.valToPos(line.xs[at] as number, 'x', true)
    const top = u.valToPos(line.ys[at] as number, 'y', true)
    if (!Number.isFinite(top)) continue
    const path = new Path2D(markPath(mark, { left, top, size: half * px }))
    // A rim of the ground tells a mark from the noise of its own line.
    ctx.strokeStyle = ground
    ctx.lineWidth = 4 * px
    ctx.stroke(path)
    ctx.fillStyle = mark === 'ring' ? ground : line.color
    ctx.fill(path)
    ctx.strokeStyle = line.color
    ctx.lineWidth = 1.5 * px
    if (mark === 'ring') ctx.stroke(path)
  }
  ctx.restore()
}

/**
 * Which points of lines carry a mark: at fixed places of the axis, so that they stay where they are while a run goes on. Each line begins a
 * little further on, or the marks of lines close together would lie on one another.
 */
export function markPlaces<L extends Marked>(
  lines: readonly L[],
  [from, to]: readonly [number, number],
  many: number,
): { readonly line: L; readonly mark: LineMark; readonly at: number }[] {
  const marked = lines.filter(line => line.mark !== undefined && line.xs.length > 0)
  const step = (to - from) / Math.max(1, many)
  return marked.flatMap((line, i) => {
    const places: number[] = []
    for (let x = from + step * (0.5 + i / marked.length); x < to; x += step) {
      const at = nearest(line.xs, x)
      // A line that ended before has no mark where it is not, and a line of few points one a point.
      if (Math.abs((line.xs[at] as number) - x) <= step / 2 && at !== places.at(-1)) places.push(at)
    }
    return places.map(at => ({ line, mark: line.mark as LineMark, at }))
  })
}

/** The outline of a mark, as SVG writes it. */
export function markPath(
  mark: LineMark,
  { left, top, size }: { readonly left: number; readonly top: number; readonly size: number },
): string {
  const at = (dx: number, dy: number) => `${(left + dx * size).toFixed(1)} ${(top + dy * size).toFixed(1)}`
  if (mark === 'square') return `M${at(-1, -1)}L${at(1, -1)}L${at(1, 1)}L${at(-1, 1)}Z`
  if (mark === 'triangle') return `M${at(0, -1.2)}L${at(1.2, 1)}L${at(-1.2, 1)}Z`
  return `M${at(-1, 0)}A${size} ${size} 0 1 0 ${at(1, 0)}A${size} ${size} 0 1 0 ${at(-1, 0)}Z`
}
