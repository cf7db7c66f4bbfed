/** How much of a text says again what it said, by the definitions of the Gopher rules (Rae et al. 2021, table A1). */

/** Parts that stood before: how many, and their characters. */
export function duplicatesAmong(parts: readonly string[]): { readonly count: number; readonly characters: number } {
  const seen = new Set<string>()
  let count = 0
  let characters = 0
  for (const part of parts) {
    if (seen.has(part)) {
      count++
      characters += part.length
    } else seen.add(part)
  }
  return { count, characters }
}

/** The most frequent n-gram, of equally frequent ones the first; undefined for fewer than n words. */
export function topNgram(
  words: readonly string[],
  n: number,
): { readonly text: string; readonly count: number } | undefined {
  const counts = new Map<string, number>()
  for (let i = 0; i + n <= words.length; i++) {
    const gram = words.slice(i, i + n).join(' ')
    counts.set(gram, (counts.get(gram) ?? 0) + 1)
  }
  let top: { text: string; count: number } | undefined
  for (const [text, count] of counts) if (!top || count > top.count) top = { text, count }
  return top
}

/** Characters in n-grams that stood before, each word counted once: after a repeated n-gram reading goes on behind it. */
export function repeatedCharacters(words: readonly string[], n: number): number {
  const seen = new Set<string>()
  let characters = 0
  for (let i = 0; i + n <= words.length; ) {
    const gram = words.slice(i, i + n).join('')
    if (seen.has(gram)) {
      characters += gram.length
      i += n
    } else {
      seen.add(gram)
      i++
    }
  }
  return characters
}

/** The words of a text: runs of letters, digits and marks with the apostrophes and hyphens inside, and other signs one by one. */
export function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}\p{M}]+(?:['’\-_][\p{L}\p{N}\p{M}]+)*|[^\s\p{L}\p{N}\p{M}]/gu) ?? []
}
