/**
 * Columns of numbers that grow at their end. A column is a view on a piece of memory that may be longer than it: the
 * longer column shares that memory while there is room, and the shorter one stays what it was. So a step more costs a
 * step more, a hundred thousand of them cross to another process as bytes, and loops over them read plain doubles.
 * Only the longest column of a piece of memory may be made longer; a second branch would write over the first.
 */
export type Column = Float64Array

/** A column of nothing. */
export const noColumn: Column = new Float64Array(0)

/** A column of `length` values that begins with those of `column`, in the same memory where it has room. */
export function lengthened(column: Column, length: number): Column {
  if (length <= column.length) return column.subarray(0, length)
  const room = (column.buffer.byteLength - column.byteOffset) / 8
  if (length <= room) return new Float64Array(column.buffer, column.byteOffset, length)
  const out = new Float64Array(Math.max(length, Math.ceil(room * 1.5), 16))
  out.set(column)
  return out.subarray(0, length)
}

/** The column with one value more. */
export function appended(column: Column, value: number): Column {
  const out = lengthened(column, column.length + 1)
  out[column.length] = value
  return out
}

/** The column with further values after it. */
export function joined(column: Column, more: ArrayLike<number>): Column {
  const out = lengthened(column, column.length + more.length)
  out.set(more, column.length)
  return out
}
