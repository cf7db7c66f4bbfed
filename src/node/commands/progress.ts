import { count } from '../../core/base/words.ts'
import { headline, shownScores } from '../../core/eval/headline.ts'
import { oneLine } from '../../core/eval/text.ts'
import { pace, type Run, timeLeft } from '../../core/run/run.ts'
import type { RunEvent } from '../../core/train/event.ts'
import { about } from '../../core/view/words.ts'

/** Where a run is, on one line of a terminal. */
export function progressLine(run: Run, columns: number): string {
  const { series, started } = run
  const step = series.step.at(-1)
  if (step === undefined) return started ? 'compiling the training graph …' : 'starting …'
  const validation = run.evaluated.filter(e => e.split === 'validation' && e.of === undefined).at(-1)?.scores
  const speed = pace(run)
  const left = timeLeft(run)
  const parts = [
    `step ${count(step)}/${count(started?.steps ?? step)}`,
    `loss ${recentLoss(run).toFixed(4)}`,
    ...(validation ? [`validation ${headline(validation)}`] : []),
    ...(speed ? [`${speed.rows.toFixed(0)} rows/s`, `${count(speed.tokens)} tokens/s`] : []),
    ...(left === undefined ? [] : [`${about(left)} left`]),
  ]
  return oneLine(parts.join(' · '), Math.max(20, columns - 1))
}

/** What a log that nobody watches wants to keep: the start, every evaluation, warnings, the end. */
export function eventText(event: RunEvent, run: Run): string | undefined {
  switch (event.kind) {
    case 'started': {
      const where = [event.provider, event.device].filter(Boolean).join(' ')
      const from = event.from > 0 ? `, going on after step ${count(event.from)}` : ''
      return `${event.model}, ${event.method}, on ${where}: ${count(event.steps)} steps, ${count(event.rows.train)} rows${from}`
    }
    case 'evaluated': {
      const of = event.of === undefined ? `step ${count(event.step)}/${count(run.started?.steps ?? 0)}` : event.of
      const told = shownScores(event.scores)
        .filter(({ score }) => score !== 'mcc' && event.scores[score] !== undefined)
        .map(({ score, title, text }) => `${score === 'macroF1' ? 'F1' : title} ${text(event.scores[score] as number)}`)
      const scores = [
        ...(event.of === undefined && run.series.loss.length > 0 ? [`loss ${recentLoss(run).toFixed(4)}`] : []),
        `${event.split} ${told.join(', ')}`,
      ]
      return `${of}: ${scores.join(', ')}${event.best ? ', best so far' : ''}`
    }
    case 'controlled': {
      if (event.paused) return `paused after step ${count(event.step)}: winnow run <id> --continue lets it go on`
      return event.factor === 1 && !run.rates
        ? 'goes on'
        : `from step ${count(event.step + 1)} on: rate times ${event.factor}`
    }
    case 'warned':
      return `warning: ${event.message}`
    case 'ended':
      return `${event.outcome}${event.reason ? `: ${event.reason}` : ''}`
    default:
      return undefined
  }
}

/** Mean of the last ten batches: one batch alone says little. */
function recentLoss({ series }: Run): number {
  const last = series.loss.slice(-10)
  return last.reduce((a, b) => a + b, 0) / last.length
}
