import type { Span } from '../text/span.ts'

/** The bytes of `a` that are not in `b` at the same distance from its head or its tail. */
export function changedBytes(a: Uint8Array, b: Uint8Array): Span {
  const least = Math.min(a.length, b.length)
  let start = 0
  if (((a.byteOffset | b.byteOffset) & 3) === 0) {
    const x = new Int32Array(a.buffer, a.byteOffset, least >> 2)
    const y = new Int32Array(b.buffer, b.byteOffset, least >> 2)
    let word = 0
    while (word < x.length && x[word] === y[word]) word++
    start = word * 4
  }
  while (start < least && a[start] === b[start]) start++
  const [x, y] = [new DataView(a.buffer, a.byteOffset, a.length), new DataView(b.buffer, b.byteOffset, b.length)]
  let same = 0
  while (same + 4 <= least - start && x.getInt32(a.length - same - 4) === y.getInt32(b.length - same - 4)) same += 4
  while (same < least - start && a[a.length - same - 1] === b[b.length - same - 1]) same++
  return { start, end: a.length - same }
}

/** How many of an ascending list are below a value. */
export function below(list: Uint32Array, value: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (list[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** The offsets of rows before and behind a change, with those between them that were read anew. */
export function joined(
  before: Uint32Array,
  between: Uint32Array,
  { head, tail, shift }: { readonly head: number; readonly tail: number; readonly shift: number },
): Uint32Array {
  const out = new Uint32Array(head + between.length + before.length - tail)
  out.set(before.subarray(0, head))
  out.set(between, head)
  let at = head + between.length
  for (let row = tail; row < before.length; row++) out[at++] = before[row]! + shift
  return out
}
