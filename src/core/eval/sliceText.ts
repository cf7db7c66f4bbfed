import { count, percent, points } from '../base/words.ts'
import type { LedgerSlice, Slice } from './slices.ts'
import { oneLine, table } from './text.ts'
import { pText } from './words.ts'

/** The slices of one evaluation that differ most from the rest, as lines; none where there are none. */
export function sliceLines(slices: readonly Slice[], most: number): string[] {
  const told = slices.filter(slice => slice.p !== undefined)
  if (told.length === 0 || most === 0) return []
  const shown = [...told].sort((a, b) => (a.p as number) - (b.p as number) || b.rows - a.rows).slice(0, most)
  const lines = table([
    ['slice', 'rows', 'accuracy', '95 % interval', 'against the rest', 'p (Holm)', 'most frequent error'],
    ...shown.map(({ facet, value, rows, accuracy, interval, difference, holm, errors }) => [
      oneLine(`${facet} ${value}`, 40),
      count(rows),
      percent(accuracy),
      interval ? `${percent(interval[0])} to ${percent(interval[1])}` : '',
      `${points(difference)} points${(holm as number) < 0.05 ? ' *' : ''}`,
      pText(holm as number),
      errors[0] ? oneLine(`${errors[0].gold} → ${errors[0].said} (${errors[0].rows})`, 50) : '',
    ]),
  ])
  return [...lines, note(told, slices.length)]
}

/** The slices of a comparison that changed most, as lines. */
export function ledgerSliceLines(slices: readonly LedgerSlice[], most: number): string[] {
  const told = slices.filter(slice => !slice.tooFew)
  // Labels have a table of their own.
  const changed = told.filter(({ facet, accuracy }) => facet !== 'label' && accuracy.fixed + accuracy.broken > 0)
  if (changed.length === 0 || most === 0) return []
  const shown = [...changed].sort((a, b) => a.accuracy.p - b.accuracy.p).slice(0, most)
  const lines = table([
    ['slice', 'rows', 'accuracy', 'change in points', 'fixed', 'broken'],
    ...shown.map(({ facet, value, accuracy: { rows, a, b, difference, interval, fixed, broken }, holm }) => [
      oneLine(`${facet} ${value}`, 40),
      count(rows),
      `${percent(a)} → ${percent(b)}`,
      `${points(difference)} (${points(interval[0])} to ${points(interval[1])})${(holm as number) < 0.05 ? ' *' : ''}`,
      count(fixed),
      count(broken),
    ]),
  ])
  return [...lines, note(told, slices.length)]
}

function note(told: readonly { readonly holm?: number; readonly falseDiscovery?: number }[], all: number): string {
  const stands = told.filter(slice => (slice.holm ?? 1) < 0.05).length
  const look = told.filter(slice => (slice.falseDiscovery ?? 1) < 0.05).length
  const few = all - told.length
  const rest = `${count(look)} worth a look (Benjamini-Hochberg)${few > 0 ? `; ${count(few)} of too few rows` : ''}`
  return `* significant among ${count(told.length)} slices (Holm): ${count(stands)}; ${rest}.`
}
