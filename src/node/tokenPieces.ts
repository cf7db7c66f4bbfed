/** What of a `tokenizer.json` tells how tokens are written. */
export interface PieceSource {
  readonly json: object
  token(id: number): string | undefined
  isAdded(id: number): boolean
}

/**
 * The text of each token as it stands in the text that was encoded: bytes joined to characters (a token that ends within a
 * character has none, the next one has it), blanks as blanks, marks of continuing pieces left out.
 */
export function pieceReader({ json, token, isAdded }: PieceSource): (ids: readonly number[]) => string[] {
  const parts = JSON.stringify([field(json, 'pre_tokenizer'), field(json, 'decoder')])
  const bytes = parts.includes('"ByteLevel"') ? byteOfCharacter() : undefined
  const prefix = field(field(json, 'model'), 'continuing_subword_prefix')
  const continuing = typeof prefix === 'string' ? prefix : undefined
  const plain = (text: string): string => {
    const spaced = text.replaceAll('\u2581', ' ')
    return continuing && spaced.startsWith(continuing) ? spaced.slice(continuing.length) : spaced
  }
  return ids => {
    let decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    return ids.map(id => {
      const text = token(id) ?? ''
      const own = isAdded(id) ? undefined : bytesOf(text, bytes)
      if (own) return decoder.decode(own, { stream: true })
      decoder = new TextDecoder('utf-8', { ignoreBOM: true })
      return isAdded(id) ? text : plain(text)
    })
  }
}

/** The bytes that a token stands for, where it stands for bytes: `Ġthe`, `<0xE2>`. */
function bytesOf(text: string, table: ReadonlyMap<string, number> | undefined): Uint8Array | undefined {
  const single = /^<0x([0-9A-F]{2})>$/.exec(text)
  if (single) return Uint8Array.of(Number.parseInt(single[1] as string, 16))
  if (!table) return undefined
  const found = [...text].map(c => table.get(c))
  return found.every(b => b !== undefined) ? Uint8Array.from(found) : undefined
}

/** The characters that byte-level vocabularies (Radford et al. 2019) write bytes with. */
export function byteOfCharacter(): Map<string, number> {
  const table = new Map<string, number>()
  let next = 256
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)
    table.set(String.fromCodePoint(printable ? byte : next++), byte)
  }
  return table
}

const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
