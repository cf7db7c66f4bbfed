/**
 * Words that are put away, as a rule in a temporary file, and read again where they are needed. What was appended stays where
 * it is.
 */
export interface Spill {
  /** How many words there are: where the next ones will be. */
  readonly length: number
  append(words: Uint32Array): void
  /** The words [from, to), as a copy. */
  read(from: number, to: number): Uint32Array
  /** Gives back what it takes; nothing can be read afterwards. */
  close(): void
}

/** Makes a spill for one piece of work. */
export type OpenSpill = () => Spill

/** Words in memory, for whoever has no disk. */
export class HeldSpill implements Spill {
  length = 0
  private readonly blocks: Uint32Array[] = []

  append(words: Uint32Array): void {
    for (let at = 0; at < words.length; ) {
      const inside = this.length & (blockLength - 1)
      if (inside === 0) this.blocks.push(new Uint32Array(blockLength))
      const part = words.subarray(at, at + blockLength - inside)
      this.blocks.at(-1)!.set(part, inside)
      this.length += part.length
      at += part.length
    }
  }

  read(from: number, to: number): Uint32Array {
    const out = new Uint32Array(to - from)
    for (let at = from; at < to; ) {
      const inside = at % blockLength
      const block = this.blocks[(at - inside) / blockLength]!
      const part = block.subarray(inside, inside + to - at)
      out.set(part, at - from)
      at += part.length
    }
    return out
  }

  close(): void {
    this.blocks.length = 0
  }
}

const blockLength = 1 << 16
