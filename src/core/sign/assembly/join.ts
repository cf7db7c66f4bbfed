/*
 * AssemblyScript, not TypeScript: what a join spends its time on, with 128-bit vectors. `joinKernel.ts` beside this folder says
 * what is offered; `levelPrefixes.ts` and `pairJoin.ts` say what is where in memory. The same in TypeScript is `Levels` and `joinPairs`,
 * which tests hold this to; test/core/sign/kernel.test.ts builds `generated/joinBytes.ts` from this file. Nothing is allocated here:
 * every address comes as an argument.
 */

/**
 * Counts the shingles of every `step`-th of `sets` sets, by their upper bits: set s is `hashes[starts[s] .. starts[s + 1])`, the
 * counter of a shingle `counts[shingle >>> shift]`. Sets without a take (see `rarest`) are left out.
 */
// biome-ignore format: a line for each of them is a page
export function count(
  hashes: usize, starts: usize, sets: i32, takes: usize, step: i32, counts: usize, shift: i32,
): void {
  for (let s: i32 = 0; s < sets; s += step) {
    const at = (<usize>s) << 2
    if (load<i32>(takes + at) === 0) continue
    const end = hashes + ((<usize>load<u32>(starts + at, 4)) << 2)
    for (let hash = hashes + ((<usize>load<u32>(starts + at)) << 2); hash < end; hash += 4) {
      const counter = counts + ((<usize>(load<u32>(hash) >>> shift)) << 2)
      store<u32>(counter, load<u32>(counter) + 1)
    }
  }
}

/** The level of each of `n` counters, a multiple of 16: exact up to 15, then eight levels for each doubling. */
export function grade(counts: usize, n: i32, table: usize): void {
  const end = table + <usize>n
  for (; table < end; table += 16) {
    // Signed first: what is above 15 bits stays large.
    const low = i16x8.narrow_i32x4_s(v128.load(counts, 0), v128.load(counts, 16))
    const high = i16x8.narrow_i32x4_s(v128.load(counts, 32), v128.load(counts, 48))
    const few = i8x16.narrow_i16x8_u(low, high)
    if (i8x16.bitmask(i8x16.gt_u(few, i8x16.splat(15))) === 0) v128.store(table, few)
    else
      for (let i: usize = 0; i < 16; i++) {
        const c = load<u32>(counts + (i << 2))
        const log = 31 - clz(c)
        store<u8>(table + i, c < 16 ? c : 16 + (log - 4) * 8 + ((c >>> (log - 3)) & 7))
      }
    counts += 64
  }
}

/**
 * Of each of `sets` sets (as in `count`) the `takes[s]` rarest shingles: those of the lowest level `table[shingle >>> shift]`,
 * of equal level the lowest. Writes them to `out`, those of one set after those of the other, ascending in each. `levels` holds
 * as many bytes as the largest set has shingles, and 80 more; `counts` 256 words, all zero before and after. Returns the end
 * of what was written.
 */
// biome-ignore format: a line for each of them is a page
export function rarest(
  hashes: usize, starts: usize, sets: i32, takes: usize, table: usize, shift: i32, levels: usize, counts: usize,
  out: usize,
): usize {
  for (let s: i32 = 0; s < sets; s++) {
    const from = hashes + ((<usize>load<u32>(starts)) << 2)
    const to = hashes + ((<usize>load<u32>(starts, 4)) << 2)
    out = choose(from, to, load<i32>(takes), 0, table, shift, levels, counts, out)
    starts += 4
    takes += 4
  }
  return out
}

/** The prefix of one set without the shingles of levels below `least`. */
// biome-ignore format: a line for each of them is a page
function choose(
  from: usize, to: usize, take: i32, least: u32, table: usize, shift: i32, levels: usize, counts: usize, out: usize,
): usize {
  let at = levels
  // Up to three too many; what is behind the set's own is written over.
  for (let hash = from; hash < to; hash += 16) {
    store<u8>(at, load<u8>(table + <usize>(load<u32>(hash) >>> shift)))
    store<u8>(at, load<u8>(table + <usize>(load<u32>(hash, 4) >>> shift)), 1)
    store<u8>(at, load<u8>(table + <usize>(load<u32>(hash, 8) >>> shift)), 2)
    store<u8>(at, load<u8>(table + <usize>(load<u32>(hash, 12) >>> shift)), 3)
    at += 4
  }
  const n = (to - from) >> 2
  for (let i: usize = 0; i < 64; i += 16) v128.store(levels + n + i, i8x16.splat(-1))
  if (n <= 64) return chooseFew(from, take, least, levels, out)
  const level = n <= fewLevels ? levelOfFew(levels, n, take) : levelOfMany(levels, n, take, counts)
  if (level < least) return out
  const splat = i8x16.splat(<i8>level)
  const leasts = i8x16.splat(<i8>least)
  // All below that level, and so many of it as are still asked for, those that come first.
  let ties = take
  for (let i: usize = 0; i < n; i += 16) ties -= popcnt(i8x16.bitmask(i8x16.lt_u(v128.load(levels + i), splat)))
  for (let i: usize = 0; i < n; i += 16) {
    const own = v128.load(levels + i)
    let same = i8x16.bitmask(i8x16.eq(own, splat))
    let more = popcnt(same)
    for (; more > ties; more--) same ^= 0x80000000 >>> clz(same)
    ties -= more
    const below = v128.and(i8x16.lt_u(own, splat), i8x16.ge_u(own, leasts))
    out = copyChosen(from + (i << 2), <u64>(same | i8x16.bitmask(below)), out)
  }
  return out
}

