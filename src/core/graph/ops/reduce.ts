/* Reductions over axes (negative axes count from the back). `keep` leaves them as size 1. */
import { type Graph, int, type Value } from '../graph.ts'
import { axisOf } from '../shape.ts'

function reduce(g: Graph, op: string, a: Value, axes: readonly number[], keep: boolean): Value {
  const at = axes.map(axis => axisOf(op, axis, a.dims.length)).sort((x, y) => x - y)
  const dims = keep ? a.dims.map((dim, i) => (at.includes(i) ? 1 : dim)) : a.dims.filter((_, i) => !at.includes(i))
  const spec = { dtype: a.dtype, dims }
  // The axes are an input of the node and an attribute of the tape entry, where the gradient rule reads them.
  const attributes = { axes: { kind: 'ints', value: at }, keepdims: int(keep ? 1 : 0) } as const
  const build = () => ({ outputs: [g.emit1(op, [a, g.ints(at)], { keepdims: attributes.keepdims }, spec)] })
  return g.composite(op, [a], attributes, build)[0] as Value
}

/** Sum over the axes, which stay with size 1 unless `keep` is false. */
export const sum = (g: Graph, a: Value, axes: readonly number[], keep = true): Value =>
  reduce(g, 'ReduceSum', a, axes, keep)

/** Mean over the axes, which stay with size 1 unless `keep` is false. */
export const mean = (g: Graph, a: Value, axes: readonly number[], keep = true): Value =>
  reduce(g, 'ReduceMean', a, axes, keep)

/** The largest element. No gradient flows through it: it serves as the shift of a softmax and for masks. */
export const reduceMax = (g: Graph, a: Value, axes: readonly number[], keep = true): Value =>
  reduce(g, 'ReduceMax', a, axes, keep)

/** The index of the largest element along the last axis, int64; the first of equal ones. No gradient. */
export function argmax(g: Graph, a: Value): Value {
  const spec = { dtype: 'int64', dims: a.dims.slice(0, -1) } as const
  return g.emit1('ArgMax', [a], { axis: int(-1), keepdims: int(0) }, spec)
}

/** The sum of all squares, a scalar. */
export function sumSquare(g: Graph, a: Value): Value {
  return g.emit1('ReduceSumSquare', [a], { keepdims: int(0) }, { dtype: a.dtype, dims: [] })
}

/** The sum of all elements, a scalar. */
export const sumAll = (g: Graph, a: Value): Value => (a.dims.length === 0 ? a : sum(g, a, [...a.dims.keys()], false))
