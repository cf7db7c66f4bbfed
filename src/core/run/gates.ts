import { scoreText } from '../eval/headline.ts'
import type { Run } from './run.ts'

/** A bar that a tuned model has to reach. */
export interface Gate {
  /** The score, by the name that a run's log gives it: `accuracy`, `macroF1`, `perplexity`. */
  readonly metric: string
  /** The score is at least this. */
  readonly least?: number
  /** The score is at most this: for losses, perplexities and errors. */
  readonly most?: number
  /** Only runs on this dataset count; any where left out. */
  readonly dataset?: string
  /** A run by the beginning of its id or by its name; the newest that was scored where left out. */
  readonly run?: string
  /** The files that the run was scored on; test where left out. */
  readonly split?: 'validation' | 'test'
  /** Is it judged without the rows that leak from training? */
  readonly withoutLeaks?: boolean
}

/** A gate and how it stands. */
export type GateResult =
  | { readonly kind: 'passed'; readonly run: string; readonly value: number }
  | { readonly kind: 'failed'; readonly run?: string; readonly value?: number; readonly reason: string }
  /** There is no such run, or it was not scored yet: nothing can be said. */
  | { readonly kind: 'open'; readonly reason: string }

/** A run that may be held to a gate. */
export interface GatedRun {
  readonly id: string
  readonly run: Run
  readonly dataset?: string
}

/** How a gate stands with these runs, newest first. */
export function gateResult(gate: Gate, runs: readonly GatedRun[]): GateResult {
  const { metric, split = 'test' } = gate
  const meant = runs.filter(
    ({ id, run, dataset }) =>
      (gate.run === undefined || id.startsWith(gate.run) || run.name === gate.run) &&
      (gate.dataset === undefined || dataset === gate.dataset),
  )
  if (meant.length === 0) {
    const which = [gate.run ?? '', gate.dataset === undefined ? '' : `on ${gate.dataset}`].filter(Boolean).join(' ')
    return { kind: 'open', reason: which ? `There is no run ${which}.` : 'There is no run yet.' }
  }
  for (const { id, run } of meant) {
    const scored = run.evaluated.filter(e => e.split === split && e.of !== 'base').at(-1)
    if (!scored) continue
    const scores = gate.withoutLeaks ? (scored.withoutLeaks ?? scored.scores) : scored.scores
    const value = scores[metric]
    if (value === undefined || Number.isNaN(value))
      return {
        kind: 'failed',
        run: id,
        reason: `${run.name} has no ${metric}; it has ${Object.keys(scores).join(', ')}.`,
      }
    if (gate.least !== undefined && value < gate.least) return missed(gate, { id, name: run.name, value })
    if (gate.most !== undefined && value > gate.most) return missed(gate, { id, name: run.name, value })
    return { kind: 'passed', run: id, value }
  }
  return { kind: 'open', reason: `No run was scored on ${split} rows yet.` }
}

function missed(gate: Gate, { id, name, value }: { id: string; name: string; value: number }): GateResult {
  const text = (x: number) => scoreText(gate.metric, x).text
  const bar =
    gate.least !== undefined && value < gate.least ? `at least ${text(gate.least)}` : `at most ${text(gate.most ?? 0)}`
  return {
    kind: 'failed',
    run: id,
    value,
    reason: `${name}: ${scoreText(gate.metric, value).title} ${text(value)}, asked for ${bar}.`,
  }
}

/** A gate in words: `accuracy on test at least 90.0 %`. */
export function gateText({ metric, least, most, run, dataset, split = 'test', withoutLeaks }: Gate): string {
  const { title } = scoreText(metric, 0)
  const bars = [
    ...(least === undefined ? [] : [`at least ${scoreText(metric, least).text}`]),
    ...(most === undefined ? [] : [`at most ${scoreText(metric, most).text}`]),
  ]
  const leaks = withoutLeaks ? ' without leaked rows' : ''
  const whose = [dataset, run].filter(Boolean).join(', ')
  return `${whose === '' ? '' : `${whose}: `}${title} on ${split}${leaks} ${bars.join(' and ')}`
}
