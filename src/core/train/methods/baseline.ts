/**
 * A classifier of features that needs no training: one Gaussian a class, all with the same diagonal covariance
 * (diagonal linear discriminant analysis, Dudoit et al. 2002), as a linear head. With equal priors the class score is
 * x·(μ/s) − ½ Σ μ²/s, where s is the pooled variance of each feature.
 */
export function centroidHead(
  features: Float32Array,
  width: number,
  { labels, classes }: { readonly labels: Int32Array; readonly classes: number },
): { readonly weight: Float32Array; readonly bias: Float32Array } {
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
