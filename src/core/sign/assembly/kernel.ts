/*
 * AssemblyScript, not TypeScript: what signing spends its time on, with 128-bit vectors. `kernel.ts` beside this folder says what
 * is where in memory and holds the same in TypeScript's words; test/core/sign/kernel.test.ts holds the two to each other and
 * builds `generated/kernelBytes.ts` from this file. Nothing is allocated here: every address comes as an argument.
 */

import { places, read } from './words.ts'

const seedA: i32 = 0x811c9dc5
const seedB: i32 = 0x5bd1e995
const primeA: i32 = 0x01000193
const primeB: i32 = 0x27d4eb2f
const pushA: i32 = 0x2c1b3c6d
const pushB: i32 = 0x297a2d39
const k1: i32 = 0x9e3779b1
const k2: i32 = 0x85ebca77
const k3: i32 = 0x7feb352d
const k4: i32 = 0x846ca68b
const k5: i32 = 0xc2b2ae3d
const k6: i32 = 0x165667b1
const mixA: i32 = 0x85ebca6b
const mixB: i32 = 0xc2b2ae35

/** In bytes: what is told of a row. Its shingles; the 64 bits of its form; its parity bits, 64 and 256. */
const rowSize: usize = 52
const notPlain: i32 = -1

/**
 * MinHash signatures of `sets` sets: set s is `hashes[starts[s] .. starts[s + 1])`. `k` is a multiple of 16; the signature of
 * set s is written to `out[s * k .. (s + 1) * k)`.
 */
// biome-ignore format: a line for each of them is a page
export function minhash(
  hashes: usize, starts: usize, sets: i32, factors: usize, shifts: usize, k: i32, out: usize,
): void {
  const end = (<usize>k) << 2
  for (let s: i32 = 0; s < sets; s++) {
    const from = hashes + ((<usize>load<u32>(starts)) << 2)
    const to = hashes + ((<usize>load<u32>(starts, 4)) << 2)
    starts += 4
    // Sixteen functions at a time: their factors, shifts and least values stay in registers.
    for (let i: usize = 0; i < end; i += 64) {
      const a0 = v128.load(factors + i, 0)
      const a1 = v128.load(factors + i, 16)
      const a2 = v128.load(factors + i, 32)
      const a3 = v128.load(factors + i, 48)
      const b0 = v128.load(shifts + i, 0)
      const b1 = v128.load(shifts + i, 16)
      const b2 = v128.load(shifts + i, 32)
      const b3 = v128.load(shifts + i, 48)
      let m0 = i32x4.splat(-1)
      let m1 = m0
      let m2 = m0
      let m3 = m0
      for (let at = from; at < to; at += 4) {
        const x = v128.load_splat<u32>(at)
        m0 = i32x4.min_u(m0, i32x4.add(i32x4.mul(x, a0), b0))
        m1 = i32x4.min_u(m1, i32x4.add(i32x4.mul(x, a1), b1))
        m2 = i32x4.min_u(m2, i32x4.add(i32x4.mul(x, a2), b2))
        m3 = i32x4.min_u(m3, i32x4.add(i32x4.mul(x, a3), b3))
      }
      v128.store(out + i, m0, 0)
      v128.store(out + i, m1, 16)
      v128.store(out + i, m2, 32)
      v128.store(out + i, m3, 48)
    }
    out += end
  }
}

/**
 * Signs `rows` texts. Text r is the bytes from `spans[2 r]` to `spans[2 r + 1]`; `fold` gives for each byte its code in the
 * normal form, 0 where it separates and 1 where the text is not plain. Words are hashed where `word` is 1, characters where
 * it is 0; n-grams of `first` and, where it is not 0, of `second` tokens. Writes the distinct shingles of the rows one after
 * the other to `out`, ascending in each, and `rowSize` bytes a row to `told`. `laneA`, `laneB` and `scratch` hold as many
 * words as the longest text has bytes, and 16 more; `buckets` 1028. Returns the end of what was written to `out`.
 */
// biome-ignore format: a line for each of them is a page
export function sign(
  spans: usize, rows: i32, fold: usize, word: i32, first: i32, second: i32, laneA: usize, laneB: usize,
  folded: usize, scratch: usize, buckets: usize, out: usize, told: usize,
): usize {
  for (let r: i32 = 0; r < rows; r++) {
    const from = <usize>load<u32>(spans)
    const to = <usize>load<u32>(spans, 4)
    spans += 8
    const length = word ? words(from, to, folded, scratch, laneA, laneB) : codes(from, to, fold, laneA, laneB)
    let n = length
    if (length > 0) {
      form(laneA, laneB, length, told)
      let end = grams(laneA, laneB, length, first, scratch)
      if (second && length >= second) end = grams(laneA, laneB, length, second, end)
      n = sortDistinct(scratch, <i32>((end - scratch) >> 2), out, buckets)
      parity(out, n, told)
      out += (<usize>n) << 2
    }
    store<i32>(told, n)
    told += rowSize
  }
  return out
}

