import { random } from '../base/random.ts'
import type { FormColumns } from './formColumns.ts'
import { type Kernel, layOut, newKernel } from './kernel.ts'

/**
 * MinHash signatures (Broder 1997): of each of k hash functions x → a·x + b (mod 2³²), a odd, the least value over a set.
 * Two signatures agree in one place with the probability of their sets' Jaccard similarity. The shingle hashes are
 * mixed already; over values that are not, such a linear function is biased.
 */
export class MinHash {
  readonly k: number
  readonly a: Uint32Array
  readonly b: Uint32Array

  constructor(k: number, seed: number | string = 'minhash') {
    const r = random(seed)
    this.k = k
    this.a = Uint32Array.from({ length: k }, () => r.int(2 ** 31) * 2 + 1)
    this.b = Uint32Array.from({ length: k }, () => r.int(2 ** 31) * 2 + r.int(2))
  }

  /** Writes the signature of the set `pool[from .. to)` of mixed 32-bit hashes to `out[0 .. k)`. */
  sign(pool: Uint32Array, from: number, to: number, out: Uint32Array): void {
    const { a, b, k } = this
    for (let i = 0; i < k; i++) {
      const [factor, shift] = [a[i]!, b[i]!]
      let least = 0xffffffff
      for (let j = from; j < to; j++) {
        const value = (Math.imul(factor, pool[j]!) + shift) >>> 0
        if (value < least) least = value
      }
      out[i] = least
    }
  }
}

/** So many sets are signed at a time, of so many hashes together. */
const most = { sets: 256, hashes: 1 << 16 } as const

/**
 * The signatures of slots, equal to those of `MinHash.sign`. Who asks for slots in turn has them signed by the kernel several
 * at a time, ever more of them; who asks for one here and there, or has no kernel, has that one signed.
 */
export class SlotSignatures {
  /** Signatures one after the other, each of `stride` numbers, of which `k` count. */
  values: Uint32Array
  readonly stride: number
  private readonly minhash: MinHash
  private readonly kernel: { readonly run: Kernel; readonly at: ReturnType<typeof places>['at'] } | undefined
  private readonly words: Uint32Array
  private readonly alone: Uint32Array
  /** The slots [first, end) of `forms` are signed. */
  private forms: FormColumns | undefined
  private first = 0
  private end = 0
  private step = 1

  /** `plain`: without the kernel. */
  constructor(minhash: MinHash, options: { readonly plain?: boolean } = {}) {
    this.minhash = minhash
    // The kernel takes sixteen functions at a time; those beyond k are 0 · x + 0.
    this.stride = (minhash.k + 15) & ~15
    const { at, bytes } = places(this.stride)
    const run = options.plain ? undefined : newKernel(bytes)
    this.alone = new Uint32Array(this.stride)
    this.values = this.alone
    this.words = new Uint32Array(run?.memory ?? new ArrayBuffer(0))
    if (!run) return
    this.kernel = { run, at }
    this.words.set(minhash.a, at.factors >> 2)
    this.words.set(minhash.b, at.shifts >> 2)
  }

  /** Where in `values` the signature of a slot begins, until the next call. */
  of(forms: FormColumns, slot: number): number {
    const { kernel, stride } = this
    if (forms !== this.forms || slot < this.first || slot >= this.end) {
      const inTurn = forms === this.forms && slot >= this.end && slot < this.end + most.sets
      this.step = inTurn ? Math.min(most.sets, this.step * 2) : 1
      const end = this.signable(forms, slot)
      this.forms = forms
      this.first = slot
      this.end = end
      if (!kernel || end === slot) {
        this.end = slot + 1
        this.values = this.alone
        this.minhash.sign(forms.pool, forms.start[slot]!, forms.start[slot + 1]!, this.alone)
      } else this.run(forms, slot, end)
    }
    return (slot - this.first) * stride + (this.values === this.alone ? 0 : kernel!.at.out >> 2)
  }

  /** The end of the slots from one on that are signed at a time. */
  private signable({ start, count }: FormColumns, slot: number): number {
    const end = Math.min(count, slot + this.step)
    let to = slot
    while (to < end && start[to + 1]! - start[slot]! <= most.hashes) to++
    return to
  }

  private run(forms: FormColumns, first: number, end: number): void {
    const { words, stride } = this
    const { run, at } = this.kernel!
    const from = forms.start[first]!
    const to = forms.start[end]!
    const hashes = at.hashes >> 2
    if (to - from > 64) words.set(forms.pool.subarray(from, to), hashes)
    else for (let i = from; i < to; i++) words[hashes + i - from] = forms.pool[i]!
    for (let slot = first; slot <= end; slot++) words[(at.starts >> 2) + slot - first] = forms.start[slot]! - from
    run.minhash(at.hashes, at.starts, end - first, at.factors, at.shifts, stride, at.out)
    this.values = words
  }
}

function places(stride: number) {
  return layOut({
    factors: stride * 4,
    shifts: stride * 4,
    starts: most.sets * 4 + 4,
    hashes: most.hashes * 4,
    out: most.sets * stride * 4,
  })
}

/** The share of places in which two signatures agree: an unbiased estimate of Jaccard, of deviation √(J(1−J)/k). */
export function estimate(a: Uint32Array, b: Uint32Array): number {
  let equal = 0
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) equal++
  return equal / a.length
}
