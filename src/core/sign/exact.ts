import { isAscii, isUnspaced, normalForm } from './normal.ts'
import type { Scheme } from './scheme.ts'

/** |A∩B| and |A∪B| of two sets of shingles. */
export interface Overlap {
  readonly inter: number
  readonly union: number
}

/** The tokens of a normal form. */
export function tokens(scheme: Scheme, normal: string): string[] {
  if (normal === '') return []
  if (!scheme.characters || isAscii(normal)) return normal.split(' ')
  const out: string[] = []
  for (const word of normal.split(' ')) {
    let run = ''
    for (const character of word) {
      if (!isUnspaced(character.codePointAt(0)!)) {
        run += character
        continue
      }
      if (run) out.push(run)
      out.push(character)
      run = ''
    }
    if (run) out.push(run)
  }
  return out
}

/**
 * The shingles themselves, by the definition: slow, without hashes, and therefore what decides every similarity that
 * is shown and what the join is tested against. A text of fewer than n tokens is one shingle, the whole of it.
 */
export function shingleSet(scheme: Scheme, text: string): Set<string> {
  const normal = normalForm(text)
  const parts = scheme.unit === 'word' ? tokens(scheme, normal) : [...normal]
  const glue = scheme.unit === 'word' ? ' ' : ''
  const set = new Set<string>()
  if (parts.length === 0) return set
  for (const size of scheme.sizes) {
    if (parts.length < size) set.add(parts.join(glue))
    for (let i = 0; i + size <= parts.length; i++) set.add(parts.slice(i, i + size).join(glue))
  }
  return set
}

/** Compares two sets of shingles. Two empty sets have nothing in common. */
export function overlap<T extends string | number>(a: ReadonlySet<T>, b: ReadonlySet<T>): Overlap {
  const [small, large] = a.size < b.size ? [a, b] : [b, a]
  let inter = 0
  for (const shingle of small) if (large.has(shingle)) inter++
  return { inter, union: a.size + b.size - inter }
}

/**
 * `overlap` of the shingle sets of two texts, given by their normal forms. Words are numbered and pairs of words are pairs of
 * numbers, which is as exact as the words themselves and a good deal faster than joining them.
 */
export function overlapOf(scheme: Scheme, a: string, b: string): Overlap {
  if (scheme.unit !== 'word' || scheme.sizes.join() !== '1,2')
    return overlap(shingleSet(scheme, a), shingleSet(scheme, b))
  const numbers = new Map<string, number>()
  const left = numbered(tokens(scheme, a), numbers)
  const right = numbered(tokens(scheme, b), numbers)
  return overlap(left, right)
}

/** Words as their numbers from 1, neighbours as one number of both. */
function numbered(words: readonly string[], numbers: Map<string, number>): Set<number> {
  const set = new Set<number>()
  let before = 0
  for (const word of words) {
    let number = numbers.get(word)
    if (number === undefined) {
      number = numbers.size + 1
      numbers.set(word, number)
    }
    set.add(number)
    if (before > 0) set.add(before * 0x4000000 + number)
    before = number
  }
  return set
}

/** The exact similarity of two texts; 0 where either has no letters or numbers at all. */
export function jaccard({ inter, union }: Overlap): number {
  return union === 0 ? 0 : inter / union
}

/** Do the texts say the same but for their numbers? Equal normal forms do not count. */
export function onlyNumbersDiffer(a: string, b: string): boolean {
  return numbersDiffer(normalForm(a), normalForm(b))
}

/** As `onlyNumbersDiffer`, of two normal forms. */
export function numbersDiffer(x: string, y: string): boolean {
  return x !== y && (/\p{N}/u.test(x) || /\p{N}/u.test(y)) && withoutNumbers(x) === withoutNumbers(y)
}

/** Every number, ordinals such as `3rd` included, as one sign. */
function withoutNumbers(normal: string): string {
  return normal.replace(/\p{N}+(?:(?:st|nd|rd|th)(?!\p{L}))?/gu, '0')
}
