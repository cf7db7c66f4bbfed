/**
 * What the core may take from its host beside the language: every host (Node, the editor, a browser) has it, and
 * writing a decoder anew would be slower and no purer.
 */
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(input?: Uint8Array): string
}
declare class TextEncoder {
  encode(input?: string): Uint8Array
  /** Writes what fits, whole characters only. */
  encodeInto(input: string, into: Uint8Array): { readonly read: number; readonly written: number }
}
