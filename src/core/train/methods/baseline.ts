import type { NamedTensor } from '../learner.ts'

/** A linear classifier of features: weight [classes, width], bias [classes]. */
export interface LinearHead {
  readonly weight: Float32Array
  readonly bias: Float32Array
}

/** Mean and deviation of each feature. */
export interface FeatureScale {
  readonly mean: Float64Array
  readonly deviation: Float64Array
}

/**
 * Mean and standard deviation of every column. Pooled features have a large common part and little variance: without
 * taking both out, a head needs hundreds of times more steps.
 */
export function featureScale(features: Float32Array, width: number): FeatureScale {
  const rows = features.length / width
  const mean = new Float64Array(width)
  const deviation = new Float64Array(width)
  for (let i = 0; i < features.length; i++) mean[i % width]! += features[i]! / rows
  for (let i = 0; i < features.length; i++) deviation[i % width]! += (features[i]! - mean[i % width]!) ** 2 / rows
  for (let k = 0; k < width; k++) deviation[k] = Math.sqrt(deviation[k]!) + 1e-6
  return { mean, deviation }
}

/** The features with mean 0 and deviation 1 in every column. */
export function standardized(features: Float32Array, { mean, deviation }: FeatureScale): Float32Array {
  const width = mean.length
  return features.map((x, i) => (x - mean[i % width]!) / deviation[i % width]!)
}

/** The head of raw features that does what `head` does with standardized ones. */
export function foldScale(head: LinearHead, { mean, deviation }: FeatureScale): LinearHead {
  const width = mean.length
  const weight = head.weight.map((w, i) => w / deviation[i % width]!)
  const bias = head.bias.map((b, c) => {
    let shift = 0
    for (let k = 0; k < width; k++) shift += (head.weight[c * width + k]! * mean[k]!) / deviation[k]!
    return b - shift
  })
  return { weight, bias }
}

/** The layer of the name among tensors; a bias of zeros where it has none. */
export function headOf(values: readonly NamedTensor[], layer: string): LinearHead {
  const weight = values.find(t => t.name === `${layer}.weight`)
  if (!weight) throw new Error(`there is no ${layer}.weight`)
  const bias = values.find(t => t.name === `${layer}.bias`)
  return { weight: weight.data, bias: bias?.data ?? new Float32Array(weight.shape[0] as number) }
}

/** The tensors with another head in place of theirs. */
export function withHead(values: readonly NamedTensor[], classifier: string, head: LinearHead): NamedTensor[] {
  return values.map(t => {
    if (t.name === `${classifier}.weight`) return { ...t, data: head.weight }
    return t.name === `${classifier}.bias` ? { ...t, data: head.bias } : t
  })
}

/** The head alone on features, in doubles: class scores `[rows, classes]`. */
export function applyHead(features: Float32Array, width: number, head: LinearHead): Float32Array {
  const rows = features.length / width
  const classes = head.bias.length
  const out = new Float32Array(rows * classes)
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < classes; c++) {
      let sum = head.bias[c] as number
      for (let k = 0; k < width; k++)
        sum += (features[r * width + k] as number) * (head.weight[c * width + k] as number)
      out[r * classes + c] = sum
    }
  return out
}

/**
 * A classifier of features that needs no training: one Gaussian a class, all with the same diagonal covariance
 * (diagonal linear discriminant analysis, Dudoit et al. 2002), as a linear head. With equal priors the class score is
 * x·(μ/s) − ½ Σ μ²/s, where s is the pooled variance of each feature.
 */
export function centroidHead(
  features: Float32Array,
  width: number,
  { labels, classes }: { readonly labels: Int32Array; readonly classes: number },
): LinearHead {
  const mean = new Float64Array(classes * width)
  const count = new Float64Array(classes)
  labels.forEach((c, i) => {
    count[c] = (count[c] as number) + 1
    for (let k = 0; k < width; k++) mean[c * width + k] = mean[c * width + k]! + features[i * width + k]!
  })
  for (let c = 0; c < classes; c++)
    for (let k = 0; k < width; k++) mean[c * width + k] = mean[c * width + k]! / Math.max(1, count[c]!)
  const variance = new Float64Array(width)
  labels.forEach((c, i) => {
    for (let k = 0; k < width; k++) variance[k] = variance[k]! + (features[i * width + k]! - mean[c * width + k]!) ** 2
  })
  const weight = new Float32Array(classes * width)
  const bias = new Float32Array(classes)
  for (let k = 0; k < width; k++) {
    // A feature that never varies tells nothing; the floor keeps it from deciding everything.
    const s = variance[k]! / labels.length + 1e-6
    for (let c = 0; c < classes; c++) {
      const m = mean[c * width + k]!
      weight[c * width + k] = m / s
      bias[c] = bias[c]! - (m * m) / (2 * s)
    }
  }
  return { weight, bias }
}
