import { labelItems } from './labelSets.ts'

/**
 * What spellings of one label have in common. Only compared. Signs and dots between digits count: `-1` is not `1`, but `1.0` is. Of
 * several labels in one cell the order does not count.
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
  const plain = label.normalize('NFKC').replace(unseen, '').trim().toLowerCase().replace(/\s+/gu, ' ')
  // A column of whole numbers and gaps is written as fractions by many programs.
  if (/^[+-]?\d+\.0+$/.test(plain)) return plain.slice(0, plain.indexOf('.'))
  if (!/\p{L}/u.test(plain)) return plain
  return plain
    .replace(/^["'`“”‘’([]+|["'`“”‘’)\].,;:!。、]+$/gu, '')
    .replace(/(?<=\p{L})[\s_\-./]+(?=[\p{L}\p{N}])|(?<=\p{N})[\s_\-./]+(?=\p{L})/gu, '')
    .trim()
}

/** Zero-width characters, soft hyphens and direction marks, and the selectors that make a sign an emoji or none. */
const unseen = /[\u00ad\u200b\u200e\u200f\u2060\ufeff]|\ufe0e|\ufe0f/gu

/** The words of a label in lower case, apart at separators and where small letters meet capitals. */
const wordsOf = (label: string) =>
  label
    .normalize('NFKC')
    .replace(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ')
    .toLowerCase()
    .split(/[\s_\-./]+/u)
    .filter(word => word !== '')

/**
 * Do two labels, one letter apart, differ on purpose? So it is where a word of one or two letters or a Roman number differs (`class a`
 * and `class b`, `us_card` and `uk_card`, `stage_ii` and `stage_iii`), and where one denies the other (`typical`, `atypical`).
 */
export function differOnPurpose(a: string, b: string): boolean {
  const [x, y] = [wordsOf(a), wordsOf(b)]
  if (x.length !== y.length) return false
  const at = x.findIndex((word, i) => word !== y[i])
  if (at < 0) return false
  const [left, right] = [x[at]!, y[at]!]
  if (Math.min(left.length, right.length) <= 2) return true
  const roman = /^[ivx]+$/
  return (roman.test(left) && roman.test(right)) || left === `a${right}` || right === `a${left}`
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
