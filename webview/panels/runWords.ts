import { count, percent } from '../../src/core/base/words.ts'
import { scoreText } from '../../src/core/eval/headline.ts'
import type { Axis } from '../../src/core/view/curves.ts'
import { bytes, duration, fixed, scientific, small, tick, ticks } from '../../src/core/view/words.ts'
import { bandGroups, type Metric } from './runLines.ts'
import type { RunView, ShownRun } from './runState.ts'

/* What the charts of a run say in words and numbers. */
const scoreTitles: Record<string, string> = { accuracy: 'Accuracy', macroF1: 'Macro F1', mcc: 'MCC' }

/** Exactly what the log says, to the digits that fit. */
export function format(metric: Metric, value: number | undefined, score = 'accuracy'): string {
  // What diverges has no decimals worth reading.
  if (value !== undefined && Math.abs(value) >= 1e5 && metric !== 'memory' && metric !== 'speed') return small(value, 2)
  switch (metric) {
    case 'loss':
      return value !== undefined && Math.abs(value) < 0.01 && value !== 0 ? small(value, 2) : fixed(value, 3)
    case 'score':
      return score === 'accuracy' || score === 'macroF1' || value === undefined
        ? percent(value)
        : scoreText(score, value).text
    case 'rate':
      return scientific(value, 2)
    case 'norm':
      return fixed(value, 2)
    case 'speed':
      return value === undefined ? '–' : count(Math.round(value))
    case 'memory':
      return value === undefined ? '–' : bytes(value)
  }
}

export function titleOf(metric: Metric): string {
  return {
    ...{ loss: 'Loss', score: 'Score', rate: 'Learning rate', norm: 'Gradient norm' },
    ...{ speed: 'Tokens a second', memory: 'Memory' },
  }[metric]
}

export function headingOf(metric: Metric, view: RunView): string {
  return metric === 'score' ? (scoreTitles[view.score] ?? scoreText(view.score, 0).title) : titleOf(metric)
}

export function detailOf(metric: Metric, clipped: number | undefined): string {
  const parts = [
    // In a narrow chart the end is cut: what is missing from the picture is said first.
    clipped === undefined ? undefined : `above ${tick(clipped)} cut off`,
    metric === 'score' ? 'validation' : undefined,
    metric === 'norm' ? 'before clipping' : undefined,
    metric === 'speed' ? 'mean of 32 steps' : undefined,
    metric === 'memory' ? 'of the training process' : undefined,
  ]
  return parts.filter(Boolean).join(' · ')
}

/** What a band is made of. */
export function bandWords(drawn: boolean, runs: readonly ShownRun[], view: RunView): string | undefined {
  if (!drawn) return undefined
  return bandGroups({ runs, view })
    .map(group => `mean and range of ${group.length} seeds`)
    .join(', ')
}

/** The numbers along a chart. */
export function axisTicks(axis: Axis, values: readonly number[]): string[] {
  return axis === 'epochs' || axis === 'tokens' ? ticks(values) : values.map(v => axisText(axis, v))
}

export function axisText(axis: Axis, value: number): string {
  if (axis === 'time') return value === 0 ? '0' : duration(value).replace(/\.0 s$/, ' s')
  if (axis === 'epochs') return String(Number(value.toFixed(2)))
  return value < 10_000 && axis === 'steps' ? count(value) : tick(value)
}

/** The numbers up the side of a chart; none where there is no line for it. */
export function ticksOf(
  metric: Metric,
  values: readonly (number | null)[],
  { score, log }: { readonly score: string; readonly log: boolean },
): string[] {
  const each = (word: (value: number) => string) => values.map(v => (v === null ? '' : word(v)))
  if (metric === 'score' && score !== 'mcc') return each(v => `${Math.round(v * 100)} %`)
  if (metric === 'memory') return each(v => (v === 0 ? '0' : bytes(v)))
  // Powers of ten under one another have no decimals in common.
  if (log) return each(tick)
  // A rate is written as in the recipe and above the chart.
  const words = ticks(
    values.filter(v => v !== null),
    metric === 'rate' ? 1 : undefined,
  )
  return values.map(v => (v === null ? '' : (words.shift() as string)))
}
