import type { Column } from '../../src/core/base/column.ts'
import { count } from '../../src/core/base/words.ts'
import { nearest, niceUp, outlierTop, smoothedAt, spikes } from '../../src/core/view/curve.ts'
import { type Axis, column, place, reach, speedColumn, validations } from '../../src/core/view/curves.ts'
import { fixed } from '../../src/core/view/words.ts'
import { type Chart, chart, type Drawing, type Line } from '../parts/chart.ts'
import type { Note } from '../parts/chartNotes.ts'
import type { Mark } from '../parts/crosshair.ts'
import { type Child, h } from '../parts/dom.ts'
import { hueClass, type Palette } from '../parts/palette.ts'
import { bandsOf, forget, type LineCache, linesOf, type Metric, metrics, metricsOf, newLineCache } from './runLines.ts'
import type { RunView, ShownRun } from './runState.ts'
import { axisText, axisTicks, bandWords, detailOf, format, headingOf, ticksOf, titleOf } from './runWords.ts'

export interface RunCharts {
  readonly element: HTMLElement
  draw(runs: readonly ShownRun[], view: RunView, palette: Palette): void
  /** The frame alone, before a run has come. */
  wait(view: RunView, palette: Palette): void
  /** The columns of a run were replaced: nothing drawn of it may be kept. */
  forget(id: string): void
  /** What was drawn last, for export. */
  drawings(): readonly { readonly title: string; readonly drawing: Drawing; readonly canvas: HTMLCanvasElement }[]
  /** Puts the crosshair on a step of the panel's own run, or takes it away. */
  aim(step: number | undefined): void
}

/** Four charts under one crosshair and one x axis. */
export function runCharts(act: { readonly pick: (step: number) => void; readonly leave: () => void }): RunCharts {
  const cache: LineCache = newLineCache()
  let runs: readonly ShownRun[] = []
  let view: RunView | undefined
  let at: number | undefined
  let pinned: number | undefined
  const last = new Map<Metric, Drawing>()

  const bare = () => runs.every(r => r.curves.taken === 0)
  const charts = new Map<Metric, Chart>(
    metrics.map(metric => [
      metric,
      chart({
        title: titleOf(metric),
        // Before the first step there is no scale to speak of.
        ticksX: all => (bare() ? all.map(() => '') : axisTicks(view?.axis ?? 'steps', all)),
        ticksY: all =>
          bare() && (runs.length === 0 || metric !== 'score')
            ? all.map(() => '')
            : ticksOf(metric, all, { score: view?.score ?? '', log: last.get(metric)?.log ?? false }),
        hover: x => {
          at = x === undefined ? pinned : x
          aim()
        },
        pick: x => {
          pinned = at = x
          aim()
          pickAt(x)
        },
        key: key => press(key),
      }),
    ]),
  )
  const element = h(
    'div',
    { class: 'charts', 'data-region': 'Charts' },
    [...charts.values()].map(c => c.element),
  )

  const own = () => runs[0]
  const axisColumn = (item: ShownRun) => column(item.curves, view?.axis ?? 'steps')
  const pickAt = (x: number) => {
    const item = own()
    const i = item ? nearest(axisColumn(item), x) : -1
    if (item && i >= 0) act.pick(item.curves.run.series.step[i] as number)
  }
  const press = (key: string): boolean => {
    const item = own()
    if (!item) return false
    const xs = axisColumn(item)
    const i = at === undefined ? xs.length - 1 : nearest(xs, at)
    const step = {
      ArrowLeft: -1,
      ArrowRight: 1,
      PageUp: -Math.ceil(xs.length / 20),
      PageDown: Math.ceil(xs.length / 20),
    }
    const to = key === 'Home' ? 0 : key === 'End' ? xs.length - 1 : i + (step[key as keyof typeof step] ?? Number.NaN)
    if (key === 'Enter' && at !== undefined) pickAt(at)
    else if (key === 'Escape') {
      pinned = at = undefined
      act.leave()
    } else if (Number.isNaN(to)) return false
    else pinned = at = xs[Math.max(0, Math.min(xs.length - 1, to))]
    aim()
    return true
  }

  const aim = () => {
    const item = own()
    if (!view || !item) return
    const { axis, score } = view
    const longest = runs.toSorted((a, b) => (axisColumn(b).at(-1) ?? 0) - (axisColumn(a).at(-1) ?? 0))[0] as ShownRun
    const inOwn = at !== undefined && at <= (axisColumn(item).at(-1) ?? 0) * 1.002
    const guide = inOwn || at === undefined ? item : longest
    const xs = axisColumn(guide)
    const i = at === undefined ? xs.length - 1 : nearest(xs, at)
    const x = at === undefined ? undefined : xs[i]
    const steps = guide.curves.run.series.step
    const label = axis === 'steps' ? count(steps[i] ?? 0) : axisText(axis, x ?? 0)
    for (const [metric, c] of charts) {
      if (c.element.hidden) continue
      // Under a band the lines of single runs are few: what the band is made of needs the room.
      const most = (metric === 'loss' ? 2 : 3) - ((last.get(metric)?.shades?.length ?? 0) > 0 ? 1 : 0)
      const values = runs.map(r => valuesAt(r, { metric, axis, score, x }))
      c.legend(
        values.slice(0, most).map(v => legendOf(v, metric, score)),
        runs.length > most && h('span', { class: 'dim' }, `+${runs.length - most}`),
      )
      c.aim(
        x,
        label,
        values.flatMap(v => v.marks),
      )
      const told = values.map(
        v => `${v.name}: ${v.parts.map(p => `${p.word} ${format(metric, p.value, score)}`).join(', ')}`,
      )
      c.tell(steps[i] ?? 0, steps.at(-1) ?? 0, `step ${count(steps[i] ?? 0)}. ${told.join('. ')}`)
    }
  }

  return {
    element,
    draw: (nextRuns, nextView, palette) => {
      runs = nextRuns
      view = nextView
      if (runs.length === 0) return
      const { axis } = view
      const ends = runs.map(r => reach(r.curves, axis))
      const known = axis === 'steps' || axis === 'epochs'
      const to = Math.max(...ends, 0)
      const x: readonly [number, number] = [0, to === 0 ? 1 : known ? to : foreseen(to, runs, axis)]
      const seen = metricsOf(view)
      element.classList.toggle('six', seen.length > 4)
      for (const [metric, c] of charts) {
        c.element.hidden = !seen.includes(metric)
        if (c.element.hidden) continue
        const span = { from: x[0], to: x[1], columns: c.columns() }
        const band = bandsOf(metric, { runs, view, span }, palette)
        const lines = [...linesOf(metric, { runs, view, span, cache }, palette), ...band.lines]
        const y = rangeOf(metric, lines, view, runs)
        const { shades } = band
        const drawing = { lines, shades, notes: notesOf(metric, runs, view), x, y: y.range, log: y.log }
        last.set(metric, drawing)
        c.draw(drawing, palette)
        c.heading(
          headingOf(metric, view),
          [bandWords(shades.length > 0, runs, view), detailOf(metric, y.clipped)].filter(Boolean).join(' · '),
        )
      }
      aim()
    },
    wait: (nextView, palette) => {
      view = nextView
      for (const [metric, c] of charts) {
        c.element.hidden = !metricsOf(nextView).includes(metric)
        if (!c.element.hidden) c.draw({ lines: [], notes: [], x: [0, 1], y: [0, 1], log: false }, palette)
      }
    },
    forget: id => forget(cache, id),
    drawings: () =>
      metricsOf(view ?? { machine: false }).flatMap(metric => {
        const drawing = last.get(metric)
        const c = charts.get(metric)
        return drawing && c ? [{ title: titleOf(metric), drawing, canvas: c.picture() }] : []
      }),
    aim: step => {
      const item = own()
      pinned = at = step === undefined || !item || !view ? undefined : place(item.curves, view.axis, step)
      aim()
    },
  }
}

