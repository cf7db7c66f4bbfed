/** How often each run of `n` units occurs; units are joined by a character that no unit holds. */
export function gramCounts(units: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (let i = 0; i + n <= units.length; i++) {
    const gram = units.slice(i, i + n).join('\u0000')
    counts.set(gram, (counts.get(gram) ?? 0) + 1)
  }
  return counts
}

/** How many runs two lists have in common, each as often as in the one that has it less often. */
export function sharedGrams(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let shared = 0
  for (const [gram, count] of a) shared += Math.min(count, b.get(gram) ?? 0)
  return shared
}

/** White space as Python's `str.split()` knows it. */
export const pythonSpaces = /[\s\u001c-\u001f\u0085]+/

/** The words between white space. */
export const spacedWords = (text: string): string[] => text.split(pythonSpaces).filter(word => word !== '')
