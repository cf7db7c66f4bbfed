import { labelItems } from './labelSets.ts'

/**
 * What spellings of one label have in common. Only compared. Signs and dots between digits count: `-1` is not `1`. Of several labels in
 * one cell the order does not count.
 */
export function labelFold(label: string): string {
  if (/[[;|]/.test(label)) {
    const items = labelItems(label)
    if (items.length > 1) return items.map(foldOne).sort().join(' | ')
    if (items.length === 1) return foldOne(items[0]!)
  }
  return foldOne(label)
}

function foldOne(label: string): string {
  const plain = label.normalize('NFKC').trim().toLowerCase().replace(/\s+/gu, ' ')
  if (!/\p{L}/u.test(plain)) return plain
  return plain
    .replace(/^["'`([]+|["'`)\].,;:!]+$/gu, '')
    .replace(/(?<=\p{L})[\s_\-./]+(?=[\p{L}\p{N}])|(?<=\p{N})[\s_\-./]+(?=\p{L})/gu, '')
    .trim()
}

/**
 * Is one label the other with one letter added, left out or replaced, or two neighbours swapped? Numbers do not count
 * (`card1` and `card2` are two labels), nor do short words (`cat`, `car`).
 */
export function oneLetterApart(a: string, b: string): boolean {
  if (Math.min(a.length, b.length) < 5 || Math.abs(a.length - b.length) > 1 || a === b) return false
  let i = 0
  while (i < a.length && i < b.length && a[i] === b[i]) i++
  let x = a.length
  let y = b.length
  while (x > i && y > i && a[x - 1] === b[y - 1]) {
    x--
    y--
  }
  const [left, right] = [a.slice(i, x), b.slice(i, y)]
  if (/[^\p{L}]/u.test(left + right)) return false
  if (left.length <= 1 && right.length <= 1) return true
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0]
}

/** Label numbers that are spellings of one label get one number: the first of them. Unlabelled (-1) stays. */
export function foldedNumbers(names: readonly string[]): Int32Array {
  const first = new Map<string, number>()
  return Int32Array.from(names, (name, number) => {
    const fold = labelFold(name)
    if (!first.has(fold)) first.set(fold, number)
    return first.get(fold)!
  })
}

/** A label in a message: in quotes, on one line, without control characters, and not too long. */
export function quoted(label: string): string {
  const line = label.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  return `"${line.length > 60 ? `${line.slice(0, 59)}…` : line}"`
}
