/* Losses: composites with one gradient rule each. Targets and weights get no gradient. */
import { float, type Graph, int, type Value, valueText } from '../graph.ts'
import { type Dim, ShapeError, sameDims } from '../shape.ts'
import { div, exp, max, mul, neg, pow, sub } from './elementwise.ts'
import { gather, unsqueeze } from './move.ts'
import { logSoftmax } from './normal.ts'
import { sum, sumAll } from './reduce.ts'

export interface LossValues {
  /** Weighted mean over the rows, a scalar. */
  readonly loss: Value
  /** The unweighted loss of each row, [N]. */
  readonly rows: Value
}

export interface CrossEntropyOptions {
  /** Spread over all classes instead of the label: q = (1−ε)·onehot + ε/C (Szegedy et al. 2016). */
  readonly smoothing?: number
  /** γ of the focal loss (Lin et al. 2017): rows count (1−p)^γ, so that easy ones fade; 0 is off, else 1 or more. */
  readonly focal?: number
  /** A factor for each class [C], applied to the weight of the rows with that label. */
  readonly classWeights?: Value
}

/**
 * Softmax cross entropy: logits [N,C], labels int64 [N], weights [N]. loss = Σ wₙ·rowₙ / Σ wₙ with
 * rowₙ = −Σ_c q_nc·log p_nc. A row of weight 0 is dropped, its label must still be in range; all rows of weight 0
 * give loss 0. No [N,C] one-hot exists, forward or backward.
 */
export function crossEntropy(
  g: Graph,
  logits: Value,
  labels: Value,
  weights: Value,
  options: CrossEntropyOptions = {},
): LossValues {
  const { smoothing = 0, focal = 0, classWeights } = options
  const [n, classes] = logits.dims as [Dim, Dim]
  if (logits.dims.length !== 2 || labels.dtype !== 'int64' || !sameDims(labels.dims, [n])) {
    throw new ShapeError(`CrossEntropy: logits ${valueText(logits)}, labels ${valueText(labels)}`)
  }
  if (!sameDims(weights.dims, [n])) throw new ShapeError(`CrossEntropy: weights ${valueText(weights)} are not [${n}]`)
  if (smoothing !== 0 && typeof classes !== 'number') throw new ShapeError('CrossEntropy: smoothing needs a known C')
  if (focal !== 0 && (smoothing !== 0 || focal < 1))
    throw new ShapeError('CrossEntropy: focal is 1 or more, and goes without smoothing')
  const attributes = { smoothing: float(smoothing) }
  const [loss, rows] = g.composite('CrossEntropy', [logits], attributes, () => {
    const logProbability = logSoftmax(g, logits)
    const index = unsqueeze(g, labels, [1])
    const picked = g.emit1(
      'GatherElements',
      [logProbability, index],
      { axis: int(1) },
      {
        dtype: logits.dtype,
        dims: [n, 1],
      },
    )
    const spread = smoothing / (typeof classes === 'number' ? classes : 1)
    const nll = neg(g, picked)
    const smooth =
      smoothing === 0 ? nll : sub(g, mul(g, nll, 1 - smoothing), mul(g, sum(g, logProbability, [1]), spread))
    const { each, slope } = focal === 0 ? { each: smooth } : focused(g, picked, focal)
    const weight = normalized(g, classWeights ? mul(g, weights, gather(g, classWeights, labels)) : weights)
    const column = unsqueeze(g, weight, [1])
    const total = sumAll(g, mul(g, each, column))
    // A flat copy of the rows: [N,1] and [N] are the same bytes, the model's caller wants [N].
    const flat = g.emit1('Squeeze', [each, g.ints([1])], {}, { dtype: each.dtype, dims: [n] })
    const weighed = slope ? mul(g, column, slope) : column
    return { outputs: [total, flat], saved: { logProbability, index, weight: weighed } }
  }) as [Value, Value]
  return { loss, rows }
}

/**
 * −(1−p)^γ·log p of log p [N,1], and what its gradient is times that of −log p: (1−p)^γ − γ·p·(1−p)^(γ−1)·log p.
 */
function focused(g: Graph, picked: Value, gamma: number): { readonly each: Value; readonly slope: Value } {
  const p = exp(g, picked)
  const rest = sub(g, 1, p)
  const power = pow(g, rest, gamma)
  const less = gamma === 1 ? p : mul(g, p, pow(g, rest, gamma - 1))
  return { each: neg(g, mul(g, power, picked)), slope: sub(g, power, mul(g, mul(g, less, picked), gamma)) }
}

/** Mean squared error: predictions and targets [N,D], weights [N]; rowₙ is the mean over D. */
export function meanSquaredError(g: Graph, predictions: Value, targets: Value, weights: Value): LossValues {
  const [n, width] = predictions.dims
  if (predictions.dims.length !== 2 || !sameDims(predictions.dims, targets.dims) || typeof width !== 'number') {
    throw new ShapeError(`MeanSquaredError: ${valueText(predictions)} against ${valueText(targets)}`)
  }
  if (!sameDims(weights.dims, [n as Dim])) {
    throw new ShapeError(`MeanSquaredError: weights ${valueText(weights)} are not [${n}]`)
  }
  const [loss, rows] = g.composite('MeanSquaredError', [predictions], {}, () => {
    const difference = sub(g, predictions, targets)
    const each = mul(g, sum(g, mul(g, difference, difference), [1], false), 1 / width)
    const weight = normalized(g, weights)
    return {
      outputs: [sumAll(g, mul(g, each, weight)), each],
      saved: { difference, weight: unsqueeze(g, weight, [1]) },
    }
  }) as [Value, Value]
  return { loss, rows }
}

/** w/Σw, and zeros where all weights are zero instead of 0/0. */
export function normalized(g: Graph, weights: Value): Value {
  return div(g, weights, max(g, sumAll(g, weights), 1e-12))
}
