// AdamW over plain memory, compiled to WebAssembly (`test/tool/assemble.mjs`). Addresses are in bytes, `n` counts numbers.
// Each number goes through the operations of `adamW` in ../optimizer.ts, in their order, but is read and written once.

export function adamw(
  p: usize,
  m: usize,
  v: usize,
  g: usize,
  n: usize,
  keepFirst: f32,
  first: f32,
  keepSecond: f32,
  second: f32,
  keep: f32,
  size: f32,
  epsilon: f32,
): void {
  const keepFirsts = f32x4.splat(keepFirst)
  const firsts = f32x4.splat(first)
  const keepSeconds = f32x4.splat(keepSecond)
  const seconds = f32x4.splat(second)
  const keeps = f32x4.splat(keep)
  const sizes = f32x4.splat(size)
  const epsilons = f32x4.splat(epsilon)
  const end = n << 2
  let i: usize = 0
  for (; i + 16 <= end; i += 16) {
    const d = v128.load(g + i)
    const nextM = f32x4.add(f32x4.mul(v128.load(m + i), keepFirsts), f32x4.mul(d, firsts))
    const nextV = f32x4.add(f32x4.mul(v128.load(v + i), keepSeconds), f32x4.mul(f32x4.mul(d, d), seconds))
    v128.store(m + i, nextM)
    v128.store(v + i, nextV)
    const change = f32x4.mul(f32x4.div(nextM, f32x4.add(f32x4.sqrt(nextV), epsilons)), sizes)
    v128.store(p + i, f32x4.sub(f32x4.mul(v128.load(p + i), keeps), change))
  }
  for (; i < end; i += 4) {
    const d = load<f32>(g + i)
    const nextM = load<f32>(m + i) * keepFirst + d * first
    const nextV = load<f32>(v + i) * keepSecond + d * d * second
    store<f32>(m + i, nextM)
    store<f32>(v + i, nextV)
    store<f32>(p + i, load<f32>(p + i) * keep - (nextM / (sqrt<f32>(nextV) + epsilon)) * size)
  }
}

/** The same where the gradient is zero. */
export function coast(
  p: usize,
  m: usize,
  v: usize,
  n: usize,
  keepFirst: f32,
  keepSecond: f32,
  keep: f32,
  size: f32,
  epsilon: f32,
): void {
  const keepFirsts = f32x4.splat(keepFirst)
  const keepSeconds = f32x4.splat(keepSecond)
  const keeps = f32x4.splat(keep)
  const sizes = f32x4.splat(size)
  const epsilons = f32x4.splat(epsilon)
  const end = n << 2
  let i: usize = 0
  for (; i + 16 <= end; i += 16) {
    const nextM = f32x4.mul(v128.load(m + i), keepFirsts)
    const nextV = f32x4.mul(v128.load(v + i), keepSeconds)
    v128.store(m + i, nextM)
    v128.store(v + i, nextV)
    const change = f32x4.mul(f32x4.div(nextM, f32x4.add(f32x4.sqrt(nextV), epsilons)), sizes)
    v128.store(p + i, f32x4.sub(f32x4.mul(v128.load(p + i), keeps), change))
  }
  for (; i < end; i += 4) {
    const nextM = load<f32>(m + i) * keepFirst
    const nextV = load<f32>(v + i) * keepSecond
    store<f32>(m + i, nextM)
    store<f32>(v + i, nextV)
    store<f32>(p + i, load<f32>(p + i) * keep - (nextM / (sqrt<f32>(nextV) + epsilon)) * size)
  }
}

/** Adds the numbers at `other` to those at `g`. */
export function add(g: usize, other: usize, n: usize): void {
  const end = n << 2
  let i: usize = 0
  for (; i + 16 <= end; i += 16) v128.store(g + i, f32x4.add(v128.load(g + i), v128.load(other + i)))
  for (; i < end; i += 4) store<f32>(g + i, load<f32>(g + i) + load<f32>(other + i))
}

/** The sum of the squares, in doubles. */
export function squares(g: usize, n: usize): f64 {
  const end = n << 2
  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  let i: usize = 0
  for (; i + 16 <= end; i += 16) {
    const d = v128.load(g + i)
    const a = f64x2.promote_low_f32x4(d)
    const b = f64x2.promote_low_f32x4(i8x16.shuffle(d, d, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15))
    low = f64x2.add(low, f64x2.mul(a, a))
    high = f64x2.add(high, f64x2.mul(b, b))
  }
  const both = f64x2.add(low, high)
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1)
  for (; i < end; i += 4) {
    const d = <f64>load<f32>(g + i)
    sum += d * d
  }
  return sum
}

/** e moves towards p by the fraction `pull`. */
export function follow(e: usize, p: usize, n: usize, pull: f32): void {
  const pulls = f32x4.splat(pull)
  const end = n << 2
  let i: usize = 0
  for (; i + 16 <= end; i += 16) {
    const old = v128.load(e + i)
    v128.store(e + i, f32x4.add(old, f32x4.mul(f32x4.sub(v128.load(p + i), old), pulls)))
  }
  for (; i < end; i += 4) {
    const old = load<f32>(e + i)
    store<f32>(e + i, old + (load<f32>(p + i) - old) * pull)
  }
}
