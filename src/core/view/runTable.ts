import type { Run } from '../run/run.ts'
import { validations } from './curves.ts'

/**
 * The numbers of some runs as CSV (RFC 4180): one line a step, and the validation scores on the line of the step they
 * belong to. Raw values, nothing smoothed. Evaluations without a step of their own get a line with the rest empty.
 */
export function runCsv(runs: readonly Run[]): string {
  const names = [...new Set(runs.flatMap(run => validations(run).flatMap(e => Object.keys(e.scores))))]
  const head = ['run', 'step', 'epoch', 'at', 'loss', 'rate', 'norm', 'rows', 'tokens', 'ms']
  const lines = [[...head, ...names.map(n => `validation_${n}`)].map(quoted).join(',')]
  for (const run of runs) {
    const s = run.series
    const scored = new Map(validations(run).map(e => [e.step, e]))
    const line = (step: number, i: number) => {
      const e = scored.get(step)
      const own = [
        s.epoch[i] ?? e?.epoch,
        s.at[i] ?? e?.at,
        s.loss[i],
        s.rate[i],
        s.norm[i],
        s.rows[i],
        s.tokens[i],
        s.ms[i],
      ]
      const values = [run.id, step, ...own, ...names.map(n => e?.scores[n])]
      lines.push(values.map(v => quoted(v === undefined || v === null || Number.isNaN(v) ? '' : String(v))).join(','))
      scored.delete(step)
    }
    s.step.forEach(line)
    for (const step of [...scored.keys()]) line(step, -1)
  }
  return `${lines.join('\r\n')}\r\n`
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