interface Values {
  readonly name: string
  readonly hue: string
  readonly parts: readonly { readonly word: string; readonly value: number | undefined; readonly dashed: boolean }[]
  readonly marks: readonly Mark[]
}

/** The raw values of a run where the crosshair stands; the latest without one. A run that ended before shows none. */
function valuesAt(
  item: ShownRun,
  {
    metric,
    axis,
    score,
    x,
  }: { readonly metric: Metric; readonly axis: Axis; readonly score: string; readonly x: number | undefined },
): Values {
  const { curves, shown } = item
  const xs = column(curves, axis)
  const hue = hueClass(shown.color)
  const over = x !== undefined && x > (xs.at(-1) ?? 0) * 1.002
  const i = over ? -1 : x === undefined ? xs.length - 1 : nearest(xs, x)
  const parts: { word: string; value: number | undefined; dashed: boolean }[] = []
  const marks: Mark[] = []
  if (metric === 'memory') {
    const { machine } = curves.run
    const step = curves.run.series.step[i]
    const j = step === undefined ? -1 : nearest(machine.step, step)
    const value = machine.rss[j]
    parts.push({ word: '', value, dashed: false })
    if (x !== undefined && value !== undefined)
      marks.push({ x: place(curves, axis, machine.step[j] as number), y: value, hue })
    const [use, memory] = [machine.gpu[j], machine.gpuMemory[j]]
    // A number that is none comes as null through a message.
    if (Number.isFinite(use)) parts.push({ word: `GPU ${use} %,`, value: memory, dashed: false })
  } else if (metric === 'speed') {
    const value = speedColumn(curves)[i]
    parts.push({ word: '', value, dashed: false })
    if (x !== undefined && value !== undefined) marks.push({ x: xs[i] as number, y: value, hue })
  } else if (metric !== 'score') {
    const value = curves.run.series[metric][i]
    parts.push({ word: metric === 'loss' ? 'train' : '', value, dashed: false })
    const { weight } = curves.smoothed.loss
    if (x !== undefined && value !== undefined) {
      const y = metric === 'rate' ? value : smoothedAt(curves.run.series[metric], i, weight)
      marks.push({ x: xs[i] as number, y, hue })
    }
  }
  if (metric === 'loss' || metric === 'score') {
    const name = metric === 'loss' ? 'loss' : score
    const known = validations(curves.run).filter(e => e.scores[name] !== undefined)
    const places = known.map(e => place(curves, axis, e.step))
    const j = over ? -1 : x === undefined ? known.length - 1 : nearest(places, x)
    const value = known[j]?.scores[name]
    parts.push({ word: metric === 'loss' ? 'val.' : '', value, dashed: true })
    if (x !== undefined && value !== undefined) marks.push({ x: places[j] as number, y: value, hue })
  }
  return { name: curves.run.name, hue, parts, marks }
}

