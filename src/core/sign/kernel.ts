import { fromBase64 } from '../base/base64.ts'
import { kernelBytes } from './generated/kernelBytes.ts'

/** What `assembly/kernel.ts` offers; addresses are in bytes. */
export interface Kernel {
  readonly memory: ArrayBuffer
  minhash(hashes: number, starts: number, sets: number, factors: number, shifts: number, k: number, out: number): void
  rarest(
    hashes: number,
    starts: number,
    sets: number,
    takes: number,
    table: number,
    shift: number,
    levels: number,
    counts: number,
    out: number,
  ): number
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
  const { WebAssembly } = globalThis as unknown as Host
  if (!WebAssembly || compiled === 'refused') return undefined
  try {
    compiled ??= new WebAssembly.Module(fromBase64(kernelBytes))
  } catch {
    compiled = 'refused'
    return undefined
  }
  const { memory, minhash, rarest, sign } = new WebAssembly.Instance(compiled).exports
  memory.grow(Math.ceil(bytes / pageBytes))
  return { memory: memory.buffer, minhash, rarest, sign }
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