/** Hashes the words of a text into two lanes; how many there are, `notPlain` where the text is not plain. `edges` is used up. */
function words(from: usize, to: usize, folded: usize, edges: usize, laneA: usize, laneB: usize): i32 {
  const end = read(from, <i32>(to - from), folded, edges)
  if (end === 0) return notPlain
  let lane: usize = 0
  for (let edge = edges; edge < end; edge += 8) {
    hashWord(<usize>load<u32>(edge), load<i32>(edge, 4) - load<i32>(edge), laneA + lane, laneB + lane)
    lane += 4
  }
  for (let at: usize = 0; at < lane; at += 16) {
    const a = v128.load(laneA + at)
    const b = v128.load(laneB + at)
    const x = i32x4.mul(v128.xor(a, i32x4.shr_u(a, 15)), i32x4.splat(pushA))
    const y = i32x4.mul(v128.xor(b, i32x4.shr_u(b, 16)), i32x4.splat(pushB))
    v128.store(laneA + at, v128.xor(x, i32x4.shr_u(x, 12)))
    v128.store(laneB + at, v128.xor(y, i32x4.shr_u(y, 15)))
  }
  return <i32>(lane >> 2)
}

/** What the letters of a word are multiplied with, by their places: for the one lane and for the other. */
// biome-ignore format: a line for each factor is a page
const factors = memory.data<i32>([
  <i32>0xeccf7d57, <i32>0x630d65e5, <i32>0x4a11ffd3, <i32>0x1cb000fd,
  <i32>0xd3572a05, <i32>0x5514ed2d, <i32>0x25d05d37, <i32>0x624408d3,
  <i32>0xe1606879, <i32>0x7899781f, <i32>0x77aef381, <i32>0xab9bae9b,
  <i32>0xc7fd99d7, <i32>0x6059d121, <i32>0x65c4d557, <i32>0x43b4343b,
  <i32>0xb6ca61a5, <i32>0x53f1788b, <i32>0xec16b92d, <i32>0x57a46451,
  <i32>0xa6efee9f, <i32>0x57dfb1a3, <i32>0x41059913, <i32>0x88c855f3,
  <i32>0xe7411737, <i32>0xc0418d8d, <i32>0xf7ae2ba1, <i32>0xb7f9b955,
  <i32>0x2c7e0e43, <i32>0xb5dc25f7, <i32>0xe760cd89, <i32>0xf220e83d,
])

/** The letters of a word times the factors of their places, added up; sixteen at a time. */
function hashWord(at: usize, length: i32, laneA: usize, laneB: usize): void {
  let a = seedA
  let b = seedB
  while (true) {
    const word = v128.and(v128.load(at), i8x16.lt_u(places, i8x16.splat(<i8>min(length, 16))))
    const low = i16x8.extend_low_i8x16_u(word)
    const high = i16x8.extend_high_i8x16_u(word)
    const x0 = i32x4.extend_low_i16x8_u(low)
    const x1 = i32x4.extend_high_i16x8_u(low)
    const x2 = i32x4.extend_low_i16x8_u(high)
    const x3 = i32x4.extend_high_i16x8_u(high)
    const A = i32x4.add(
      i32x4.add(i32x4.mul(x0, v128.load(factors, 0)), i32x4.mul(x1, v128.load(factors, 16))),
      i32x4.add(i32x4.mul(x2, v128.load(factors, 32)), i32x4.mul(x3, v128.load(factors, 48))),
    )
    const B = i32x4.add(
      i32x4.add(i32x4.mul(x0, v128.load(factors, 64)), i32x4.mul(x1, v128.load(factors, 80))),
      i32x4.add(i32x4.mul(x2, v128.load(factors, 96)), i32x4.mul(x3, v128.load(factors, 112))),
    )
    const pairs = i32x4.add(i32x4.shuffle(A, B, 0, 4, 2, 6), i32x4.shuffle(A, B, 1, 5, 3, 7))
    const both = i32x4.add(pairs, i32x4.shuffle(pairs, pairs, 2, 3, 0, 1))
    a += i32x4.extract_lane(both, 0)
    b += i32x4.extract_lane(both, 1)
    if (length <= 16) break
    at += 16
    length -= 16
    a = (a ^ (a >>> 15)) * primeA
    b = (b ^ (b >>> 15)) * primeB
  }
  store<i32>(laneA, a)
  store<i32>(laneB, b)
}

