import { contentHash } from '../base/hash.ts'
import type { Work } from '../sign/progress.ts'

/**
 * Sorts rows in place by a hash of what they say, those that say the same by their numbers. What is judged in this order comes out the
 * same whatever order the rows stand in.
 */
export function* inOrderOfContent(rows: number[], content: (row: number) => string): Work<void> {
  const hashes = new Map<number, string>()
  let work = 0
  for (const row of rows) {
    const text = content(row)
    hashes.set(row, contentHash(text))
    work += text.length + 100
    if (work < 100_000) continue
    work = 0
    yield { phase: 'label-error', done: hashes.size, total: rows.length }
  }
  rows.sort((a, b) => {
    const [x, y] = [hashes.get(a)!, hashes.get(b)!]
    return x < y ? -1 : x > y ? 1 : a - b
  })
}
