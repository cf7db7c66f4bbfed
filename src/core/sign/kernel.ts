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
    scratch: number,
    buckets: number,
    out: number,
    told: number,
  ): number
}

/** What a host with WebAssembly has; the core assumes none. */
interface Host {
  readonly WebAssembly?: {
    readonly Module: new (bytes: Uint8Array) => object
    readonly Instance: new (
      module: object,
    ) => {
      readonly exports: Omit<Kernel, 'memory'> & {
        readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): void }
      }
    }
  }
}

const pageBytes = 65536

let compiled: object | undefined | 'refused'

/**
 * A kernel with zeroed memory of its own, at least so many bytes; undefined where the host has no WebAssembly with vectors or
 * does not allow it (a page whose policy forbids it). Whoever asks then does the same work in TypeScript.
 */
export function newKernel(bytes: number): Kernel | undefined {
  const { WebAssembly } = globalThis as Host
  if (!WebAssembly || compiled === 'refused') return undefined
  try {
    compiled ??= new WebAssembly.Module(fromBase64(kernelBytes))
  } catch {
    compiled = 'refused'
    return undefined
  }
  const { memory, minhash, sign } = new WebAssembly.Instance(compiled).exports
  memory.grow(Math.ceil(bytes / pageBytes))
  return { memory: memory.buffer, minhash, sign }
}

/** Hands out the memory of a kernel from its begin: where each of several lists of so many bytes stands. */
export function layOut<Name extends string>(sizes: { readonly [name in Name]: number }) {
  const at = {} as { [name in Name]: number }
  let bytes = 1024
  for (const name of Object.keys(sizes) as Name[]) {
    at[name] = bytes
    bytes += (sizes[name] + 63) & ~63
  }
  return { at, bytes }
}

function fromBase64(text: string): Uint8Array {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const out = new Uint8Array((text.length * 3) >> 2)
  let held = 0
  for (let i = 0, to = 0; i < text.length; i++) {
    held = (held << 6) | digits.indexOf(text[i]!)
    if ((i & 3) > 0) out[to++] = held >> (6 - 2 * (i & 3))
  }
  return out
}
