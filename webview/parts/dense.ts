/** What of a line counts here. */
export interface DenseLine {
  readonly xs: readonly number[]
  readonly ys: readonly number[]
  readonly color: string
  readonly dash: readonly number[]
  readonly width: number
  readonly alpha: number
}

/** Where lines are drawn: the ranges of the axes and the plot in device pixels. */
export interface Place {
  readonly x: { readonly min: number; readonly max: number }
  readonly y: { readonly min: number; readonly max: number }
  readonly box: { readonly left: number; readonly top: number; readonly width: number; readonly height: number }
  /** Device pixels for one of the page. */
  readonly ratio: number
  readonly log: boolean
}

/**
 * A line of several points a pixel, as one upright bar a pixel column from its lowest to its highest value. Rectangles on
 * whole pixels cost next to nothing, while a stroke of the same points zigzags over every pixel of the plot.
 */
export function drawDense(ctx: CanvasRenderingContext2D, at: Place, line: DenseLine): void {
  const { ratio, log } = at
  const { min: x0, max: x1 } = at.x
  const { min: y0, max: y1 } = at.y
  const { left, top, width, height } = at.box
  const low = log ? Math.log10(y0) : y0
  const high = log ? Math.log10(y1) : y1
  const kx = width / (x1 - x0)
  const ky = height / (high - low)
  const thick = Math.max(1, Math.round(line.width * ratio))
  // What shines through must not lie on itself.
  const wide = line.alpha < 1 ? 1 : thick
  const dashes = line.dash.map(d => d * ratio)
  const period = dashes.reduce((a, b) => a + b, 0)
  const drawn = (column: number): boolean => {
    if (period === 0) return true
    let at = (column - left) % period
    for (let i = 0; i < dashes.length; i++) {
      if (at < (dashes[i] as number)) return i % 2 === 0
      at -= dashes[i] as number
    }
    return true
  }
  ctx.fillStyle = line.color
  let column = Number.NaN
  let above = 0
  let below = 0
  let last = 0
  const flush = () => {
    if (Number.isNaN(column) || !drawn(column)) return
    const from = Math.max(top - 4, above - thick / 2)
    const to = Math.min(top + height + 4, below + thick / 2)
    if (to > from) ctx.fillRect(column, from, wide, to - from)
  }
  const { xs, ys } = line
  for (let i = 0; i < xs.length; i++) {
    const value = ys[i] as number
    const y = top + (high - (log ? Math.log10(value) : value)) * ky
    if (!Number.isFinite(y)) {
      flush()
      column = Number.NaN
      continue
    }
    const next = Math.floor(left + ((xs[i] as number) - x0) * kx)
    if (next === column) {
      if (y < above) above = y
      if (y > below) below = y
    } else {
      flush()
      // Columns without a point of their own lie on the way.
      const steps = Number.isNaN(column) ? 0 : next - column
      for (let k = 1; k < steps; k++) {
        const on = last + ((y - last) * k) / steps
        if (drawn(column + k)) ctx.fillRect(column + k, on - thick / 2, wide, thick)
      }
      // Beside the column before, the bar begins where that one ended.
      above = steps === 1 ? Math.min(y, last) : y
      below = steps === 1 ? Math.max(y, last) : y
      column = next
    }
    last = y
  }
  flush()
}
