import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Vote } from '../core/eval/votes.ts'

/** The two that were compared, as the run folder's `votes.jsonl` names them. */
export interface VotedPair {
  readonly a: string
  readonly b: string
}

const name = 'votes.jsonl'

/** Adds votes to `votes.jsonl` of the run folder of b, one a line. */
export async function keepVotes(folder: string, pair: VotedPair, votes: readonly Vote[]): Promise<void> {
  await appendFile(join(folder, name), votes.map(vote => `${JSON.stringify({ ...pair, ...vote })}\n`).join(''))
}

/** The votes on one pair, in the order given; a line that cannot be read is none. */
export async function readVotes(folder: string, pair: VotedPair): Promise<Vote[]> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => '')
  return text.split('\n').flatMap(line => {
    const vote = parse(line)
    if (!vote || vote.a !== pair.a || vote.b !== pair.b) return []
    const { file, row, winner, by } = vote
    return [{ file, row, winner, by }]
  })
}

function parse(line: string): (Vote & VotedPair) | undefined {
  try {
    const vote = JSON.parse(line) as Vote & VotedPair
    return ['a', 'b', 'tie'].includes(vote.winner) && typeof vote.file === 'string' ? vote : undefined
  } catch {
    return undefined // A line that was cut short by a crash.
  }
}
