import { Program } from '../base/wasm.ts'
import { kernelBytes } from './generated/kernelBytes.ts'

/** What `assembly/kernel.ts` offers; addresses are in bytes. */
export interface Kernel {
  readonly memory: ArrayBuffer
  minhash(hashes: number, starts: number, sets: number, factors: number, shifts: number, k: number, out: number): void
  sign(
    spans: number,
    rows: number,
    fold: number,
    word: number,
    first: number,
    second: number,
    laneA: number,
    laneB: number,
    folded: number,
    scratch: number,
    buckets: number,
    out: number,
    told: number,
  ): number
}

const program = new Program<Omit<Kernel, 'memory'>>(kernelBytes)

/** A kernel with zeroed memory of its own, at least so many bytes. Whoever gets none does the same work in TypeScript. */
export const newKernel = (bytes: number): Kernel | undefined => program.open(bytes)

/** Hands out the memory of a kernel from its begin: where each of several lists of so many bytes stands. */
export function layOut<Name extends string>(sizes: { readonly [name in Name]: number }) {
  const at = {} as { [name in Name]: number }
  // Before that lies what is constant.
  let bytes = 2048
  for (const name of Object.keys(sizes) as Name[]) {
    at[name] = bytes
    bytes += (sizes[name] + 63) & ~63
  }
  return { at, bytes }
}
