/** One dimension: a size, or a symbol whose size is known when the graph runs (`'B'`, or a product such as `'B*S'`). */
export type Dim = number | string

/** The dimensions of a value; the rank is always known while a graph is built. */
export type Dims = readonly Dim[]

/** Thrown while a graph is built; the message names the operator, the values and what does not fit. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

/** `[B,S,384]`, for messages and dumps. */
export function dimsText(dims: Dims): string {
  return `[${dims.join(',')}]`
}

/** Are the two the same, name for name and number for number? */
export function sameDims(a: Dims, b: Dims): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i])
}

/** The product of dimensions: a number when all are, else a canonical symbol (`'4*B*S'`: size first, symbols sorted). */
export function product(dims: Dims): Dim {
  let size = 1
  const symbols: string[] = []
  for (const dim of dims) {
    if (typeof dim === 'number') size *= dim
    else {
      for (const part of dim.split('*')) {
        const value = Number(part)
        if (Number.isInteger(value)) size *= value
        else symbols.push(part)
      }
    }
  }
  if (size === 0 || symbols.length === 0) return size
  symbols.sort()
  return (size === 1 ? symbols : [size, ...symbols]).join('*')
}

/** The number of elements; an error where a dimension is a symbol. */
export function sizeOf(dims: Dims, what = 'the size'): number {
  const size = product(dims)
  if (typeof size !== 'number') throw new ShapeError(`${what} must be known, but the dimensions are ${dimsText(dims)}`)
  return size
}

/** The dimension of `a` and `b` joined end to end. */
export function sumDims(dims: Dims): Dim {
  let size = 0
  const symbols: string[] = []
  for (const dim of dims) {
    if (typeof dim === 'number') size += dim
    else symbols.push(dim)
  }
  if (symbols.length === 0) return size
  return size === 0 ? symbols.join('+') : `${symbols.join('+')}+${size}`
}

/** ONNX multidirectional broadcasting: trailing dimensions agree, or one of them is 1. */
export function broadcast(op: string, a: Dims, b: Dims): Dim[] {
  const rank = Math.max(a.length, b.length)
  const out: Dim[] = []
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1
    const y = b[b.length - rank + i] ?? 1
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(`${op}: ${dimsText(a)} and ${dimsText(b)} do not broadcast (${x} against ${y})`)
    }
    out.push(x === 1 ? y : x)
  }
  return out
}

/** An axis counted from the front; negative counts from the back. */
export function axisOf(op: string, axis: number, rank: number): number {
  const out = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(out) || out < 0 || out >= rank) {
    throw new ShapeError(`${op}: axis ${axis} of a value with ${rank} dimensions`)
  }
  return out
}

/** The dimension at `axis`, which may count from the back. */
export function dimAt(op: string, dims: Dims, axis: number): Dim {
  return dims[axisOf(op, axis, dims.length)] as Dim
}
