import type { Warned } from './run.ts'

/** What spoils the numbers comes first, then what could not be done, then what the data lacks; where it runs is last. */
const order = [
  'not-a-number',
  'diverging',
  'overfitting',
  'plateau',
  'gradient-spike',
  'other',
  'unknown-label',
  'not-scored',
  'rows-cut',
  'no-validation',
  'held-out',
  'no-test',
]

/** The warnings of a run, the gravest first, and of equal ones the newest. */
export function byGravity<W extends Pick<Warned, 'code' | 'at'>>(warned: readonly W[]): W[] {
  return [...warned].sort((a, b) => gravity(a.code) - gravity(b.code) || b.at - a.at)
}

function gravity(code: string): number {
  if (code === 'provider-fallback') return order.length
  const at = order.indexOf(code)
  return at < 0 ? order.indexOf('other') : at
}
