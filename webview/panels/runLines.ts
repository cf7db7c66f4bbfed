import type { Column } from '../../src/core/base/column.ts'
import { bandOf, type Columns, seedGroups } from '../../src/core/view/bands.ts'
import { newThinned, type Span, type Thinned, thin } from '../../src/core/view/curve.ts'
import { type Axis, column, place, smoothedColumn, speedColumn, validations } from '../../src/core/view/curves.ts'
import type { Line, Shade } from '../parts/chart.ts'
import { markOf, type Palette } from '../parts/palette.ts'
import type { RunView, ShownRun } from './runState.ts'

/** The four charts: what each draws of a run. */
export type Metric = 'loss' | 'score' | 'rate' | 'norm' | 'speed' | 'memory'

export const metrics: readonly Metric[] = ['loss', 'score', 'rate', 'norm', 'speed', 'memory']

/** The charts that are shown: what the machine does only where it is asked for. */
export const metricsOf = (view: Pick<RunView, 'machine'>): readonly Metric[] =>
  view.machine ? metrics : metrics.slice(0, 4)

/** Polylines by run and series, each going on where it stopped while axis, width and source stay the same. */
export interface LineCache {
  readonly entries: Map<string, { x: Column; ys: Column; axis: Axis; thinned: Thinned }>
}

export function newLineCache(): LineCache {
  return { entries: new Map() }
}

/** Forgets what was drawn of a run: its columns were replaced. */
export function forget(cache: LineCache, id: string): void {
  for (const key of cache.entries.keys()) if (key.startsWith(`${id}\n`)) cache.entries.delete(key)
}

/** The lines of one metric, the panel's own run on top. Raw values lie faint under their smoothed line. */
export function linesOf(
  metric: Metric,
  from: { readonly runs: readonly ShownRun[]; readonly view: RunView; readonly span: Span; readonly cache: LineCache },
  palette: Palette,
): Line[] {
  const out: Line[] = []
  const grouped = new Set(bandGroups(from).flat())
  for (const item of [...from.runs].reverse()) {
    // Runs of a band are told by it; where no band is drawn of a metric they stand for themselves.
    if (grouped.has(item) && banded(metric)) continue
    const { curves, shown } = item
    const color = palette.series[shown.color % palette.series.length] as string
    const ends = curves.run.phase === 'running'
    // A run that has been silent for two seconds is taken for resting.
    const resting = performance.now() - item.moved > 2000
    const restOf = (name: string, points: number) =>
      resting ? `${curves.run.id} ${metric} ${name} ${points} ${from.view.axis} ${from.view.weight}` : undefined
    const mark = markOf(shown.color)
    const base = { color, dash: [], width: 1.5, alpha: 1, ends, rest: undefined, ...(mark ? { mark } : {}) }
    const dashed = { ...base, dash: [5, 3], ends: ends && metric === 'score' }
    const x = column(curves, from.view.axis)
    const get = (name: string, ys: Column, weight = 0) => {
      const { xs, ys: thinned, dense } = thinnedOf(from, { key: `${curves.run.id}\n${metric}\n${name}`, x, ys, weight })
      return { xs, ys: thinned, dense, rest: restOf(name, x.length) }
    }
    const scored = (name: string) => {
      const points = evaluated(item, from.view.axis, name)
      return { ...points, rest: restOf(name, points.xs.length) }
    }
    if (metric === 'score') out.push({ ...dashed, ...scored(from.view.score) })
    else if (metric === 'memory')
      out.push({ ...base, ...memoryOf(item, from.view.axis), rest: restOf('memory', curves.run.machine.step.length) })
    else if (metric === 'speed') out.push({ ...base, ...get('speed', speedColumn(curves)) })
    else if (metric === 'rate') out.push({ ...base, ...get('raw', curves.run.series.rate) })
    else {
      // Under many runs the raw values of all would be a blot.
      if (from.view.weight > 0 && from.runs.indexOf(item) < 4)
        out.push({
          ...base,
          ...get('raw', curves.run.series[metric]),
          width: 1,
          alpha: 0.28,
          ends: false,
          mark: undefined,
        })
      if (metric === 'loss') out.push({ ...dashed, ...scored('loss') })
      out.push({ ...base, ...get('smooth', curves.run.series[metric], from.view.weight) })
    }
  }
  return out
}

