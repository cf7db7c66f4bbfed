// The similarity of the design, written plainly for a few thousand rows, and a seeded generator.

export function normal(text) {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .trim()
}

/** The set of words and pairs of neighbouring words of the normal form. */
export function shingles(text) {
  const words = normal(text).split(' ')
  return new Set([...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)])
}

export function jaccard(a, b) {
  let both = 0
  for (const item of a.size < b.size ? a : b) if ((a.size < b.size ? b : a).has(item)) both++
  return both / (a.size + b.size - both)
}

/** mulberry32 on a hash of the seed. */
export function generator(seed) {
  let state = 2166136261
  for (const c of String(seed)) state = Math.imul(state ^ c.charCodeAt(0), 16777619)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const int = n => Math.floor(next() * n)
  return {
    next,
    int,
    pick: list => list[int(list.length)],
    chance: p => next() < p,
    shuffle: list => {
      for (let i = list.length - 1; i > 0; i--) {
        const j = int(i + 1)
        ;[list[i], list[j]] = [list[j], list[i]]
      }
      return list
    },
  }
}
