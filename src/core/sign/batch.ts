import { type Kernel, layOut, newKernel } from './kernel.ts'
import type { Scheme } from './scheme.ts'
import { byteFold } from './shingle.ts'
import type { Texts } from './texts.ts'

/** So many rows are signed at a time, of so many bytes together; a longer text is signed alone, in TypeScript. */
const most = { rows: 1024, bytes: 1 << 16 } as const
/** Bytes between two texts of one buffer that are sooner copied with them than left out. */
const gap = 1024

/** What is told of a row, in 32-bit words: its shingles (-1: not plain), its form, its parity bits. */
export const told = { words: 13, count: 0, formA: 1, formB: 2, low: 3, high: 4, wide: 5 } as const

/**
 * Signs rows with the kernel, a batch at a time: what `Shingler` gives, to the bit. Texts are taken as they stand in their
 * bytes, or as strings; those that are not plain (see `Shingler.signBytes`) are left to who asks.
 */
export class Batch {
  /** What is told of the rows, `told.words` each, and their shingles: both lie somewhere in the memory of the kernel. */
  readonly heads: Int32Array
  readonly hashes: Uint32Array
  /** Where the shingles of the first row begin; those of the next follow. */
  readonly hashesAt: number
  /** The texts of rows that were left out though they were read; of others undefined. */
  readonly texts: (string | undefined)[] = []
  private readonly headOf = new Int32Array(most.rows)
  private readonly kernel: Kernel
  private readonly at: ReturnType<typeof places>['at']
  private readonly scheme: { readonly word: number; readonly first: number; readonly second: number }
  private readonly memory: Uint8Array
  /** End of the texts that are there. */
  private end = 0
  /** Bytes [from, to) of `bytes` belong to `copyTo`. */
  private bytes: Uint8Array = nothing
  private from = 0
  private to = 0
  private copyTo = 0

  private constructor(kernel: Kernel, { unit, sizes }: Scheme) {
    const { at } = places()
    this.kernel = kernel
    this.at = at
    this.scheme = { word: unit === 'word' ? 1 : 0, first: sizes[0]!, second: sizes[1] ?? 0 }
    this.memory = new Uint8Array(kernel.memory)
    this.heads = new Int32Array(kernel.memory)
    this.hashes = new Uint32Array(kernel.memory)
    this.hashesAt = at.hashes >> 2
    this.memory.set(byteFold, at.fold)
  }

  /** The one for a scheme, used up at each call; undefined where there is no kernel, or it does not know the scheme. */
  static of(scheme: Scheme): Batch | undefined {
    const known = batches.get(scheme.name)
    if (known || scheme.sizes.length > 2) return known
    const kernel = newKernel(places().bytes)
    if (!kernel) return undefined
    const batch = new Batch(kernel, scheme)
    batches.set(scheme.name, batch)
    return batch
  }

  /** Signs rows from `first` on and before `end`, as many as fit; returns the first that it did not take. */
  sign(texts: Texts, first: number, end: number): number {
    this.end = this.at.text
    this.bytes = nothing
    this.to = 0
    this.texts.length = 0
    let signed = 0
    let row = first
    for (; row < end && row - first < most.rows; row++) {
      const span = texts.plain?.span(row)
      const text = span ? undefined : texts.text(row)
      const start = span ? this.placeBytes(texts.plain!.bytes, span.start, span.end) : this.placeText(text)
      if (start === full) break
      if (start === alone) {
        this.headOf[row - first] = -1
        this.texts[row - first] = text
      } else {
        const spans = (this.at.spans >> 2) + 2 * signed
        this.hashes[spans] = start
        this.hashes[spans + 1] = this.end
        this.headOf[row - first] = (this.at.told >> 2) + told.words * signed++
      }
    }
    this.copy()
    this.bytes = nothing
    this.run(signed)
    return row
  }

  /** Where in `heads` the i-th row of the last call is told of; -1 where its text has to be signed alone. */
  head(i: number): number {
    const head = this.headOf[i]!
    return head < 0 || this.heads[head]! < 0 ? -1 : head
  }

  private run(rows: number): void {
    const { at, scheme } = this
    const { word, first, second } = scheme
    const { spans, fold, laneA, laneB, folded, scratch, buckets, hashes } = at
    this.kernel.sign(spans, rows, fold, word, first, second, laneA, laneB, folded, scratch, buckets, hashes, at.told)
  }

  /** Where the text will begin; it ends at `end`. Neighbours are copied together. */
  private placeBytes(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > most.bytes) return alone
    if (bytes !== this.bytes || start < this.to || start - this.to > gap) {
      this.copy()
      this.bytes = bytes
      this.from = start
      this.to = start
      this.copyTo = this.end
    }
    const to = this.copyTo + end - this.from
    if (to > this.at.text + most.bytes) return full
    this.to = end
    this.end = to
    return to - (end - start)
  }

  private copy(): void {
    if (this.to > this.from) this.memory.set(this.bytes.subarray(this.from, this.to), this.copyTo)
    this.from = this.to
  }

  private placeText(text: string | undefined): number {
    if (text === undefined || text.length > most.bytes) return alone
    this.copy()
    this.bytes = nothing
    const { memory, end } = this
    if (end + text.length > this.at.text + most.bytes) return full
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) return alone
      // In bytes a backslash may begin an escape; here it is one.
      memory[end + i] = code === 0x5c ? 0x20 : code
    }
    this.end = end + text.length
    return end
  }
}

/** Instead of an address: the batch is full; this text is not taken into a batch. */
const full = -1
const alone = -2

const nothing = new Uint8Array(0)
const batches = new Map<string, Batch>()

function places() {
  return layOut({
    fold: 256,
    spans: most.rows * 8,
    told: most.rows * told.words * 4,
    buckets: 4 * 1028,
    text: most.bytes + 64,
    folded: most.bytes + 128,
    laneA: 4 * (most.bytes + 16),
    laneB: 4 * (most.bytes + 16),
    scratch: 4 * (most.bytes + 16),
    hashes: 4 * (most.bytes + 16),
  })
}