/** As `words`, of characters; one space stands between words. */
function codes(from: usize, to: usize, fold: usize, laneA: usize, laneB: usize): i32 {
  let n: i32 = 0
  let gap = false
  for (let at = from; at < to; at++) {
    const folded = <i32>load<u8>(fold + <usize>load<u8>(at))
    if (folded === 1) return notPlain
    if (folded === 0) gap = n > 0
    else {
      if (gap) push(laneA, laneB, n++, (seedA ^ 32) * primeA, (seedB ^ 32) * primeB)
      gap = false
      push(laneA, laneB, n++, (seedA ^ folded) * primeA, (seedB ^ folded) * primeB)
    }
  }
  return n
}

function push(laneA: usize, laneB: usize, n: i32, a: i32, b: i32): void {
  const x = (a ^ (a >>> 15)) * pushA
  const y = (b ^ (b >>> 16)) * pushB
  const at = (<usize>n) << 2
  store<i32>(laneA + at, x ^ (x >>> 12))
  store<i32>(laneB + at, y ^ (y >>> 15))
}

/** The 64 bits that stand for the tokens in their order. */
function form(laneA: usize, laneB: usize, length: i32, told: usize): void {
  let a = length
  let b = ~length
  const end = laneA + ((<usize>length) << 2)
  for (let at = laneA; at < end; at += 4) {
    a = (a ^ load<i32>(at)) * mixA
    a ^= a >>> 13
    b = (b + load<i32>(laneB + (at - laneA))) * <i32>0xcc9e2d51
    b ^= b >>> 15
  }
  store<i32>(told, a, 4)
  store<i32>(told, b, 8)
}

/** Appends the hashes of the n-grams of one size, or of the whole text where it is shorter; returns their end. */
function grams(laneA: usize, laneB: usize, length: i32, size: i32, out: usize): usize {
  if (length >= size && size <= 2) return shortGrams(laneA, laneB, length, size, out)
  const width = min(size, length)
  const count = max(1, length - size + 1)
  for (let i: i32 = 0; i < count; i++) {
    // The width in the seed keeps "ok" apart from "ok ok" where both are shorter than one n-gram.
    let x = width * k1
    let y = width
    for (let j = i; j < i + width; j++) {
      const at = (<usize>j) << 2
      x = (x ^ load<i32>(laneA + at)) * k3
      x ^= x >>> 15
      y = y * k5 + load<i32>(laneB + at)
    }
    x += y * k6
    x = (x ^ (x >>> 16)) * mixA
    x = (x ^ (x >>> 13)) * mixB
    store<i32>(out, x ^ (x >>> 16))
    out += 4
  }
  return out
}

/** Four at a time; up to three words behind the end are written, too. */
function shortGrams(laneA: usize, laneB: usize, length: i32, size: i32, out: usize): usize {
  const bytes = (<usize>(length - size + 1)) << 2
  for (let at: usize = 0; at < bytes; at += 16) {
    const a = v128.load(laneA + at)
    const b = v128.load(laneB + at)
    let x: v128
    if (size === 1) x = i32x4.add(i32x4.mul(a, i32x4.splat(k1)), i32x4.mul(b, i32x4.splat(k2)))
    else {
      const c = v128.load(laneA + at, 4)
      const d = v128.load(laneB + at, 4)
      const left = i32x4.add(i32x4.mul(a, i32x4.splat(k3)), i32x4.mul(b, i32x4.splat(k4)))
      const right = i32x4.add(i32x4.mul(c, i32x4.splat(k5)), i32x4.mul(d, i32x4.splat(k6)))
      x = i32x4.add(i32x4.add(left, right), i32x4.splat(2))
    }
    x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(mixA))
    x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 13)), i32x4.splat(mixB))
    v128.store(out + at, v128.xor(x, i32x4.shr_u(x, 16)))
  }
  return out + bytes
}

/** So many hashes are put in their places by counting, for each, those below it; more of them by buckets. */
const fewHashes: i32 = 64

/** The distinct ones of `n` hashes, ascending; returns how many. `list` is used up, and 16 bytes behind it. */
function sortDistinct(list: usize, n: i32, out: usize, buckets: usize): i32 {
  return n <= fewHashes ? sortFew(list, n, out) : sortMany(list, n, out, buckets)
}

