import * as vscode from 'vscode'
import { count } from '../core/base/words.ts'
import { headline } from '../core/eval/headline.ts'
import { type Run, timeLeft } from '../core/run/run.ts'
import { about } from '../core/view/words.ts'

/** `step 412 of 936, 1m 12s left`. */
export function stepWords(run: Run): string {
  const step = run.series.step.at(-1)
  if (run.phase === 'waiting' || !run.started) return vscode.l10n.t('starting')
  if (step === undefined) return vscode.l10n.t('preparing {0} steps', count(run.started.steps))
  const of = vscode.l10n.t('step {0} of {1}', count(step), count(run.started.steps))
  const left = timeLeft(run)
  if (step >= run.started.steps) return vscode.l10n.t('{0}, scoring', of)
  return left === undefined ? of : vscode.l10n.t('{0}, {1} left', of, about(left))
}

/** The state of a run as a person would say it. */
export function runWords(run: Run, now: Date): string {
  switch (run.phase) {
    case 'waiting':
    case 'running':
      return stepWords(run)
    case 'finished':
      return [score(run), when(run.endedAt, now)].filter(word => word !== '').join(', ') || vscode.l10n.t('finished')
    case 'stopped': {
      const step = run.series.step.at(-1)
      const at = step === undefined ? vscode.l10n.t('stopped') : vscode.l10n.t('stopped at step {0}', count(step))
      return [at, score(run), run.reason ?? ''].filter(word => word !== '').join(', ')
    }
    case 'failed':
      return run.reason ? vscode.l10n.t('failed: {0}', run.reason) : vscode.l10n.t('failed')
  }
}

/** The one number of a run: its score on test rows, else the best on validation rows, which is then said. */
export function score(run: Run): string {
  const test = run.evaluated.filter(e => e.split === 'test' && e.of !== 'base').at(-1)
  if (test) return headline(test.scores)
  return run.best ? vscode.l10n.t('validation {0}', headline(run.best.scores)) : ''
}

/** `today 18:02`, `yesterday 09:10`, `12 Nov 18:02`. */
export function when(at: number | undefined, now: Date): string {
  if (at === undefined) return ''
  const date = new Date(at)
  const time = `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`
  const day = (d: Date) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime()
  const days = Math.round((day(now) - day(date)) / 86_400_000)
  if (days === 0) return vscode.l10n.t('today {0}', time)
  if (days === 1) return vscode.l10n.t('yesterday {0}', time)
  return `${date.toLocaleDateString(vscode.env.language, { day: 'numeric', month: 'short' })} ${time}`
}
