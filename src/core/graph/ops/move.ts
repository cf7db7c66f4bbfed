/* Operators that move elements: shapes, axes, selections. */
import { type Graph, int, type RowSum, type Value, valueText } from '../graph.ts'
import {
  axisOf,
  broadcast,
  type Dim,
  type Dims,
  dimAt,
  dimsText,
  product,
  ShapeError,
  sameDims,
  sumDims,
} from '../shape.ts'
import { cast } from './elementwise.ts'

/**
 * The sizes of `dims` as an int64 vector for `Reshape`, `Expand` and `ConstantOfShape`. A symbol is read at run
 * time from the graph input that has it (`Shape`), so a symbol must name a dimension of some input.
 */
function shapeVector(g: Graph, dims: Dims): Value {
  if (dims.every(d => typeof d === 'number')) return g.ints(dims as number[])
  const parts: Value[] = []
  let known: number[] = []
  const flush = () => {
    if (known.length > 0) parts.push(g.ints(known))
    known = []
  }
  for (const dim of dims) {
    if (typeof dim === 'number') known.push(dim)
    else {
      flush()
      parts.push(dimVector(g, dim))
    }
  }
  flush()
  return parts.length === 1 ? (parts[0] as Value) : concat(g, parts, 0)
}

/** The size of one symbol as an int64 vector [1]; a product symbol is multiplied out. */
function dimVector(g: Graph, symbol: string): Value {
  const factors = symbol.split('*').map(part => {
    if (Number.isInteger(Number(part))) return g.ints([Number(part)])
    for (let at: Graph | undefined = g; at; at = at.parent) {
      for (const input of at.inputs) {
        const axis = input.dims.indexOf(part)
        if (axis >= 0) return shapeAt(g, input, axis)
      }
    }
    throw new ShapeError(`no input of the graph has the dimension ${part}`)
  })
  return factors.reduce((a, b) => g.emit1('Mul', [a, b], {}, { dtype: 'int64', dims: [1] }))
}

/** The size of one axis at run time, int64 [1]. */
export function shapeAt(g: Graph, a: Value, axis: number): Value {
  const at = axisOf('Shape', axis, a.dims.length)
  const size = a.dims[at] as Dim
  if (typeof size === 'number') return g.ints([size])
  return g.emit1('Shape', [a], { start: int(at), end: int(at + 1) }, { dtype: 'int64', dims: [1] })
}

/** The same elements under new dimensions; symbols are allowed as long as the element counts agree. */
export function reshape(g: Graph, a: Value, dims: Dims): Value {
  if (sameDims(a.dims, dims)) return a
  if (product(a.dims) !== product(dims)) {
    throw new ShapeError(`Reshape: ${valueText(a)} has ${product(a.dims)} elements, ${dimsText(dims)} ${product(dims)}`)
  }
  return g.emit1('Reshape', [a, reshapeVector(g, a.dims, dims)], {}, { dtype: a.dtype, dims })
}

/** 0 copies the dimension at the same place, one -1 is inferred; only a second unknown symbol needs `Shape`. */
function reshapeVector(g: Graph, from: Dims, dims: Dims): Value {
  let inferred = 0
  const sizes = dims.map((dim, i) => {
    if (typeof dim === 'number') return dim
    if (from[i] === dim) return 0
    inferred++
    return -1
  })
  return inferred > 1 ? shapeVector(g, dims) : g.ints(sizes)
}

/** All axes but the last as one: [...,n] to [M,n]. */
export function flat2d(g: Graph, a: Value): Value {
  if (a.dims.length === 2) return a
  return reshape(g, a, [product(a.dims.slice(0, -1)), dimAt('flat2d', a.dims, -1)])
}

/** Inserts axes of size 1; `axes` count in the result. */
export function unsqueeze(g: Graph, a: Value, axes: readonly number[]): Value {
  const rank = a.dims.length + axes.length
  const at = axes.map(axis => axisOf('Unsqueeze', axis, rank))
  const rest = [...a.dims]
  const dims = Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : (rest.shift() as Dim)))
  return g.emit1('Unsqueeze', [a, g.ints(at)], {}, { dtype: a.dtype, dims })
}

/** Drops axes of size 1. */
export function squeeze(g: Graph, a: Value, axes: readonly number[]): Value {
  const at = axes.map(axis => axisOf('Squeeze', axis, a.dims.length))
  for (const i of at) if (a.dims[i] !== 1) throw new ShapeError(`Squeeze: axis ${i} of ${valueText(a)} is not 1`)
  const dims = a.dims.filter((_, i) => !at.includes(i))
  return g.emit1('Squeeze', [a, g.ints(at)], {}, { dtype: a.dtype, dims })
}

