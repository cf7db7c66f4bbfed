import { appendFileSync, writeFileSync } from 'node:fs'
import { type Random, random } from '../../src/core/base/random.ts'

function vocabulary(r: Random): string[] {
  const letters = 'eeeeeeeetttttaaaaooooiiiinnnnsssshhhrrrrddllucmwfgypbvk'
  const words = new Set<string>()
  while (words.size < 30_000)
    words.add(Array.from({ length: 1 + r.int(5) + r.int(5) }, () => letters[r.int(letters.length)]).join(''))
  return [...words]
}

/** Sentences of Zipf-drawn words (about 90 bytes); 17 % are copies with a word replaced, left out or added, 8 % of those verbatim. */
export function sentences(count: number, seed = 'bench'): string[] {
  const words = vocabulary(random('bench'))
  const r = random(seed)
  const word = () => words[Math.floor(words.length ** (0.15 + 0.85 * r.next())) - 1]!
  const rows: string[] = []
  while (rows.length < count) {
    if (rows.length === 0 || r.next() < 0.83) {
      rows.push(Array.from({ length: 8 + r.int(14) }, word).join(' '))
      continue
    }
    const parts = rows[r.int(rows.length)]!.split(' ')
    const at = r.int(parts.length)
    const kind = r.next()
    if (kind < 0.5) parts[at] = word()
    else if (kind < 0.7) parts.splice(at, 1)
    else if (kind < 0.92) parts.splice(at, 0, word())
    rows.push(parts.join(' '))
  }
  return rows
}

/** Writes rows as JSON Lines with one of seven labels. */
export function writeRows(path: string, rows: readonly string[]): void {
  writeFileSync(path, '')
  // In pieces: a string holds at most half a billion characters.
  for (let from = 0; from < rows.length; from += 50_000)
    appendFileSync(
      path,
      rows
        .slice(from, from + 50_000)
        .map((text, i) => `${JSON.stringify({ text, label: `label${(from + i) % 7}` })}\n`)
        .join(''),
    )
}
