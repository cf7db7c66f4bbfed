/** A list of so many numbers, zero at first, with room for some more behind it: see `splice`. */
export function roomyList(length: number): Int32Array {
  return new Int32Array(new ArrayBuffer(4 * (length + (length >>> 6) + 64)), 0, length)
}

/**
 * The list with others in the place of its items [head, length - tail): in its own memory, where there is room, so that one edit
 * after the other makes no new ones. The list as it was is then no longer good.
 */
export function splice(
  list: Int32Array,
  { head, tail }: { readonly head: number; readonly tail: number },
  fresh: Int32Array,
): Int32Array {
  const length = head + fresh.length + tail
  let out = list
  if (length * 4 > list.buffer.byteLength - list.byteOffset) {
    out = roomyList(length)
    out.set(list.subarray(0, head))
    out.set(list.subarray(list.length - tail), length - tail)
  } else if (length !== list.length) {
    out = new Int32Array(list.buffer, list.byteOffset, length)
    const all = list.length > length ? list : out
    all.copyWithin(length - tail, list.length - tail, list.length)
  }
  out.set(fresh, head)
  return out
}
