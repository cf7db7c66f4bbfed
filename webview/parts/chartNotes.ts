import type { Palette } from './palette.ts'

/** Where a chart draws: its canvas, the box of its lines there, and the place of a value, all in pixels of the canvas. */
interface Plot {
  readonly ctx: CanvasRenderingContext2D
  readonly bbox: { readonly left: number; readonly top: number; readonly width: number; readonly height: number }
  valToPos(value: number, scale: string, canvas: boolean): number
}

/** A line across the plot with a few words: `x` stands, `y` lies. `ring` circles a point. */
export type Note =
  | { readonly kind: 'at'; readonly x: number; readonly text: string }
  | { readonly kind: 'level'; readonly y: number; readonly text: string }
  | { readonly kind: 'ring'; readonly x: number; readonly y: number; readonly text: string }

/** A line whose last point may be marked. */
interface Ending {
  readonly xs: readonly number[]
  readonly ys: readonly number[]
  readonly color: string
  readonly ends: boolean
}

/** Words and marks over the lines: warnings, the best step, limits, spikes, and where runs stand now. `px`: pixels of the canvas by one of the page. */
export function drawNotes(
  u: Plot,
  drawing: { readonly lines: readonly Ending[]; readonly notes: readonly Note[]; readonly palette: Palette },
  px: number,
): void {
  const { ctx } = u
  const { palette } = drawing
  const { left, top, width, height } = u.bbox
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top - 6 * px, width + 8 * px, height + 6 * px)
  ctx.clip()
  ctx.font = `${11 * px}px ${palette.fontFamily}`
  ctx.textBaseline = 'alphabetic'
  for (const line of drawing.lines) if (line.ends) lastPoint(u, line, px)
  ctx.lineWidth = px
  ctx.setLineDash([2 * px, 3 * px])
  for (const note of drawing.notes) {
    ctx.beginPath()
    if (note.kind === 'at') {
      const x = acrossOf(u, note.x)
      ctx.strokeStyle = palette.warning
      ctx.moveTo(x, top)
      ctx.lineTo(x, top + height)
    } else if (note.kind === 'level') {
      const y = Math.round(u.valToPos(note.y, 'y', true)) + 0.5
      ctx.strokeStyle = palette.dim
      ctx.moveTo(left, y)
      ctx.lineTo(left + width, y)
    }
    ctx.stroke()
  }
  ctx.setLineDash([])
  // Words come after all lines, so that no line goes through them.
  const taken: Box[] = []
  const at = { px, left, right: left + width, taken, ground: palette.background }
  for (const note of drawing.notes) {
    ctx.fillStyle = palette.foreground
    if (note.kind === 'at') label(ctx, note.text, { ...at, x: acrossOf(u, note.x), y: top + 10 * px, gap: 6 * px })
    else if (note.kind === 'level') {
      const y = Math.round(u.valToPos(note.y, 'y', true)) + 12.5 * px
      ctx.textAlign = 'right'
      ctx.fillStyle = palette.dim
      ctx.lineWidth = 4 * px
      ctx.strokeStyle = palette.background
      ctx.strokeText(note.text, left + width, y)
      ctx.fillText(note.text, left + width, y)
    } else {
      const x = u.valToPos(note.x, 'x', true)
      const y = Math.max(top + 2 * px, u.valToPos(note.y, 'y', true))
      ctx.lineWidth = 1.5 * px
      ctx.strokeStyle = palette.foreground
      ctx.beginPath()
      ctx.arc(x, y, 5 * px, 0, 2 * Math.PI)
      ctx.stroke()
      label(ctx, note.text, { ...at, x, y: y + 4 * px, gap: 12 * px })
    }
  }
  ctx.restore()
}

const acrossOf = (u: Plot, x: number) => Math.round(u.valToPos(x, 'x', true)) + 0.5

function label(
  ctx: CanvasRenderingContext2D,
  text: string,
  at: {
    readonly x: number
    readonly y: number
    readonly gap: number
    readonly px: number
    readonly left: number
    readonly right: number
    readonly taken: Box[]
    readonly ground: string
  },
): void {
  const { width } = ctx.measureText(text)
  const turns = at.x + at.gap + width > at.right
  // Where neither side has room the words stand as far right as they can, under their point.
  const fits = !turns || at.x - at.gap - width >= at.left
  const left = fits ? (turns ? at.x - at.gap - width : at.x + at.gap) : Math.max(at.left, at.right - width)
  const line = 14 * at.px
  let y = fits ? at.y : at.y + line
  // Words that would lie on others go a line down.
  while (at.taken.some(b => Math.abs(b.y - y) < line && left < b.right && left + width > b.left)) y += line
  at.taken.push({ left, right: left + width, y })
  ctx.textAlign = 'left'
  // Lines go on behind the words, not through them.
  ctx.setLineDash([])
  ctx.lineWidth = 4 * at.px
  ctx.lineJoin = 'round'
  ctx.strokeStyle = at.ground
  ctx.strokeText(text, left, y)
  ctx.fillText(text, left, y)
}

interface Box {
  readonly left: number
  readonly right: number
  readonly y: number
}

function lastPoint(u: Plot, line: Ending, px: number): void {
  const x = line.xs.at(-1)
  const y = line.ys.at(-1)
  if (x === undefined || y === undefined || !Number.isFinite(y)) return
  const { ctx } = u
  ctx.beginPath()
  ctx.fillStyle = line.color
  ctx.arc(u.valToPos(x, 'x', true), u.valToPos(y, 'y', true), 3 * px, 0, 2 * Math.PI)
  ctx.fill()
}
