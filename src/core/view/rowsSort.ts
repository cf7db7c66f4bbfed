import { type CategoryColumn, type ColumnValues, chunkRows, type NumberColumn, type TextColumn } from './rowsColumn.ts'

/** Groups of as many rows or fewer are sorted by comparing. */
const fewRows = 24

/**
 * Rows in the order of a column: numbers by size, texts by their UTF-16 units with A to Z as a to z, and equal ones in the
 * order of `rows`. Rows without a value come last either way. `rows` is left as it is.
 */
export function sortRows(column: ColumnValues, rows: Uint32Array, down: boolean): Uint32Array {
  const last = new Uint32Array(rows.length)
  const kept = new Uint32Array(rows.length)
  let missing = 0
  let count = 0
  const isMissing = missingOf(column)
  for (const row of rows) {
    if (isMissing(row)) last[missing++] = row
    else kept[count++] = row
  }
  const order = kept.subarray(0, count)
  // Sorted upwards from the far end and then turned round, equal rows keep their order.
  if (down) order.reverse()
  const sorted = ascending(column, order)
  if (down) sorted.reverse()
  const all = new Uint32Array(rows.length)
  all.set(sorted)
  all.set(last.subarray(0, missing), count)
  return all
}

function missingOf(column: ColumnValues): (row: number) => boolean {
  if (column.kind === 'number') return row => Number.isNaN(column.values[row]!)
  if (column.kind === 'text') return row => column.length(row) === 0
  const empty = column.code('')
  return row => column.codes[row] === empty
}

function ascending(column: ColumnValues, rows: Uint32Array): Uint32Array {
  switch (column.kind) {
    case 'number':
      return byNumber(column, rows)
    case 'category':
      return byCategory(column, rows)
    case 'text':
      return byText(column, rows)
  }
}

function byCategory(column: CategoryColumn, rows: Uint32Array): Uint32Array {
  const names = column.values.map((value, code) => ({ value: folded(value), code }))
  names.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : a.code - b.code))
  const rank = new Uint16Array(names.length)
  // Values that differ only in case are equal here.
  for (const [i, { code, value }] of names.entries())
    rank[code] = i > 0 && names[i - 1]!.value === value ? rank[names[i - 1]!.code]! : i
  return counted(rows, { of: row => rank[column.codes[row]!]!, most: names.length })
}

/** By the 64 bits of the number, turned so that they sort as whole numbers do. */
function byNumber({ values }: NumberColumn, rows: Uint32Array): Uint32Array {
  const bits = new Uint32Array(values.length * 2)
  const one = new Float64Array(1)
  const words = new Uint32Array(one.buffer)
  for (const row of rows) {
    // Zero of either sign is one number.
    one[0] = values[row]! + 0
    const high = words[isLittle ? 1 : 0]!
    const low = words[isLittle ? 0 : 1]!
    const negative = high >>> 31 === 1
    bits[2 * row] = negative ? ~high : high | 0x80000000
    bits[2 * row + 1] = negative ? ~low : low
  }
  let order = rows
  for (const of of [
    (row: number) => bits[2 * row + 1]! & 0xffff,
    (row: number) => bits[2 * row + 1]! >>> 16,
    (row: number) => bits[2 * row]! & 0xffff,
    (row: number) => bits[2 * row]! >>> 16,
  ])
    order = counted(order, { of, most: 65_536 })
  return order
}

/** One pass of counting sort: stable. */
function counted(rows: Uint32Array, key: { readonly of: (row: number) => number; readonly most: number }): Uint32Array {
  const places = new Uint32Array(key.most + 1)
  const keys = new Uint16Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const k = key.of(rows[i]!)
    keys[i] = k
    places[k + 1]!++
  }
  for (let k = 1; k <= key.most; k++) places[k]! += places[k - 1]!
  const out = new Uint32Array(rows.length)
  for (let i = 0; i < rows.length; i++) out[places[keys[i]!]!++] = rows[i]!
  return out
}

/**
 * By the first four units of each text at once, packed with the place of the row into 64 bits, which the engine sorts by
 * itself; those that begin alike then by the next four.
 */
function byText(column: TextColumn, rows: Uint32Array): Uint32Array {
  const order = rows.slice()
  const packed = new BigUint64Array(rows.length)
  const words = new Uint32Array(packed.buffer)
  const [low, high] = isLittle ? [0, 1] : [1, 0]
  const copy = new Uint32Array(rows.length)
  const groups: { readonly from: number; readonly to: number; readonly depth: number }[] = []
  if (order.length > 1) groups.push({ from: 0, to: order.length, depth: 0 })
  for (let group = groups.pop(); group; group = groups.pop()) {
    const { from, to, depth } = group
    if (to - from <= fewRows) {
      insertionSort(column, order.subarray(from, to), depth)
      continue
    }
    for (let i = from; i < to; i++) {
      words[2 * i + low] = i
      words[2 * i + high] = prefix(column, order[i]!, depth)
    }
    packed.subarray(from, to).sort()
    copy.set(order.subarray(from, to), from)
    for (let i = from; i < to; i++) order[i] = copy[words[2 * i + low]!]!
    for (let start = from, at = from + 1; at <= to; at++) {
      const key = words[2 * start + high]!
      if (at < to && words[2 * at + high] === key) continue
      // A last unit of 0 is the end of all these texts: they are equal.
      if (at - start > 1 && (key & 0xff) !== 0) {
        if (isExact(key)) groups.push({ from: start, to: at, depth: depth + 4 })
        else compareSort(column, order.subarray(start, at), depth)
      }
      start = at
    }
  }
  return order
}

const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Four folded units at a place, a byte each, plus one; 0 behind the end. Units from 254 on share one byte. */
function prefix(column: TextColumn, row: number, depth: number): number {
  const chunk = column.chunks[Math.floor(row / chunkRows)]!
  const end = column.end(row)
  const at = column.starts[row]! + depth
  let key = 0
  for (let i = at; i < at + 4; i++) key = (key << 8) | (i < end ? Math.min(255, folds(chunk.charCodeAt(i)) + 1) : 0)
  return key >>> 0
}

/** Does the key say exactly which units it is of? */
function isExact(key: number): boolean {
  return (key & 0xff) !== 255 && ((key >>> 8) & 0xff) !== 255 && ((key >>> 16) & 0xff) !== 255 && key >>> 24 !== 255
}

function folds(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code
}

function insertionSort(column: TextColumn, part: Uint32Array, depth: number): void {
  for (let i = 1; i < part.length; i++) {
    const row = part[i]!
    let at = i
    for (; at > 0 && compare(column, part[at - 1]!, row, depth) > 0; at--) part[at] = part[at - 1]!
    part[at] = row
  }
}

function compareSort(column: TextColumn, part: Uint32Array, depth: number): void {
  // The engine's sort of typed arrays does not promise to keep the order of equals.
  part.set([...part].sort((a, b) => compare(column, a, b, depth)))
}

/** Compares two texts from a place on. */
function compare(column: TextColumn, a: number, b: number, depth: number): number {
  const left = column.chunks[Math.floor(a / chunkRows)]!
  const right = column.chunks[Math.floor(b / chunkRows)]!
  const [endA, endB] = [column.end(a), column.end(b)]
  let [i, j] = [column.starts[a]! + depth, column.starts[b]! + depth]
  for (; i < endA && j < endB; i++, j++) {
    const difference = folds(left.charCodeAt(i)) - folds(right.charCodeAt(j))
    if (difference !== 0) return difference
  }
  return endA - i - (endB - j)
}

function folded(text: string): string {
  return text.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}
