import { fromBase64 } from './base64.ts'

/** What a host with WebAssembly has; the core assumes none. */
interface Host {
  readonly WebAssembly?: {
    readonly Module: new (bytes: Uint8Array) => object
    readonly Instance: new (
      module: object,
    ) => { readonly exports: { readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): void } } }
  }
}

const pageBytes = 65536
/** Addresses have 32 bits. */
const most = 65535 * pageBytes

/** A WebAssembly program in base64, compiled when it is first opened. `Functions` are what it exports beside its memory. */
export class Program<Functions extends object> {
  private readonly base64: string
  private compiled: object | undefined

  constructor(base64: string) {
    this.base64 = base64
  }

  /**
   * Its functions over zeroed memory of their own, at least so many bytes. Undefined where the host has no WebAssembly with vectors or
   * does not allow it (a page whose policy forbids it), or where that is more than can be addressed (4 GB) or given.
   */
  open(bytes: number): (Functions & { readonly memory: ArrayBuffer }) | undefined {
    const { WebAssembly } = globalThis as unknown as Host
    if (!WebAssembly || bytes > most) return undefined
    try {
      this.compiled ??= new WebAssembly.Module(fromBase64(this.base64))
      const { memory, ...functions } = new WebAssembly.Instance(this.compiled).exports
      memory.grow(Math.ceil(bytes / pageBytes))
      return { ...(functions as Functions), memory: memory.buffer }
    } catch {
      return undefined
    }
  }
}
