const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The bytes that base64 without its padding stands for (RFC 4648). Not made for text from outside: nothing is checked. */
export function fromBase64(text: string): Uint8Array {
  const out = new Uint8Array((text.length * 3) >> 2)
  let held = 0
  for (let i = 0, to = 0; i < text.length; i++) {
    held = (held << 6) | digits.indexOf(text[i] as string)
    if ((i & 3) > 0) out[to++] = held >> (6 - 2 * (i & 3))
  }
  return out
}
