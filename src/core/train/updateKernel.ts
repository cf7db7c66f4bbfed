/* Memory in which a whole model's state lies and is updated in place, by the functions of `assembly/update.ts`. */
import { fromBase64 } from '../base/base64.ts'
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

/** What a host with WebAssembly has; the core assumes none. */
interface Host {
  readonly WebAssembly?: {
    readonly Module: new (bytes: Uint8Array) => object
    readonly Instance: new (
      module: object,
    ) => {
      readonly exports: Omit<UpdateKernel, 'memory'> & {
        readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): void }
      }
    }
  }
}

const pageBytes = 65536
/** Addresses have 32 bits. */
const most = 65535 * pageBytes

/**
 * A kernel with zeroed memory of its own, at least so many bytes. Undefined where the host has no WebAssembly with vectors, or
 * where that is more than it can address (4 GB) or give.
 */
export function newUpdateKernel(bytes: number): UpdateKernel | undefined {
  const { WebAssembly } = globalThis as Host
  if (!WebAssembly || bytes > most) return undefined
  try {
    const module = new WebAssembly.Module(fromBase64(updateBytes))
    const { memory, ...functions } = new WebAssembly.Instance(module).exports
    memory.grow(Math.ceil(bytes / pageBytes))
    return { ...functions, memory: memory.buffer }
  } catch {
    return undefined
  }
}
