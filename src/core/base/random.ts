/** Deterministic randomness. The only kind in the core: same seed, same numbers, on every machine. */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  next(): number
  /** Uniform integer in [0, n), without modulo bias. */
  int(n: number): number
  /** Standard normal (Box-Muller; one draw of two uniforms a call). */
  normal(): number
  /** A new generator that depends on this one's seed and `label` only, not on how much was drawn. */
  split(label: string): Random
  /** Fisher-Yates in place; returns the same array. */
  shuffle<T extends { length: number; [i: number]: unknown }>(list: T): T
}

/** A generator from a seed (any number or text). */
export function random(seed: number | string): Random {
  return new Sfc32(seedState(String(seed)), String(seed))
}

/** sfc32 (Doty-Humphrey, PractRand): 128 bits of state, passes PractRand and BigCrush. */
class Sfc32 implements Random {
  private s: [number, number, number, number]
  private readonly seed: string

  constructor(state: [number, number, number, number], seed: string) {
    this.s = state
    this.seed = seed
  }

  private uint32(): number {
    const s = this.s
    const t = (s[0] + s[1] + s[3]) | 0
    s[3] = (s[3] + 1) | 0
    s[0] = s[1] ^ (s[1] >>> 9)
    s[1] = (s[2] + (s[2] << 3)) | 0
    s[2] = ((s[2] << 21) | (s[2] >>> 11)) + t
    s[2] |= 0
    return t >>> 0
  }

  next(): number {
    const high = this.uint32() >>> 5
    const low = this.uint32() >>> 6
    return (high * 67108864 + low) / 9007199254740992
  }

  int(n: number): number {
    const limit = Math.floor(4294967296 / n) * n
    for (;;) {
      const x = this.uint32()
      if (x < limit) return x % n
    }
  }

  normal(): number {
    const u = 1 - this.next()
    const v = this.next()
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)
  }

  split(label: string): Random {
    return random(`${this.seed}/${label}`)
  }

  shuffle<T extends { length: number; [i: number]: unknown }>(list: T): T {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.int(i + 1)
      const t = list[i]
      list[i] = list[j]
      list[j] = t
    }
    return list
  }
}

function seedState(text: string): [number, number, number, number] {
  // xmur3-style mixing of the characters into four words, then a warm-up that spreads similar seeds apart.
  let h = 1779033703 ^ text.length
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 3432918353)
    h = (h << 13) | (h >>> 19)
  }
  const word = () => {
    h = Math.imul(h ^ (h >>> 16), 2246822507)
    h = Math.imul(h ^ (h >>> 13), 3266489909)
    h ^= h >>> 16
    return h | 0
  }
  const state: [number, number, number, number] = [word(), word(), word(), 1]
  const warm = new Sfc32(state, text)
  for (let i = 0; i < 12; i++) warm.next()
  return state
}