/** Axis i of the result is axis `perm[i]` of `a`. */
export function transpose(g: Graph, a: Value, perm: readonly number[]): Value {
  const sorted = [...perm].sort((x, y) => x - y)
  if (sorted.length !== a.dims.length || sorted.some((axis, i) => axis !== i)) {
    throw new ShapeError(`Transpose: [${perm}] does not permute the axes of ${valueText(a)}`)
  }
  // A transpose of a transpose moves the elements once.
  const before = g.source(a)
  const inner = before?.op === 'Transpose' ? before.attributes['perm'] : undefined
  if (before && inner?.kind === 'ints') {
    const both = perm.map(i => inner.value[i] as number)
    const from = before.inputs[0] as Value
    return both.every((axis, i) => axis === i) ? from : transpose(g, from, both)
  }
  const dims = perm.map(i => a.dims[i] as Dim)
  return g.emit1('Transpose', [a], { perm: { kind: 'ints', value: perm } }, { dtype: a.dtype, dims })
}

/** Swaps the last two axes. */
export function transposeLast(g: Graph, a: Value): Value {
  const n = a.dims.length
  return transpose(
    g,
    a,
    a.dims.map((_, i) => (i === n - 1 ? n - 2 : i === n - 2 ? n - 1 : i)),
  )
}

/** Joins tensors that agree in every axis but `axis`. */
export function concat(g: Graph, values: readonly Value[], axis: number): Value {
  const first = values[0]
  if (!first) throw new ShapeError('Concat: no values')
  const at = axisOf('Concat', axis, first.dims.length)
  for (const v of values) {
    const fits = v.dims.length === first.dims.length && v.dims.every((dim, i) => i === at || dim === first.dims[i])
    if (!fits || v.dtype !== first.dtype) {
      throw new ShapeError(`Concat: ${valueText(v)} does not join ${valueText(first)} on axis ${at}`)
    }
  }
  if (values.length === 1) return first
  const dims = first.dims.map((dim, i) => (i === at ? sumDims(values.map(v => v.dims[at] as Dim)) : dim))
  return g.emit1('Concat', values, { axis: int(at) }, { dtype: first.dtype, dims })
}

/** Pieces of the given sizes along `axis`. */
export function split(g: Graph, a: Value, sizes: readonly number[], axis = 0): Value[] {
  const at = axisOf('Split', axis, a.dims.length)
  const total = sizes.reduce((x, y) => x + y, 0)
  if (total !== a.dims[at]) throw new ShapeError(`Split: sizes ${sizes} of axis ${at} of ${valueText(a)}`)
  const outputs = sizes.map(size => ({ dtype: a.dtype, dims: a.dims.map((dim, i) => (i === at ? size : dim)) }))
  return g.emit('Split', [a, g.ints(sizes)], { axis: int(at) }, outputs)
}

export interface Range {
  readonly axis: number
  readonly start: number
  readonly length: number
}

/** `length` elements of one axis from `start` on. */
export function slice(g: Graph, a: Value, range: Range): Value {
  const at = axisOf('Slice', range.axis, a.dims.length)
  const size = a.dims[at] as Dim
  const end = range.start + range.length
  if (range.start < 0 || range.length < 1 || (typeof size === 'number' && end > size)) {
    throw new ShapeError(`Slice: ${range.start} to ${end} of axis ${at} of ${valueText(a)}`)
  }
  const dims = a.dims.map((dim, i) => (i === at ? range.length : dim))
  const inputs = [a, g.ints([range.start]), g.ints([end]), g.ints([at])]
  // Slice has its bounds as inputs; the tape entry keeps them as numbers for the gradient rule.
  const bounds = { axis: int(at), start: int(range.start), length: int(range.length) }
  const build = () => ({ outputs: [g.emit1('Slice', inputs, {}, { dtype: a.dtype, dims })] })
  return g.composite('Slice', [a], bounds, build)[0] as Value
}

export interface Padding {
  readonly axis: number
  readonly before: number
  readonly after: number
}

