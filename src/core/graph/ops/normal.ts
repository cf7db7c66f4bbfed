/* Normalizations over the last axis. */
import { float, type Graph, int, type Value, valueText } from '../graph.ts'
import { type Dims, dimAt, ShapeError, sameDims } from '../shape.ts'
import { exp, log, sub } from './elementwise.ts'
import { reduceMax, sum } from './reduce.ts'

/** Softmax over the last axis. */
export function softmax(g: Graph, a: Value): Value {
  return g.emit1('Softmax', [a], { axis: int(-1) }, a)
}

/** Log of the softmax over the last axis. Portable: shifted by the largest element, then exp, sum, log. */
export function logSoftmax(g: Graph, a: Value): Value {
  if (g.lowering === 'fused') return g.emit1('LogSoftmax', [a], { axis: int(-1) }, a)
  return g.composite('LogSoftmax', [a], {}, () => {
    const shifted = sub(g, a, reduceMax(g, a, [-1]))
    return { outputs: [sub(g, shifted, log(g, sum(g, exp(g, shifted), [-1])))] }
  })[0] as Value
}

/** (x − mean)/√(variance + epsilon) · w + b (Ba et al. 2016); w and b [H]. */
export function layerNorm(g: Graph, x: Value, w: Value, b: Value, epsilon = 1e-12): Value {
  checkScale('LayerNorm', x, w)
  checkScale('LayerNorm', x, b)
  const row = { dtype: x.dtype, dims: rowDims(x.dims) }
  const attributes = { axis: int(-1), epsilon: float(epsilon) }
  // Mean and inverse deviation are outputs of the node that only the gradient rule reads.
  return g.composite('LayerNorm', [x, w, b], attributes, () => {
    const [y, mean, inverse] = g.emit('LayerNormalization', [x, w, b], attributes, [x, row, row]) as [
      Value,
      Value,
      Value,
    ]
    return { outputs: [y], saved: { mean, inverse } }
  })[0] as Value
}

/** x/√(mean(x²) + epsilon) · w (Zhang and Sennrich 2019); w [H]. */
export function rmsNorm(g: Graph, x: Value, w: Value, epsilon = 1e-6): Value {
  checkScale('RmsNorm', x, w)
  const attributes = { axis: int(-1), epsilon: float(epsilon) }
  const op = 'SimplifiedLayerNormalization'
  // As an output of the node the inverse deviation is wrong on WebGPU in ORT 1.30: there the gradient computes it again.
  if (g.lowering === 'portable') return g.emit1(op, [x, w], attributes, x, { rule: 'RmsNorm' })
  const row = { dtype: x.dtype, dims: rowDims(x.dims) }
  return g.composite('RmsNorm', [x, w], attributes, () => {
    const [y, inverse] = g.emit(op, [x, w], attributes, [x, row]) as [Value, Value]
    return { outputs: [y], saved: { inverse } }
  })[0] as Value
}

function rowDims(dims: Dims): Dims {
  return [...dims.slice(0, -1), 1]
}

function checkScale(op: string, x: Value, w: Value): void {
  const width = dimAt(op, x.dims, -1)
  if (!sameDims(w.dims, [width])) throw new ShapeError(`${op}: ${valueText(w)} does not fit ${valueText(x)}`)
}
