/*
 * AssemblyScript, not TypeScript: how much two texts share, by their words themselves. `plainOverlap.ts` beside this folder says what is
 * where in memory; `WordOverlap` is the same in TypeScript, which test/core/sign/plainOverlap.test.ts holds this to, and
 * test/core/sign/kernel.test.ts builds `generated/overlapBytes.ts` from this file. Nothing is allocated here.
 */
import { hasDigits, places, read } from './words.ts'

/**
 * The overlap of the sets of words and neighbouring words of two plain texts (ASCII without backslashes), exact: a word is
 * known by its letters. Text A is the `sizeA` bytes at `textA`; behind each there are 96 bytes more. `folded` holds as many bytes as
 * both have with these, `edges` as many words; `table` 32 bytes and `pairs` 8 for each of at least twice as many places as the
 * two have words together, a power of two. Answers the size of the intersection, or -1 where a text is not plain, and writes to
 * `told` the size of the union and 1 where the texts may differ in their numbers only.
 */
// biome-ignore format: a line for each of them is a page
export function overlap(
  textA: usize, sizeA: i32, textB: usize, sizeB: i32, folded: usize, edges: usize, table: usize, pairs: usize,
  told: usize,
): i32 {
  const foldedB = folded + <usize>sizeA + 96
  const endA = read(textA, sizeA, folded, edges)
  if (endA === 0) return -1
  let digits = hasDigits()
  const endB = read(textB, sizeB, foldedB, endA)
  if (endB === 0) return -1
  digits = digits || hasDigits()
  const words = <i32>((endB - edges) >> 3)
  const bits = max(5, 32 - clz(words * 2))
  memory.fill(table, 0, (<usize>32) << bits)
  memory.fill(pairs, 0, (<usize>8) << bits)
  inter = 0
  union = 0
  known = 0
  see(edges, endA, 1, table, pairs, 32 - bits)
  see(endA, endB, 2, table, pairs, 32 - bits)
  store<i32>(told, union)
  store<i32>(told, digits && endA - edges === endB - endA ? 1 : 0, 4)
  return inter
}

// Of the two texts that are compared: shared shingles, all of them, and distinct words.
let inter: i32 = 0
let union: i32 = 0
let known: u32 = 0

/** Counts the words between these edges and their pairs for a text, 1 or 2. */
function see(edges: usize, end: usize, text: i32, table: usize, pairs: usize, shift: i32): void {
  let before: u32 = 0
  for (let edge = edges; edge < end; edge += 8) {
    const word = number(<usize>load<u32>(edge), load<u32>(edge, 4) - load<u32>(edge), text, table, shift)
    if (edge !== edges) pair((before << 16) | word, text, pairs, shift)
    before = word
  }
}

// 2^64 over the golden ratio.
const golden: u64 = ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15

/** The number of a word, by its letters. What lies in a place: its first 16 letters, length, number, begin, and texts it is in. */
function number(at: usize, length: u32, text: i32, table: usize, shift: i32): u32 {
  const letters = v128.and(v128.load(at), i8x16.lt_u(places, i8x16.splat(<i8>min(length, 16))))
  let mix = i64x2.extract_lane(letters, 0) * golden + i64x2.extract_lane(letters, 1)
  if (length > 16) mix ^= rotl<u64>(load<u64>(at + <usize>length - 8), 29)
  mix = (mix ^ (mix >> 32)) * golden
  const mask = ((<usize>32) << (32 - shift)) - 1
  let place = (<usize>(<u32>(mix >> 32) >>> shift)) << 5
  while (true) {
    const entry = table + place
    const size = load<u32>(entry, 16)
    if (size === 0) {
      v128.store(entry, letters)
      store<u32>(entry, length, 16)
      store<u32>(entry, known, 20)
      store<u32>(entry, <u32>at, 24)
      store<i32>(entry, text, 28)
      union++
      return known++
    }
    if (
      size === length &&
      !v128.any_true(v128.xor(v128.load(entry), letters)) &&
      (length <= 16 || memory.compare(at + 16, <usize>load<u32>(entry, 24) + 16, <usize>(length - 16)) === 0)
    ) {
      const texts = load<i32>(entry, 28)
      inter += select<i32>(1, 0, (texts & text) === 0)
      store<i32>(entry, texts | text, 28)
      return load<u32>(entry, 20)
    }
    place = (place + 32) & mask
  }
}

function pair(key: u32, text: i32, pairs: usize, shift: i32): void {
  const mask = ((<usize>8) << (32 - shift)) - 1
  let place = (<usize>(((key ^ (key >>> 15)) * <u32>0x85ebca6b) >>> shift)) << 3
  while (true) {
    const entry = pairs + place
    const texts = load<i32>(entry, 4)
    if (texts === 0) {
      store<u32>(entry, key)
      store<i32>(entry, text, 4)
      union++
      return
    }
    if (load<u32>(entry) === key) {
      inter += select<i32>(1, 0, (texts & text) === 0)
      store<i32>(entry, texts | text, 4)
      return
    }
    place = (place + 8) & mask
  }
}
