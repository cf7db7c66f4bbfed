/** The probability of each class for each row, row-major: row r holds `values[r * classes .. (r + 1) * classes)`, each in [0, 1]. */
export interface Probabilities {
  readonly rows: number
  readonly classes: number
  readonly values: Float32Array | Float64Array
}

/** The most probable class of a row; of equals the first. */
export function likeliest({ classes, values }: Probabilities, row: number): number {
  const start = row * classes
  let best = 0
  for (let k = 1; k < classes; k++) if (values[start + k]! > values[start + best]!) best = k
  return best
}

/** The most probable class of a row other than `own`; -1 where there is only one class. */
export function likeliestOther({ classes, values }: Probabilities, row: number, own: number): number {
  const start = row * classes
  let best = -1
  for (let k = 0; k < classes; k++) if (k !== own && (best < 0 || values[start + k]! > values[start + best]!)) best = k
  return best
}

/** How many rows each class has. */
export function classCounts(labels: ArrayLike<number>, classes: number): Float64Array {
  const counts = new Float64Array(classes)
  for (let row = 0; row < labels.length; row++) counts[labels[row]!]!++
  return counts
}
