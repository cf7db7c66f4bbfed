import { count, counted, percent } from '../base/words.ts'
import { tallyVotes, type Vote } from './votes.ts'
import { pText } from './words.ts'

/** What votes come to, as one sentence; nobody is named the winner inside the noise. */
export function votesLine(votes: readonly Vote[], names: { readonly a: string; readonly b: string }): string {
  const { a, b, ties, rate, interval, p } = tallyVotes(votes)
  if (rate === undefined) return `${counted(ties, 'tie')}, no vote for either.`
  const won = `${names.b} preferred ${count(b)} to ${count(a)}, ${counted(ties, 'tie')}: win rate ${percent(rate)}`
  const noise = p < 0.05 ? '' : ', which can be chance'
  return `${won} (95 % interval ${percent(interval[0])} to ${percent(interval[1])}, p = ${pText(p)}${noise}).`
}
