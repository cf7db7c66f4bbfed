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

/** Fills a bar of one pixel column: top and height in parts of a pixel. */
type Bar = (left: number, top: number, height: number) => void

/** Draws a dense line on a canvas, for the few that move. */
export function drawDense(ctx: CanvasRenderingContext2D, at: Place, line: DenseLine): void {
  ctx.fillStyle = line.color
  bars(at, line, (left, top, height) => ctx.fillRect(left, top, 1, height))
}

/** Draws dense lines into a picture of the plot: of many lines, setting pixels costs a tenth of filling rectangles. */
export function paintDense(ctx: CanvasRenderingContext2D, at: Place, lines: readonly DenseLine[]): void {
  const box = wholeBox(at)
  const picture = new ImageData(box.width, box.height)
  for (const line of lines)
    bars(at, line, barOf(picture.data, box, { color: rgbOf(ctx, line.color), alpha: line.alpha }))
  ctx.putImageData(picture, box.left, box.top)
}

/** The plot in whole pixels, a few above and below for the width of a line. */
function wholeBox({ box }: Place): { left: number; top: number; width: number; height: number } {
  const top = Math.max(0, Math.floor(box.top) - 4)
  return {
    left: Math.floor(box.left),
    top,
    width: Math.ceil(box.width) + 1,
    height: Math.ceil(box.top + box.height) + 4 - top,
  }
}

/** A colour as the canvas understands it, opaque. */
function rgbOf(ctx: CanvasRenderingContext2D, color: string): readonly [number, number, number] {
  ctx.fillStyle = color
  const text = String(ctx.fillStyle)
  const hex = /^#(..)(..)(..)$/.exec(text)
  const parts = hex ? hex.slice(1).map(p => Number.parseInt(p, 16)) : (text.match(/[\d.]+/g) ?? []).map(Number)
  return [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0]
}

function barOf(
  data: Uint8ClampedArray,
  box: { readonly left: number; readonly top: number; readonly width: number; readonly height: number },
  { color, alpha }: { readonly color: readonly [number, number, number]; readonly alpha: number },
): Bar {
  const [red, green, blue] = color
  const pixels = new Uint32Array(data.buffer)
  const whole = (Math.round(255 * alpha) << 24) | (blue << 16) | (green << 8) | red
  /** Over what is there, as a canvas does: colours of the picture are not multiplied by their alpha. */
  const blend = (pixel: number, share: number) => {
    const i = pixel * 4
    const below = ((data[i + 3] as number) / 255) * (1 - share)
    const all = share + below
    data[i] = (red * share + (data[i] as number) * below) / all
    data[i + 1] = (green * share + (data[i + 1] as number) * below) / all
    data[i + 2] = (blue * share + (data[i + 2] as number) * below) / all
    data[i + 3] = 255 * all
  }
  // What lies under a faint line are few colours, in long stretches.
  let under = 0
  let mixed = whole
  return (left, top, height) => {
    const x = left - box.left
    if (x < 0 || x >= box.width) return
    let from = Math.max(0, top - box.top)
    let to = Math.min(box.height, top - box.top + height)
    // The ends of a bar cover parts of their pixels. Of a long one nobody sees it.
    if (to - from > 8) {
      from = Math.round(from)
      to = Math.round(to)
    }
    const first = Math.ceil(from)
    const end = Math.floor(to)
    if (first > end) return blend(end * box.width + x, (to - from) * alpha)
    if (from < first) blend((first - 1) * box.width + x, (first - from) * alpha)
    const last = end * box.width + x
    for (let pixel = first * box.width + x; pixel < last; pixel += box.width) {
      if (alpha === 1) pixels[pixel] = whole
      else if (pixels[pixel] === under) pixels[pixel] = mixed
      else {
        under = pixels[pixel] as number
        blend(pixel, alpha)
        mixed = pixels[pixel] as number
      }
    }
    if (to > end) blend(last, (to - end) * alpha)
  }
}

/**
 * A line of several points a pixel, as one upright bar a pixel column from its lowest to its highest value. Bars on whole
 * columns cost next to nothing, while a stroke of the same points zigzags over every pixel of the plot.
 */
function bars(at: Place, line: DenseLine, bar: Bar): void {
  const { ratio, log } = at
  const { min: x0, max: x1 } = at.x
  const { min: y0, max: y1 } = at.y
  const { left, top, width, height } = at.box
  const low = log ? Math.log10(y0) : y0
  const high = log ? Math.log10(y1) : y1
  const kx = width / (x1 - x0)
  const ky = height / (high - low)
  const thick = Math.max(1, Math.round(line.width * ratio))
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
  let column = Number.NaN
  let above = 0
  let below = 0
  let last = 0
  const flush = () => {
    if (Number.isNaN(column) || !drawn(column)) return
    const from = Math.max(top - 4, above - thick / 2)
    const to = Math.min(top + height + 4, below + thick / 2)
    if (to > from) bar(column, from, to - from)
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
        if (drawn(column + k)) bar(column + k, on - thick / 2, thick)
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
