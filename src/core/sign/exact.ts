import { isUnspaced, normalForm } from './normal.ts'
import type { Scheme } from './scheme.ts'

/** |A∩B| and |A∪B| of two sets of shingles. */
export interface Overlap {
  readonly inter: number
  readonly union: number
}

/** The tokens of a normal form. */
export function tokens(scheme: Scheme, normal: string): string[] {
  if (normal === '') return []
  if (!scheme.characters) return normal.split(' ')
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
export function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): Overlap {
  const [small, large] = a.size < b.size ? [a, b] : [b, a]
  let inter = 0
  for (const shingle of small) if (large.has(shingle)) inter++
  return { inter, union: a.size + b.size - inter }
}

/** The exact similarity of two texts; 0 where either has no letters or numbers at all. */
export function jaccard({ inter, union }: Overlap): number {
  return union === 0 ? 0 : inter / union
}

/** Do the texts say the same but for their numbers? Equal normal forms do not count. */
export function onlyNumbersDiffer(a: string, b: string): boolean {
  const [x, y] = [normalForm(a), normalForm(b)]
  return x !== y && withoutNumbers(x) === withoutNumbers(y)
}

/** Every number, ordinals such as `3rd` included, as one sign. */
function withoutNumbers(normal: string): string {
  return normal.replace(/\p{N}+(?:(?:st|nd|rd|th)(?!\p{L}))?/gu, '0')
}