/** Zeros before and after along one axis. */
export function pad(g: Graph, a: Value, padding: Padding): Value {
  const { before, after } = padding
  const at = axisOf('Pad', padding.axis, a.dims.length)
  if (before === 0 && after === 0) return a
  const dims = a.dims.map((dim, i) => (i === at ? sumDims([dim, before + after]) : dim))
  const inputs = [a, g.ints([before, after]), g.scalar(0, a.dtype), g.ints([at])]
  return g.emit1('Pad', inputs, {}, { dtype: a.dtype, dims })
}

/** Repeats axes of size 1 (or missing in front) up to `dims`. */
export function expand(g: Graph, a: Value, dims: Dims): Value {
  if (sameDims(a.dims, dims)) return a
  if (!sameDims(broadcast('Expand', a.dims, dims), dims)) {
    throw new ShapeError(`Expand: ${valueText(a)} does not expand to ${dimsText(dims)}`)
  }
  return g.emit1('Expand', [a, shapeVector(g, dims)], {}, { dtype: a.dtype, dims })
}

/**
 * Picks along `axis` by int64 indices: the result has the axes of `indices` in place of that axis. An embedding is
 * `gather(table [V,H], ids [B,S])` to [B,S,H]; the first token of each row `gather(x, scalar(0, 'int64'), 1)`.
 */
export function gather(g: Graph, a: Value, indices: Value, axis = 0): Value {
  const at = axisOf('Gather', axis, a.dims.length)
  if (indices.dtype !== 'int64') throw new ShapeError(`Gather: the indices ${valueText(indices)} are not int64`)
  const dims = [...a.dims.slice(0, at), ...indices.dims, ...a.dims.slice(at + 1)]
  return g.emit1('Gather', [a, indices], { axis: int(at) }, { dtype: a.dtype, dims })
}

/** 0, 1, ... n-1 as int64 [n]; `n` may be a symbol of an input. */
export function range(g: Graph, n: Dim): Value {
  if (typeof n === 'number' && n <= 64) return g.ints(Array.from({ length: n }, (_, i) => i))
  return rangeOf(g, n, 'int64')
}

/** The same as int32, which WebGPU counts itself. */
export const range32 = (g: Graph, n: Dim): Value => rangeOf(g, n, 'int32')

function rangeOf(g: Graph, n: Dim, dtype: 'int32' | 'int64'): Value {
  const limit = cast(g, squeeze(g, shapeVector(g, [n]), [0]), dtype)
  return g.emit1('Range', [g.scalar(0, dtype), limit, g.scalar(1, dtype)], {}, { dtype, dims: [n] })
}

/**
 * The sum with every index once: indices [U,1] and rows [U,...], in ascending order, U known when the graph runs.
 * ONNX `Unique`, a kernel of the CPU.
 */
export function uniqueRows(g: Graph, { indices, rows }: RowSum): RowSum {
  const flat = { dtype: 'int64', dims: [indices.dims[0] as Dim] } as const
  const few = { dtype: 'int64', dims: ['U'] } as const
  const [unique, , inverse] = g.emit('Unique', [squeeze(g, indices, [1])], { sorted: int(1) }, [few, few, flat]) as [
    Value,
    Value,
    Value,
  ]
  const summed = scatterAdd(g, zerosLike(g, rows), unsqueeze(g, inverse, [1]), rows)
  const end = g.emit1('Shape', [unique], {}, { dtype: 'int64', dims: [1] })
  const spec = { dtype: rows.dtype, dims: ['U', ...rows.dims.slice(1)] }
  const kept = g.emit1('Slice', [summed, g.ints([0]), end, g.ints([0])], {}, spec)
  return { indices: unsqueeze(g, unique, [1]), rows: kept }
}

/** Zeros of the dimensions and dtype of `like`. */
export function zerosLike(g: Graph, like: Value): Value {
  return expand(g, g.scalar(0, like.dtype), like.dims)
}

/** `a` [N,...] with each row of `updates` [M,...] added at row `indices` [M,1]; repeated indices add up. */
export function scatterAdd(g: Graph, a: Value, indices: Value, updates: Value): Value {
  const width = dimAt('ScatterND', indices.dims, -1)
  const wanted = [...indices.dims.slice(0, -1), ...a.dims.slice(typeof width === 'number' ? width : 1)]
  if (!sameDims(wanted, updates.dims)) {
    throw new ShapeError(`ScatterND: updates ${valueText(updates)} should be ${dimsText(wanted)}`)
  }
  return g.emit1('ScatterND', [a, indices, updates], { reduction: { kind: 'text', value: 'add' } }, a)
}
