import { type Column, lengthened, noColumn } from '../base/column.ts'
import type { Evaluated, Run } from '../run/run.ts'
import { nearest, newSmoothed, type Smoothed, smooth } from './curve.ts'

/** What the x axis of all charts counts. */
export const axes = ['steps', 'epochs', 'tokens', 'time'] as const
/** One of `axes`. */
export type Axis = (typeof axes)[number]

/** What the panel derives from the columns of one run: kept beside it and grown with it. */
export interface Curves {
  run: Run
  /** Filled when asked for: most runs are only ever drawn over steps. */
  readonly columns: { [axis in Exclude<Axis, 'steps'>]: Column }
  /** Filled when asked for, like the columns; sums of its last 32 steps beside it. */
  speed: Column
  readonly window: { tokens: number; ms: number }
  /** How much the loss and the norm are smoothed; filled when asked for: charts smooth while they thin. */
  readonly smoothed: { readonly loss: Smoothed; readonly norm: Smoothed }
  taken: number
  /** The newest step taken in and its time: a step that was trained again has another. */
  lastStep: number
  lastAt: number
}

/** The curves of all that the run has so far, its loss and norm smoothed by `weight`. */
export function newCurves(run: Run, weight: number): Curves {
  const smoothed = { loss: newSmoothed(weight), norm: newSmoothed(weight) }
  const speed = { speed: noColumn, window: { tokens: 0, ms: 0 } }
  const curves = {
    ...speed,
    run,
    columns: { epochs: noColumn, tokens: noColumn, time: noColumn },
    smoothed,
    taken: 0,
    lastStep: 0,
    lastAt: 0,
  }
  return follow(curves, run)
}

/**
 * Takes in what the run has more of. Where a resume replaced steps already taken in, all is derived again; true in
 * `restarted` tells those who draw to do the same.
 */
export function follow(curves: Curves, run: Run): Curves & { restarted?: boolean } {
  const s = run.series
  const end = curves.taken - 1
  const replaced = end >= 0 && (s.step[end] !== curves.lastStep || s.at[end] !== curves.lastAt)
  if (replaced) return { ...newCurves(run, curves.smoothed.loss.weight), restarted: true }
  curves.run = run
  curves.taken = s.step.length
  curves.lastStep = s.step.at(-1) ?? 0
  curves.lastAt = s.at.at(-1) ?? 0
  return curves
}

/** The same curves under another smoothing. */
export function withWeight(curves: Curves, weight: number): Curves {
  return { ...curves, smoothed: { loss: newSmoothed(weight), norm: newSmoothed(weight) } }
}

/** The smoothed values of all steps so far. */
export function smoothedColumn(curves: Curves, metric: 'loss' | 'norm'): Column {
  const smoothed = curves.smoothed[metric]
  smooth(smoothed, curves.run.series[metric])
  return smoothed.values
}

/**
 * The column of an axis, one entry a step: steps as they are, epochs as fractions, the sum of the tokens so far, and
 * the milliseconds spent in steps so far (a pause between stop and resume does not count).
 */
export function column(curves: Curves, axis: Axis): Column {
  const { series: s, started } = curves.run
  if (axis === 'steps') return s.step
  const from = curves.columns[axis].length
  if (from === s.step.length) return curves.columns[axis]
  const out = lengthened(curves.columns[axis], s.step.length)
  const perStep = started ? started.epochs / Math.max(1, started.steps) : undefined
  const source = axis === 'tokens' ? s.tokens : s.ms
  for (let i = from; i < out.length; i++) {
    if (axis !== 'epochs') out[i] = (i === 0 ? 0 : (out[i - 1] as number)) + (source[i] as number)
    else out[i] = perStep === undefined ? (s.epoch[i] as number) : (s.step[i] as number) * perStep
  }
  curves.columns[axis] = out
  return out
}

/** Tokens a second of each step, over the 32 steps up to it: single steps say more about their rows than about the pace. */
export function speedColumn(curves: Curves): Column {
  const { tokens, ms } = curves.run.series
  const from = curves.speed.length
  if (from === ms.length) return curves.speed
  const out = lengthened(curves.speed, ms.length)
  for (let i = from; i < out.length; i++) {
    const gone = i - 32
    curves.window.tokens += (tokens[i] as number) - (gone >= 0 ? (tokens[gone] as number) : 0)
    curves.window.ms += (ms[i] as number) - (gone >= 0 ? (ms[gone] as number) : 0)
    out[i] = (1000 * curves.window.tokens) / Math.max(1e-6, curves.window.ms)
  }
  curves.speed = out
  return out
}

/** Where a step lies on an axis; 0 before the first. */
export function place(curves: Curves, axis: Axis, step: number): number {
  if (axis === 'steps') return step
  const steps = curves.run.series.step
  if (step <= 0 || steps.length === 0) return 0
  return column(curves, axis)[nearest(steps, step)] ?? 0
}

/**
 * How far the run will go on an axis. Steps and epochs are known from the start; tokens and time are foreseen at the
 * pace so far, and come true at the end.
 */
export function reach(curves: Curves, axis: Axis): number {
  const { started, series, phase } = curves.run
  const steps = started?.steps ?? series.step.at(-1) ?? 0
  if (axis === 'steps') return steps
  if (axis === 'epochs') return started?.epochs ?? column(curves, axis).at(-1) ?? 0
  const so = column(curves, axis).at(-1) ?? 0
  return phase === 'running' && curves.lastStep > 0 ? so * Math.max(1, steps / curves.lastStep) : so
}

/** The evaluations of the run's own weights on the validation split while it trains, in the order of their steps. */
export function validations(run: Run): Evaluated[] {
  return run.evaluated.filter(e => e.split === 'validation' && e.of === undefined).sort((a, b) => a.step - b.step)
}

/** Scores worth a curve, the usual one first; the log holds more. */
const curved = [
  'perplexity',
  'tokenAccuracy',
  'entityF1',
  'pearson',
  'spearman',
  'accuracy',
  'macroF1',
  'microF1',
  'mcc',
]

/** Which of the scores with a curve the runs have. */
export function scoreNames(runs: readonly Run[]): string[] {
  const names = new Set(runs.flatMap(run => run.evaluated.flatMap(e => Object.keys(e.scores))))
  // One label a row makes the micro F1 the accuracy; whole answers of language models are hardly ever right.
  const told = names.has('mcc') ? 'microF1' : names.has('perplexity') ? 'accuracy' : ''
  const known = curved.filter(name => names.has(name) && name !== told)
  return known.length > 0 ? known : [...names].filter(name => name !== 'loss' && name !== 'rows').slice(0, 3)
}
