import { Program } from '../base/wasm.ts'
import { overlapBytes } from './generated/overlapBytes.ts'
import { layOut } from './kernel.ts'
import { type PlainComparison, type PlainText, WordOverlap } from './wordOverlap.ts'

/** A longer text, in bytes, is compared without the kernel. */
const longest = 1 << 14

/** The exact overlap of the `word:1+2` shingle sets of two plain texts, as `WordOverlap` gives it; by the kernel where there is one. */
export class PlainOverlap {
  private readonly kernel: OverlapKernel | undefined
  private slow: WordOverlap | undefined

  constructor() {
    if (shared === undefined) shared = OverlapKernel.open() ?? 'none'
    this.kernel = shared === 'none' ? undefined : shared
  }

  /** Undefined where a text is not plain. */
  compare(a: PlainText, b: PlainText): PlainComparison | undefined {
    if (this.kernel && a.end - a.start <= longest && b.end - b.start <= longest) return this.kernel.compare(a, b)
    this.slow ??= new WordOverlap()
    return this.slow.compare(a, b)
  }
}

/** What `assembly/overlap.ts` offers; addresses are in bytes. */
interface Functions {
  overlap(
    textA: number,
    sizeA: number,
    textB: number,
    sizeB: number,
    folded: number,
    edges: number,
    table: number,
    pairs: number,
    told: number,
  ): number
}

const program = new Program<Functions>(overlapBytes)
type Kernel = NonNullable<ReturnType<typeof program.open>>

/** What the kernel works in; it keeps nothing from one comparison to the next, so that one is enough. */
class OverlapKernel {
  private readonly kernel: Kernel
  private readonly at: ReturnType<typeof places>['at']
  private readonly bytes: Uint8Array
  private readonly words: Int32Array

  private constructor(kernel: Kernel) {
    this.kernel = kernel
    this.at = places().at
    this.bytes = new Uint8Array(kernel.memory)
    this.words = new Int32Array(kernel.memory)
  }

  static open(): OverlapKernel | undefined {
    const kernel = program.open(places().bytes)
    return kernel && new OverlapKernel(kernel)
  }

  compare(a: PlainText, b: PlainText): PlainComparison | undefined {
    const { at } = this
    this.place(a, at.textA)
    this.place(b, at.textB)
    const [sizeA, sizeB] = [a.end - a.start, b.end - b.start]
    const inter = this.kernel.overlap(
      at.textA,
      sizeA,
      at.textB,
      sizeB,
      at.folded,
      at.edges,
      at.table,
      at.pairs,
      at.told,
    )
    if (inter < 0) return undefined
    const told = at.told >> 2
    return { inter, union: this.words[told]!, mayBeNumbers: this.words[told + 1] === 1 }
  }

  private place({ bytes, start, end }: PlainText, at: number): void {
    this.bytes.set(bytes.subarray(start, end), at)
  }
}

let shared: OverlapKernel | 'none' | undefined

function places() {
  // A word of a text has a byte at least, and another one behind it.
  const places = 1 << (32 - Math.clz32(2 * (longest + 1)))
  return layOut({
    told: 8,
    textA: longest + 96,
    textB: longest + 96,
    folded: 2 * (longest + 96),
    edges: 2 * 4 * (longest + 2),
    table: 32 * places,
    pairs: 8 * places,
  })
}