/** Memory of the process in bytes, as columns. */
export function memoryOf({ curves }: ShownRun, axis: Axis): { xs: number[]; ys: readonly number[] } {
  const { machine } = curves.run
  return { xs: machine.step.map(step => place(curves, axis, step)), ys: machine.rss }
}

const banded = (metric: Metric) => metric === 'loss' || metric === 'score' || metric === 'norm'

/** The runs that are shown as one band each: those that differ only in their seed. */
export function bandGroups(from: { readonly runs: readonly ShownRun[]; readonly view: RunView }): ShownRun[][] {
  if (!from.view.bands) return []
  return seedGroups(from.runs.map(r => r.shown.recipe)).map(group => group.map(i => from.runs[i] as ShownRun))
}

/** Mean lines and bands of the groups, in the colour of their first run. */
export function bandsOf(
  metric: Metric,
  from: { readonly runs: readonly ShownRun[]; readonly view: RunView; readonly span: Span },
  palette: Palette,
): { readonly lines: Line[]; readonly shades: Shade[] } {
  const lines: Line[] = []
  const shades: Shade[] = []
  if (!banded(metric)) return { lines, shades }
  const { axis } = from.view
  for (const group of bandGroups(from)) {
    const { color: number } = (group[0] as ShownRun).shown
    const color = palette.series[number % palette.series.length] as string
    const mark = markOf(number)
    const add = (columns: Columns[], dash: readonly number[]) => {
      const { xs, mean, low, high } = bandOf(columns, { ...from.span, places: Math.min(400, from.span.columns) })
      shades.push({ xs, low, high, color })
      lines.push({ xs, ys: mean, color, dash, width: 2, alpha: 1, ends: false, rest: undefined, mark })
    }
    if (metric !== 'score')
      add(
        group.map(({ curves }) => ({ xs: column(curves, axis), ys: smoothedColumn(curves, metric as 'loss') })),
        [],
      )
    if (metric !== 'norm')
      add(
        group.map(item => evaluated(item, axis, metric === 'loss' ? 'loss' : from.view.score)),
        [5, 3],
      )
  }
  return { lines, shades }
}

/** The points of a score on the validation split, as columns. */
export function evaluated(item: ShownRun, axis: Axis, score: string): { xs: number[]; ys: number[] } {
  const all = validations(item.curves.run).filter(e => e.scores[score] !== undefined)
  return { xs: all.map(e => place(item.curves, axis, e.step)), ys: all.map(e => e.scores[score] as number) }
}

interface Source {
  readonly key: string
  readonly x: Column
  readonly ys: Column
  readonly weight: number
}

function thinnedOf(
  { view, span, cache: { entries } }: { readonly view: RunView; readonly span: Span; readonly cache: LineCache },
  { key, x, ys, weight }: Source,
): Thinned {
  const known = entries.get(key)
  const same =
    known !== undefined &&
    // Columns grow: the same memory is the same column.
    known.x.buffer === x.buffer &&
    known.ys.buffer === ys.buffer &&
    known.axis === view.axis &&
    known.thinned.weight === weight &&
    known.thinned.taken <= x.length &&
    known.thinned.span.from === span.from &&
    known.thinned.span.to === span.to &&
    known.thinned.span.columns === span.columns
  const thinned = same ? known.thinned : newThinned(span, weight)
  if (!same) entries.set(key, { x, ys, axis: view.axis, thinned })
  thin(thinned, x, ys)
  return thinned
}