function legendOf(values: Values, metric: Metric, score: string): Child {
  return values.parts.map(p =>
    h(
      'span',
      { class: 'value', title: values.name },
      h('i', { class: `swatch ${values.hue}${p.dashed ? ' dashed' : ''}` }),
      p.word && h('span', { class: 'dim' }, p.word),
      h('span', {}, format(metric, p.value, score)),
    ),
  )
}

/** A live axis of tokens or time ends at a round number ahead, so that it moves rarely. */
function foreseen(to: number, runs: readonly ShownRun[], axis: Axis): number {
  const live = runs.some(r => r.curves.run.phase === 'running' && reach(r.curves, axis) >= to)
  return live ? niceUp(to) : to
}

function rangeOf(
  metric: Metric,
  lines: readonly Line[],
  view: RunView,
  runs: readonly ShownRun[],
): { readonly range: readonly [number, number]; readonly log: boolean; readonly clipped?: number } {
  const { low, high: most } = extent(lines)
  if (metric === 'score') return { range: [view.score === 'mcc' ? Math.min(0, low) : 0, 1], log: false }
  if (view.log && metric !== 'rate') {
    if (low > 0 && Number.isFinite(low)) return { range: [10 ** Math.floor(Math.log10(low)), niceUp(most)], log: true }
  }
  const noisy = metric === 'loss' || metric === 'norm'
  const top = noisy && view.clip ? topOf(runs.map(r => r.curves.run.series[metric])) : most
  // Cutting off is worth saying only where it wins room.
  if (top * 1.15 < most) return { range: [0, niceUp(top)], log: false, clipped: niceUp(top) }
  return { range: [0, most === 0 ? 1 : niceUp(most * 1.02)], log: false }
}

/** What is asked for each frame of a growing column is found anew only when it has grown by a hundredth. */
function remembered<T>(find: (column: Column) => T): (column: Column) => T {
  const known = new WeakMap<ArrayBufferLike, { readonly length: number; readonly found: T }>()
  return column => {
    const last = known.get(column.buffer)
    if (last && column.length >= last.length && column.length <= last.length * 1.01) return last.found
    const found = find(column)
    known.set(column.buffer, { length: column.length, found })
    return found
  }
}

const spikesOf = remembered(column => spikes(column))
const samplesOf = remembered(column => {
  const stride = Math.max(1, Math.ceil(column.length / 512))
  const sample: number[] = []
  for (let i = column.length - 1; i >= 0; i -= stride) sample.push(column[i] as number)
  return sample
})
const topOf = (columns: readonly Column[]) => outlierTop(columns.map(samplesOf))

/** Lowest and highest of what is drawn; gaps count for nothing. */
function extent(lines: readonly Line[]): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY
  let high = 0
  for (const line of lines)
    for (const y of line.ys) {
      if (y < low) low = y
      if (y > high) high = y
    }
  return { low, high }
}

function notesOf(metric: Metric, runs: readonly ShownRun[], view: RunView): Note[] {
  const item = runs[0]
  if (!item) return []
  const { run } = item.curves
  const x = (step: number) => place(item.curves, view.axis, step)
  if (metric === 'loss') {
    const warned = run.warned.filter(w => w.step !== undefined).slice(-2)
    return warned.map(w => ({
      kind: 'at',
      x: x(w.step as number),
      text: `${w.code.replaceAll('-', ' ')}, ${count(w.step as number)}`,
    }))
  }
  if (metric === 'score' && run.best)
    return [{ kind: 'at', x: x(run.best.step), text: `best, step ${count(run.best.step)}` }]
  if (metric !== 'norm') return []
  const notes: Note[] = []
  const clip = (item.shown.recipe as { optimizer?: { clip?: unknown } } | null)?.optimizer?.clip
  if (typeof clip === 'number' && clip > 0) notes.push({ kind: 'level', y: clip, text: `clipped to ${clip}` })
  const highest = spikesOf(run.series.norm).toSorted(
    (a, b) => (run.series.norm[b] as number) - (run.series.norm[a] as number),
  )[0]
  if (highest !== undefined) {
    const step = run.series.step[highest] as number
    const value = run.series.norm[highest] as number
    notes.push({
      kind: 'ring',
      x: x(step),
      y: value,
      text: `${fixed(value, 1)} at step ${count(step)}, Enter for its rows`,
    })
  }
  return notes
}
