import type { FormColumns } from './formColumns.ts'
import { type JoinKernel, newJoinKernel } from './joinKernel.ts'
import { layOut } from './kernel.ts'
import { prefixLength, type Threshold } from './threshold.ts'

/** The level of a shingle is `table[shingle >>> shift]`; see `LevelTable`. */
interface Levels {
  readonly table: Uint8Array
  readonly shift: number
}

/** So many sets are looked at at a time, of so many shingles together. */
const most = { sets: 512, hashes: 1 << 16 } as const

/** The prefixes of slots as `Levels.prefix` gives them, by the kernel, several slots at a time: for who asks for slots in turn. */
export class LevelPrefixes {
  private readonly kernel: JoinKernel
  private readonly at: ReturnType<typeof places>['at']
  private readonly words: Uint32Array
  private readonly shift: number
  /** The slots [first, end) of `forms` are done at `t`, the prefix of slot s at `begin[s - first]`. */
  private forms: FormColumns | undefined
  private t: Threshold | undefined
  private first = 0
  private end = 0
  private readonly begin = new Uint32Array(most.sets + 1)

  private constructor(kernel: JoinKernel, { table, shift }: Levels) {
    this.kernel = kernel
    this.at = places(table.length).at
    this.words = new Uint32Array(kernel.memory)
    this.shift = shift
    new Uint8Array(kernel.memory).set(table, this.at.table)
  }

  /** Undefined where there is no kernel. */
  static of(levels: Levels): LevelPrefixes | undefined {
    const kernel = newJoinKernel(places(levels.table.length).bytes)
    return kernel && new LevelPrefixes(kernel, levels)
  }

  /** Writes the prefix of a slot to `out` from `at` and returns the new end; -1, with nothing written, where its set is too large. */
  prefix(forms: FormColumns, slot: number, t: Threshold, out: Uint32Array, at: number): number {
    if (forms !== this.forms || t !== this.t || slot < this.first || slot >= this.end)
      if (!this.run(forms, slot, t)) return -1
    const { words, begin } = this
    const from = begin[slot - this.first]!
    const length = begin[slot - this.first + 1]! - from
    for (let i = 0; i < length; i++) out[at + i] = words[from + i]!
    return at + length
  }

  private run(forms: FormColumns, first: number, t: Threshold): boolean {
    const { words, at, begin } = this
    const { start, count, pool } = forms
    const from = start[first]!
    const starts = at.starts >> 2
    const takes = at.takes >> 2
    let slot = first
    begin[0] = at.out >> 2
    for (; slot < count && slot - first < most.sets && start[slot + 1]! - from <= most.hashes; slot++) {
      const take = prefixLength(t, start[slot + 1]! - start[slot]!)
      words[starts + slot - first] = start[slot]! - from
      words[takes + slot - first] = take
      begin[slot - first + 1] = begin[slot - first]! + take
    }
    if (slot === first) return false
    words[starts + slot - first] = start[slot]! - from
    words.set(pool.subarray(from, start[slot]!), at.hashes >> 2)
    const { hashes, table, levels, counts } = at
    this.kernel.rarest(hashes, at.starts, slot - first, at.takes, table, this.shift, levels, counts, at.out)
    this.forms = forms
    this.t = t
    this.first = first
    this.end = slot
    return true
  }
}

function places(levels: number) {
  return layOut({
    starts: 4 * (most.sets + 1),
    takes: 4 * most.sets,
    counts: 1024,
    hashes: 4 * most.hashes,
    levels: most.hashes + 80,
    out: 4 * (most.hashes + 1),
    table: levels,
  })
}
