import { random } from '../base/random.ts'
import { type Interval, mcNemar, wilson } from './significance.ts'

/** What somebody preferred of two answers to one row. One line of `votes.jsonl`. */
export interface Vote {
  readonly file: string
  readonly row: number
  readonly winner: 'a' | 'b' | 'tie'
  /** A person who did not see which was which, or a model. */
  readonly by: 'person' | 'judge'
}

/** What votes come to. */
export interface VoteTally {
  readonly a: number
  readonly b: number
  readonly ties: number
  /** Share of the decided votes that b won, with its 95 % interval (Wilson); [0, 1] without any. */
  readonly rate: number | undefined
  readonly interval: Interval
  /** Exact sign test, two-sided, of the decided votes. */
  readonly p: number
}

/** Counts votes; of several on one row by one kind of voter the last counts. */
export function tallyVotes(votes: readonly Vote[]): VoteTally {
  const last = new Map(votes.map(vote => [`${vote.by} ${vote.file} ${vote.row}`, vote.winner]))
  const count = (winner: Vote['winner']) => [...last.values()].filter(one => one === winner).length
  const [a, b, ties] = [count('a'), count('b'), count('tie')]
  return {
    a,
    b,
    ties,
    rate: a + b === 0 ? undefined : b / (a + b),
    interval: wilson(b, a + b),
    p: mcNemar(b, a),
  }
}

/** Does a stand first on this row? By the seed, so that nobody who votes can know, and the same row is always shown the same. */
export function aFirst(vote: Pick<Vote, 'file' | 'row'>, seed: number | string): boolean {
  return random(`votes ${seed} ${vote.file} ${vote.row}`).next() < 0.5
}
