/*
 * AssemblyScript, not TypeScript: the words of a text, 64 bytes at a time. A part of both `kernel.ts` and `overlap.ts`.
 */

/**
 * Folds a text to lower case, 0 between words, and writes to `edges` where in what is folded words begin and end, in turn.
 * Returns their end, 0 where the text is not plain.
 */
export function read(text: usize, size: i32, folded: usize, edges: usize): usize {
  let inside: u64 = 0
  foreign = i8x16.splat(0)
  numbers = i8x16.splat(0)
  for (let at: usize = 0; at <= <usize>size; at += 64) {
    const from = text + at
    const to = folded + at
    const left = size - <i32>at
    const low = fold(from, to, left) | (fold(from + 16, to + 16, left - 16) << 16)
    const high = fold(from + 32, to + 32, left - 32) | (fold(from + 48, to + 48, left - 48) << 16)
    const mask = <u64>low | ((<u64>high) << 32)
    let turns = mask ^ ((mask << 1) | inside)
    inside = mask >> 63
    for (; turns !== 0; turns &= turns - 1) {
      store<u32>(edges, <u32>(folded + at + <usize>ctz(turns)))
      edges += 4
    }
  }
  if (v128.any_true(foreign)) return 0
  return edges
}

// Of the text that is read: bytes that are not plain, and digits.
let foreign: v128 = i8x16.splat(0)
let numbers: v128 = i8x16.splat(0)

/** Has the text that was read last a digit? */
export function hasDigits(): bool {
  return v128.any_true(numbers)
}

/** The number of each of 16 bytes. */
export const places = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

/** Folds 16 bytes, of which so many are left; a bit for each that belongs to a word. */
function fold(from: usize, to: usize, left: i32): u32 {
  const own = v128.and(v128.load(from), i8x16.lt_s(places, i8x16.splat(<i8>max(min(left, 16), 0))))
  const lower = v128.or(own, i8x16.splat(0x20))
  const digit = i8x16.lt_u(i8x16.sub(own, i8x16.splat(0x30)), i8x16.splat(10))
  const letter = i8x16.lt_u(i8x16.sub(lower, i8x16.splat(0x61)), i8x16.splat(26))
  const word = v128.or(digit, letter)
  foreign = v128.or(foreign, v128.or(i8x16.lt_s(own, i8x16.splat(0)), i8x16.eq(own, i8x16.splat(0x5c))))
  numbers = v128.or(numbers, digit)
  v128.store(to, v128.and(lower, word))
  return <u32>i8x16.bitmask(word)
}
