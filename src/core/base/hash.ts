import stringify from 'fast-json-stable-stringify'

/** Same value, same text, whatever the order of its keys. NaN and undefined are not values. */
export function canonical(value: unknown): string {
  return stringify(value)
}

/** 128 bits of content hash as 32 hex digits (MurmurHash3 x86_128, Appleby, public domain algorithm). */
export function contentHash(content: Uint8Array | string): string {
  const bytes = typeof content === 'string' ? utf8(content) : content
  return murmur128(bytes)
    .map(word => (word >>> 0).toString(16).padStart(8, '0'))
    .join('')
}

/** UTF-8 without `TextEncoder`, which the pure core's library does not name. Lone surrogates become U+FFFD. */
function utf8(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 3)
  let n = 0
  for (let i = 0; i < text.length; i++) {
    let c = text.charCodeAt(i)
    if (c < 0x80) {
      out[n++] = c
      continue
    }
    if (c >= 0xd800 && c <= 0xdfff) {
      const next = text.charCodeAt(i + 1)
      if (c < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
        c = 0x10000 + ((c - 0xd800) << 10) + (next - 0xdc00)
        i++
        out[n++] = 0xf0 | (c >> 18)
        out[n++] = 0x80 | ((c >> 12) & 63)
        out[n++] = 0x80 | ((c >> 6) & 63)
        out[n++] = 0x80 | (c & 63)
        continue
      }
      c = 0xfffd
    }
    if (c < 0x800) out[n++] = 0xc0 | (c >> 6)
    else {
      out[n++] = 0xe0 | (c >> 12)
      out[n++] = 0x80 | ((c >> 6) & 63)
    }
    out[n++] = 0x80 | (c & 63)
  }
  return out.subarray(0, n)
}

const rotate = (x: number, r: number) => (x << r) | (x >>> (32 - r))

function finish(h: number): number {
  let x = h ^ (h >>> 16)
  x = Math.imul(x, 0x85ebca6b)
  x ^= x >>> 13
  x = Math.imul(x, 0xc2b2ae35)
  return x ^ (x >>> 16)
}

function murmur128(bytes: Uint8Array): [number, number, number, number] {
  const c = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93] as const
  let [h1, h2, h3, h4] = [0, 0, 0, 0]
  const length = bytes.length
  const word = (at: number) => {
    let w = 0
    for (let i = 0; i < 4; i++) if (at + i < length) w |= (bytes[at + i] as number) << (8 * i)
    return w
  }
  const whole = length & ~15
  for (let i = 0; i < whole; i += 16) {
    h1 ^= Math.imul(rotate(Math.imul(word(i), c[0]), 15), c[1])
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= Math.imul(rotate(Math.imul(word(i + 4), c[1]), 16), c[2])
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= Math.imul(rotate(Math.imul(word(i + 8), c[2]), 17), c[3])
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= Math.imul(rotate(Math.imul(word(i + 12), c[3]), 18), c[0])
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  if (whole < length) {
    h1 ^= Math.imul(rotate(Math.imul(word(whole), c[0]), 15), c[1])
    h2 ^= Math.imul(rotate(Math.imul(word(whole + 4), c[1]), 16), c[2])
    h3 ^= Math.imul(rotate(Math.imul(word(whole + 8), c[2]), 17), c[3])
    h4 ^= Math.imul(rotate(Math.imul(word(whole + 12), c[3]), 18), c[0])
  }
  h1 ^= length
  h2 ^= length
  h3 ^= length
  h4 ^= length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  h1 = finish(h1)
  h2 = finish(h2)
  h3 = finish(h3)
  h4 = finish(h4)
  h1 = (h1 + h2 + h3 + h4) | 0
  return [h1, (h2 + h1) | 0, (h3 + h1) | 0, (h4 + h1) | 0]
}
