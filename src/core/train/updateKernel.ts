/* Memory in which a whole model's state lies and is updated in place, by the functions of `assembly/update.ts`. */
import { Program } from '../base/wasm.ts'
import { updateBytes } from './generated/updateBytes.ts'

/** What `assembly/update.ts` offers; addresses are in bytes. */
export interface UpdateKernel {
  readonly memory: ArrayBuffer
  adamw(
    p: number,
    m: number,
    v: number,
    g: number,
    n: number,
    keepFirst: number,
    first: number,
    keepSecond: number,
    second: number,
    keep: number,
    size: number,
    epsilon: number,
  ): void
  coast(
    p: number,
    m: number,
    v: number,
    n: number,
    keepFirst: number,
    keepSecond: number,
    keep: number,
    size: number,
    epsilon: number,
  ): void
  add(g: number, other: number, n: number): void
  squares(g: number, n: number): number
  follow(e: number, p: number, n: number, pull: number): void
}

const program = new Program<Omit<UpdateKernel, 'memory'>>(updateBytes)

/** A kernel with zeroed memory of its own, at least so many bytes; undefined where the host has no place for it. */
export const newUpdateKernel = (bytes: number): UpdateKernel | undefined => program.open(bytes)
