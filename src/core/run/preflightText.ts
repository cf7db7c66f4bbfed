/* What a run will take, in words for a terminal. */
import { count, counted } from '../base/words.ts'
import type { Estimate, Preflight } from '../train/estimate.ts'
import type { Run } from './run.ts'

/** Names and values of everything a person should know before a run. */
export function preflightFacts(p: Preflight): string[][] {
  const { tokens, rows } = p
  return [
    ['run', p.name],
    [
      'model',
      `${p.model}, ${p.method}: ${count(p.parameters.trained)} of ${counted(p.parameters.all, 'parameter')} trained`,
    ],
    ['task', p.task + (p.labels > 0 ? `, ${counted(p.labels, 'label')}` : '')],
    ['provider', `${p.provider}, ${counted(p.threads, 'thread')}`],
    [
      'rows',
      `${count(rows.train)} train, ${count(rows.validation)} validation, ${count(rows.test)} test${rows.leftOut > 0 ? `, ${count(rows.leftOut)} left out` : ''}`,
    ],
    [
      'tokens',
      `${count(tokens.median)} in a median row, ${count(tokens.p95)} at the 95th percentile, ${count(tokens.longest)} at most; ${Math.round(100 * tokens.padding)} % padding`,
    ],
    ['cut', tokens.cut === 0 ? 'none' : `${counted(tokens.cut, 'row')} to ${count(tokens.limit)} tokens`],
    ['nothing to learn', p.empty.length === 0 ? 'none' : rowList(p.empty)],
    [
      'steps',
      `${count(p.steps)} of ${counted(p.batch.rows, 'row')}${p.batch.micro === undefined ? '' : `, ${p.batch.micro} at once`}, ${p.epochs} epochs`,
    ],
    ['time', p.seconds ? interval(p.seconds, duration) : 'not known: no step was tried'],
    [
      'memory',
      `${interval(p.memory, gigabytes)}${p.from === 'shapes' ? ', from shapes' : ', from two steps'}; this machine has ${gigabytes(p.machine)}`,
    ],
    ['largest batch', p.largestBatch === 0 ? 'no row fits' : `${counted(p.largestBatch, 'row')} at once`],
  ]
}

/** Bars of how long the rows are, a line each. */
export function histogramLines({ tokens }: Pick<Preflight, 'tokens'>, width = 40): string[] {
  const most = Math.max(1, ...tokens.histogram.map(bar => bar.rows))
  const digits = String(tokens.histogram.at(-1)?.upTo ?? 0).length
  return tokens.histogram.map(
    ({ upTo, rows }) =>
      `  up to ${String(upTo).padStart(digits)}  ${'█'.repeat(Math.ceil((width * rows) / most)).padEnd(width)}  ${count(rows)}`,
  )
}

const rowList = (rows: readonly number[]): string =>
  `${counted(rows.length, 'row')}: ${rows.slice(0, 10).join(', ')}${rows.length > 10 ? ', …' : ''}`

/** `2.1 min (1.3 min to 3.4 min)`. */
const interval = ({ value, low, high }: Estimate, text: (value: number) => string): string =>
  `${text(value)} (${text(low)} to ${text(high)})`

/** Seconds in the unit that reads best. */
export function duration(seconds: number): string {
  if (seconds < 100) return `${seconds.toPrecision(2)} s`
  if (seconds < 6000) return `${(seconds / 60).toFixed(1)} min`
  return `${(seconds / 3600).toFixed(1)} h`
}

/** Bytes as `1.25 GB`, decimal. */
export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`

/** What was predicted of a run, and beside it what it took. */
export function takenFacts({ started, measured }: Pick<Run, 'started' | 'measured'>): string[][] {
  const predicted = started?.predicted
  return [
    ...(predicted
      ? [['predicted', `${interval(predicted.seconds, duration)}, ${interval(predicted.memory, gigabytes)}`]]
      : []),
    ...(measured ? [['took', `${duration(measured.seconds)}, ${gigabytes(measured.memory)} at the highest`]] : []),
  ]
}