function copyChosen(from: usize, bits: u64, out: usize): usize {
  for (; bits !== 0; bits &= bits - 1) {
    store<u32>(out, load<u32>(from + ((<usize>ctz(bits)) << 2)))
    out += 4
  }
  return out
}

/** As `choose`, of up to 64 levels. */
function chooseFew(from: usize, take: i32, least: u32, levels: usize, out: usize): usize {
  let a = v128.load(levels, 0)
  let b = v128.load(levels, 16)
  let c = v128.load(levels, 32)
  let d = v128.load(levels, 48)
  let chosen: u64 = 0
  while (true) {
    let lowest = i8x16.min_u(i8x16.min_u(a, b), i8x16.min_u(c, d))
    lowest = i8x16.min_u(lowest, i64x2.shuffle(lowest, lowest, 1, 0))
    lowest = i8x16.min_u(lowest, i64x2.shr_u(lowest, 32))
    lowest = i8x16.min_u(lowest, i64x2.shr_u(lowest, 16))
    lowest = i8x16.min_u(lowest, i64x2.shr_u(lowest, 8))
    const level = <u32>i8x16.extract_lane_u(lowest, 0)
    const splat = i8x16.splat(<i8>level)
    const sameA = i8x16.eq(a, splat)
    const sameB = i8x16.eq(b, splat)
    const sameC = i8x16.eq(c, splat)
    const sameD = i8x16.eq(d, splat)
    let same = <u64>(<u32>(i8x16.bitmask(sameA) | (i8x16.bitmask(sameB) << 16)))
    same |= (<u64>(<u32>(i8x16.bitmask(sameC) | (i8x16.bitmask(sameD) << 16)))) << 32
    let more = <i32>popcnt<u64>(same)
    if (more < take) {
      take -= more
      if (level >= least) chosen |= same
      a = v128.or(a, sameA)
      b = v128.or(b, sameB)
      c = v128.or(c, sameC)
      d = v128.or(d, sameD)
    } else {
      if (level < least) return out
      for (; more > take; more--) same ^= (<u64>1) << (63 - clz<u64>(same))
      return copyChosen(from, chosen | same, out)
    }
  }
}

/** Up to so many levels are compared sixteen at a time; more of them are counted. */
const fewLevels: usize = 256

/** The level of the `take`-th of `n` levels, if they were in order; behind them are 16 of the highest. */
function levelOfFew(levels: usize, n: usize, take: i32): u32 {
  let level = i8x16.splat(0)
  let first = true
  while (true) {
    // The lowest level that has not been counted yet.
    let lowest = i8x16.splat(-1)
    for (let at: usize = 0; at < n; at += 16) {
      const own = v128.load(levels + at)
      const above = first ? i8x16.splat(-1) : i8x16.gt_u(own, level)
      lowest = i8x16.min_u(lowest, v128.bitselect(own, i8x16.splat(-1), above))
    }
    lowest = i8x16.min_u(lowest, i64x2.shuffle(lowest, lowest, 1, 0))
    lowest = i8x16.min_u(lowest, i64x2.shr_u(lowest, 32))
    lowest = i8x16.min_u(lowest, i64x2.shr_u(lowest, 16))
    lowest = i8x16.min_u(lowest, i64x2.shr_u(lowest, 8))
    const found = i8x16.extract_lane_u(lowest, 0)
    level = i8x16.splat(found)
    first = false
    for (let at: usize = 0; at < n; at += 16) take -= popcnt(i8x16.bitmask(i8x16.eq(v128.load(levels + at), level)))
    if (take <= 0) return <u32>found
  }
}

function levelOfMany(levels: usize, n: usize, take: i32, counts: usize): u32 {
  for (let at = levels; at < levels + n; at++) {
    const count = counts + ((<usize>load<u8>(at)) << 2)
    store<i32>(count, load<i32>(count) + 1)
  }
  let count = counts
  while ((take -= load<i32>(count)) > 0) count += 4
  memory.fill(counts, 0, 1024)
  return <u32>((count - counts) >> 2)
}

