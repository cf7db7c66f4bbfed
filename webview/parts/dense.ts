import uPlot from 'uplot'

/** What of a line counts here. */
export interface DenseLine {
  readonly xs: readonly number[]
  readonly ys: readonly number[]
  readonly color: string
  readonly dash: readonly number[]
  readonly width: number
  readonly alpha: number
}

/**
 * A line of several points a pixel, as one upright bar a pixel column from its lowest to its highest value. Rectangles on
 * whole pixels cost next to nothing, while a stroke of the same points zigzags over every pixel of the plot.
 */
export function drawDense(ctx: CanvasRenderingContext2D, u: uPlot, line: DenseLine, log: boolean): void {
  const { min: x0 = 0, max: x1 = 1 } = u.scales['x'] as { min?: number; max?: number }
  const { min: y0 = 0, max: y1 = 1 } = u.scales['y'] as { min?: number; max?: number }
  const { left, top, width, height } = u.bbox
  const low = log ? Math.log10(y0) : y0
  const high = log ? Math.log10(y1) : y1
  const kx = width / (x1 - x0)
  const ky = height / (high - low)
  const thick = Math.max(1, Math.round(line.width * uPlot.pxRatio))
  // What shines through must not lie on itself.
  const wide = line.alpha < 1 ? 1 : thick
  const dashes = line.dash.map(d => d * uPlot.pxRatio)
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