function sortFew(list: usize, n: i32, out: usize): i32 {
  const end = (<usize>n) << 2
  const flip = i32x4.splat(<i32>0x80000000)
  // What is behind the end is above all others.
  v128.store(list + end, i32x4.splat(-1))
  for (let at: usize = 0; at < end; at += 16) {
    v128.store(list + at, v128.xor(v128.load(list + at), flip))
    v128.store(out + at, i32x4.splat(0))
  }
  for (let at: usize = 0; at < end; at += 16) {
    const x = v128.load(list + at)
    const x0 = i32x4.splat(i32x4.extract_lane(x, 0))
    const x1 = i32x4.splat(i32x4.extract_lane(x, 1))
    const x2 = i32x4.splat(i32x4.extract_lane(x, 2))
    const x3 = i32x4.splat(i32x4.extract_lane(x, 3))
    let c0 = i32x4.splat(0)
    let c1 = c0
    let c2 = c0
    let c3 = c0
    for (let other: usize = 0; other < end; other += 16) {
      const y = v128.load(list + other)
      c0 = i32x4.sub(c0, i32x4.gt_s(x0, y))
      c1 = i32x4.sub(c1, i32x4.gt_s(x1, y))
      c2 = i32x4.sub(c2, i32x4.gt_s(x2, y))
      c3 = i32x4.sub(c3, i32x4.gt_s(x3, y))
    }
    const rest = end - at
    store<i32>(out + (sum(c0) << 2), i32x4.extract_lane(x, 0) ^ <i32>0x80000000)
    if (rest > 4) store<i32>(out + (sum(c1) << 2), i32x4.extract_lane(x, 1) ^ <i32>0x80000000)
    if (rest > 8) store<i32>(out + (sum(c2) << 2), i32x4.extract_lane(x, 2) ^ <i32>0x80000000)
    if (rest > 12) store<i32>(out + (sum(c3) << 2), i32x4.extract_lane(x, 3) ^ <i32>0x80000000)
  }
  // Equal ones went to one place and left zeros behind it; a zero that was given is the first.
  let distinct: usize = 4
  for (let at: usize = 4; at < end; at += 4) {
    const value = load<i32>(out + at)
    store<i32>(out + distinct, value)
    distinct += select<usize>(4, 0, value !== 0)
  }
  return <i32>(distinct >> 2)
}

function sum(x: v128): usize {
  const pairs = i32x4.add(x, i32x4.shuffle(x, x, 2, 3, 0, 1))
  return <usize>(i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1))
}

/** Hashes are uniform: one pass into buckets, then insertion. */
function sortMany(list: usize, n: i32, out: usize, buckets: usize): i32 {
  const bits = min(10, 32 - clz(n - 1))
  const shift = 32 - bits
  const end = list + ((<usize>n) << 2)
  const size = (<usize>4) << bits
  memory.fill(buckets, 0, size + 4)
  for (let at = list; at < end; at += 4) {
    const bucket = buckets + ((<usize>(load<u32>(at) >>> shift)) << 2)
    store<i32>(bucket, load<i32>(bucket, 4) + 1, 4)
  }
  let before: i32 = 0
  for (let at = buckets; at < buckets + size; at += 4) {
    before += load<i32>(at)
    store<i32>(at, before)
  }
  for (let at = list; at < end; at += 4) {
    const value = load<u32>(at)
    const bucket = buckets + ((<usize>(value >>> shift)) << 2)
    const to = load<u32>(bucket)
    store<i32>(bucket, to + 1)
    store<u32>(out + ((<usize>to) << 2), value)
  }
  const last = out + ((<usize>n) << 2)
  for (let at = out + 4; at < last; at += 4) {
    const value = load<u32>(at)
    let to = at
    while (to > out && load<u32>(to - 4) > value) {
      store<u32>(to, load<u32>(to - 4))
      to -= 4
    }
    store<u32>(to, value)
  }
  let distinct = out
  for (let at = out + 4; at < last; at += 4) {
    const value = load<u32>(at)
    if (value === load<u32>(distinct)) continue
    distinct += 4
    store<u32>(distinct, value)
  }
  return <i32>((distinct - out) >> 2) + 1
}

/** Flips a bit for each hash: one of 64, one of 256. */
function parity(hashes: usize, n: i32, told: usize): void {
  let bits: u64 = 0
  const wide = told + 20
  store<u64>(wide, 0, 0)
  store<u64>(wide, 0, 8)
  store<u64>(wide, 0, 16)
  store<u64>(wide, 0, 24)
  const end = hashes + ((<usize>n) << 2)
  for (let at = hashes; at < end; at += 4) {
    const hash = load<u32>(at)
    const own = <u64>(hash & 63)
    bits ^= (1 as u64) << own
    const bit = (hash * <u32>0x85ebca6b) >>> 24
    const word = wide + ((<usize>(bit >>> 5)) << 2)
    store<u32>(word, load<u32>(word) ^ ((<u32>1) << (bit & 31)))
  }
  store<u64>(told, bits, 12)
}
