import { count, counted, percent, points } from '../base/words.ts'
import { type CurveStep, learningCurve } from './learningCurve.ts'
import { table } from './text.ts'

type Step = CurveStep & { readonly id: string }

/** Rows that people think of labelling in one go. */
const batch = 100

/** A learning curve as one JSON document: the steps, the law, and what `batch` more rows and twice as many would bring. */
export function curveJson(steps: readonly Step[]): string {
  const law = learningCurve(steps)
  const largest = Math.max(...steps.map(step => step.rows))
  const told = law && {
    scale: law.scale,
    exponent: law.exponent,
    gain: { rows: batch, ...law.gain(batch) },
    twice: { rows: 2 * largest, ...law.at(2 * largest) },
  }
  return `${JSON.stringify({ version: 1, steps, ...told }, undefined, 2)}\n`
}

/** A learning curve for people at a terminal. */
export function curveText(steps: readonly Step[]): string {
  const law = learningCurve(steps)
  const lines = table([
    ['training rows', 'right', 'run'],
    ...steps.map(step => [count(step.rows), percent(1 - step.error), step.id]),
  ])
  if (!law) return `${lines.join('\n')}\n`
  const largest = Math.max(...steps.map(step => step.rows))
  const [gain, twice] = [law.gain(batch), law.at(2 * largest)]
  const between = ([low, high]: readonly [number, number]) => `${points(low)} to ${points(high)}`
  const right = ([low, high]: readonly [number, number]) => `${percent(1 - high)} to ${percent(1 - low)}`
  return `${[
    ...lines,
    '',
    `The error falls as rows to the power of −${law.exponent.toFixed(2)}.`,
    `${counted(batch, 'more row')} would bring about ${points(gain.error)} points (95 % interval ${between(gain.interval)}).`,
    `${counted(2 * largest, 'row')}, twice as many: about ${percent(1 - twice.error)} right (${right(twice.interval)}).`,
  ].join('\n')}\n`
}
