/* Scores that depend on how far apart two positions are. */
import { type Graph, type Value, valueText } from '../graph.ts'
import { type Dim, dimAt, ShapeError } from '../shape.ts'
import { neg, sub } from './elementwise.ts'
import { concat, shapeAt, squeeze } from './move.ts'

/** The number of distances between `length` positions, 2·length − 1; a symbol where the length is one. */
export const distanceCount = (length: Dim): Dim =>
  typeof length === 'number' ? 2 * length - 1 : `distances(${length})`

/** Every distance from the last of the positions along an axis to the first: n−1, …, 0, …, −(n−1) as int64 [2n−1]. */
export function distances(g: Graph, like: Value, axis: number): Value {
  const length = dimAt('Distances', like.dims, axis)
  if (typeof length === 'number') return g.ints(Array.from({ length: 2 * length - 1 }, (_, i) => length - 1 - i))
  const n = squeeze(g, shapeAt(g, like, axis), [0])
  const inputs = [sub(g, n, g.scalar(1, 'int64')), neg(g, n), g.scalar(-1, 'int64')]
  return g.emit1('Range', inputs, {}, { dtype: 'int64', dims: [distanceCount(length)] })
}

/**
 * From scores by distance to scores by pair: of a [...,n,2n−1] the result [...,n,n] has at (i, j) the element
 * (i, j − i + n − 1). Column 0 is the distance −(n−1), the last n−1. No index is read: the rows, one column wider, are cut
 * anew with an offset, so that each begins one further to the left (Dai et al. 2019, appendix B).
 */
export function relativeShift(g: Graph, a: Value): Value {
  const n = checkedLength(a, 'RelativeShift')
  if (dimAt('RelativeShift', a.dims, -1) !== distanceCount(n))
    throw new ShapeError(`RelativeShift: ${valueText(a)} has not ${distanceCount(n)} columns`)
  const size = shapeAt(g, a, -2)
  const less = sub(g, size, g.ints([1]))
  return g.composite('RelativeShift', [a], {}, () => {
    const wider = raw(g, 'Pad', [a, g.ints([0, 1]), g.scalar(0, a.dtype), g.ints([3])])
    const flat = raw(g, 'Reshape', [wider, g.ints([0, 0, -1])])
    const cut = raw(g, 'Slice', [flat, less, g.ints([-1]), g.ints([2])])
    const rows = raw(g, 'Reshape', [cut, concat(g, [g.ints([0, 0]), size, g.ints([-1])], 0)])
    const spec = { dtype: a.dtype, dims: [...a.dims.slice(0, -1), n] }
    return { outputs: [g.emit1('Slice', [rows, g.ints([0]), size, g.ints([3])], {}, spec)] }
  })[0] as Value
}

/** What undoes `relativeShift`, with zeros where no pair has the distance: of [...,n,n] to [...,n,2n−1]. Its gradient. */
export function relativeUnshift(g: Graph, a: Value): Value {
  const n = checkedLength(a, 'RelativeUnshift')
  const size = shapeAt(g, a, -2)
  const less = sub(g, size, g.ints([1]))
  const zero = g.scalar(0, a.dtype)
  return g.composite('RelativeUnshift', [a], {}, () => {
    const wider = raw(g, 'Pad', [a, concat(g, [g.ints([0]), less], 0), zero, g.ints([3])])
    const flat = raw(g, 'Reshape', [wider, g.ints([0, 0, -1])])
    const moved = raw(g, 'Pad', [flat, concat(g, [less, g.ints([1])], 0), zero, g.ints([2])])
    const rows = raw(g, 'Reshape', [moved, concat(g, [g.ints([0, 0]), size, g.ints([-1])], 0)])
    const spec = { dtype: a.dtype, dims: [...a.dims.slice(0, -1), distanceCount(n)] }
    return { outputs: [g.emit1('Slice', [rows, g.ints([0]), g.ints([-1]), g.ints([3])], {}, spec)] }
  })[0] as Value
}

function checkedLength(a: Value, op: string): Dim {
  if (a.dims.length !== 4) throw new ShapeError(`${op}: ${valueText(a)} has not 4 dimensions`)
  return dimAt(op, a.dims, -2)
}

/** A value inside a composite whose size no one asks for. */
function raw(g: Graph, op: string, inputs: readonly Value[]): Value {
  const { dtype } = inputs[0] as Value
  return g.emit1(op, inputs, {}, { dtype, dims: ['?', '?', '?'] })
}