/**
 * Lists the keys of `sets` sets, which are the slots from `first` on: those that `rarest` gives, without those of levels below
 * `least`. A key and its slot are 8 bytes of `out`, of which the end is returned. The byte `seen[mix of the key >>> seenShift]` becomes
 * 1, or 2 where it was 1 before.
 */
// biome-ignore format: a line for each of them is a page
export function list(
  hashes: usize, starts: usize, sets: i32, takes: usize, first: i32, table: usize, shift: i32, least: i32,
  levels: usize, counts: usize, keys: usize, seen: usize, seenShift: i32, out: usize,
): usize {
  for (let s: i32 = 0; s < sets; s++) {
    const from = hashes + ((<usize>load<u32>(starts)) << 2)
    const to = hashes + ((<usize>load<u32>(starts, 4)) << 2)
    const take = load<i32>(takes)
    starts += 4
    takes += 4
    if (take === 0) continue
    const end = choose(from, to, take, least, table, shift, levels, counts, keys)
    for (let at = keys; at < end; at += 4) {
      const key = load<u32>(at)
      store<u32>(out, key)
      store<i32>(out, first + s, 4)
      out += 8
      const byte = seen + <usize>((key * mixer) >>> seenShift)
      const times = load<u8>(byte)
      store<u8>(byte, times + <u8>(times < 2))
    }
  }
  return out
}

const mixer: u32 = 0x9e3779b1

/** In bytes: an entry is a key, its slot, and the address of the entry before it whose key has the same head; a head the last one and how many. */
const entrySize: usize = 12

/**
 * Makes entries of the keys in [from, to), as `list` gives them, that were seen more than once, each linked to the last one with the
 * same head, `heads[mix of the key >>> headShift]`. Adds to `told` (64 bits) how many pairs of entries have one head, and returns the
 * end of the entries.
 */
// biome-ignore format: a line for each of them is a page
export function link(
  from: usize, to: usize, seen: usize, seenShift: i32, heads: usize, headShift: i32, entries: usize, told: usize,
): usize {
  let pairs: u64 = 0
  for (let at = from; at < to; at += 8) {
    const key = load<u32>(at)
    const mix = key * mixer
    if (load<u8>(seen + <usize>(mix >>> seenShift)) < 2) continue
    const head = heads + ((<usize>(mix >>> headShift)) << 3)
    const before = load<u32>(head, 4)
    store<u32>(entries, key)
    store<u32>(entries, load<u32>(at, 4), 4)
    store<u32>(entries, load<u32>(head), 8)
    store<u32>(head, <u32>entries)
    store<u32>(head, before + 1, 4)
    pairs += before
    entries += entrySize
  }
  store<u64>(told, load<u64>(told) + pairs)
  return entries
}

/** Walked entries and met pairs after which a walk takes a breath. */
const breath: i32 = 200_000

/**
 * The pairs of slots that share a key, each once, whose 64 parity bits allow that they are similar: the later slot and the
 * earlier one are written to `out`, 8 bytes a pair, and before `outEnd`. `records` holds 16 bytes a slot: the bits, the size of its set,
 * and 0 at first. Similar sets differ in at most (n + m) · difference / sum shingles. `place` holds the entry to go on with and the
 * one it is compared with next, 0 where that is the first; the walk is over at `end`. Returns the end of the pairs.
 */
// biome-ignore format: a line for each of them is a page
export function walk(
  place: usize, end: usize, records: usize, sum: i32, difference: i32, out: usize, outEnd: usize,
): usize {
  let at = <usize>load<u32>(place)
  let other = <usize>load<u32>(place, 4)
  let work: i32 = 0
  while (at < end && work < breath) {
    const key = load<u32>(at)
    const slot = load<u32>(at, 4)
    const own = records + ((<usize>slot) << 4)
    const bits = load<u64>(own)
    const size = load<i32>(own, 8)
    if (other === 0) other = <usize>load<u32>(at, 8)
    while (other !== 0) {
      if (out === outEnd) {
        store<u32>(place, <u32>at)
        store<u32>(place, <u32>other, 4)
        return out
      }
      work++
      if (load<u32>(other) === key) {
        const record = records + ((<usize>load<u32>(other, 4)) << 4)
        if (load<u32>(record, 12) !== slot + 1) {
          store<u32>(record, slot + 1, 12)
          const differ = <i32>popcnt<u64>(bits ^ load<u64>(record))
          if (differ * sum <= (size + load<i32>(record, 8)) * difference) {
            store<u32>(out, slot)
            store<u32>(out, load<u32>(other, 4), 4)
            out += 8
          }
        }
      }
      other = <usize>load<u32>(other, 8)
    }
    work++
    at += entrySize
  }
  store<u32>(place, <u32>at)
  store<u32>(place, 0, 4)
  return out
}
