import { classCounts, likeliest, likeliestOther, type Probabilities } from './probabilities.ts'

/*
 * How good each label looks by the probabilities of its row: in [0, 1], low where the label is likely wrong. The three
 * scores of confident learning's authors; they differ where there are more than two classes.
 */

/** The probability of the given label. */
export function selfConfidence(p: Probabilities, labels: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: p.rows }, (_, row) => p.values[row * p.classes + labels[row]!]!)
}

/** The given label's probability less that of the best other class, brought to [0, 1]. */
export function normalizedMargin(p: Probabilities, labels: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: p.rows }, (_, row) => {
    const other = likeliestOther(p, row, labels[row]!)
    const best = other < 0 ? 0 : p.values[row * p.classes + other]!
    return (p.values[row * p.classes + labels[row]!]! - best + 1) / 2
  })
}

/** The entropy of the row, in units of log(classes), over the label's probability, as ln(1 + x)/x. */
export function confidenceWeightedEntropy(p: Probabilities, labels: ArrayLike<number>): Float64Array {
  const least = 1e-6
  return entropies(p).map((entropy, row) => {
    const own = Math.max(least, p.values[row * p.classes + labels[row]!]!)
    const ratio = entropy / Math.log(p.classes) / own
    return Math.log(ratio + 1) / Math.max(least, ratio)
  })
}

/** The entropy of each row, in nats. */
export function entropies(p: Probabilities): Float64Array {
  return Float64Array.from({ length: p.rows }, (_, row) => {
    let entropy = 0
    for (let k = 0; k < p.classes; k++) {
      const x = p.values[row * p.classes + k]!
      if (x > 0) entropy -= x * Math.log(x)
    }
    return entropy
  })
}

/**
 * Do the likeliest classes agree with the labels more often than they would by chance (more than three standard deviations above what
 * the two's frequencies alone give, as in Cohen's kappa)? Probabilities that know nothing of the labels say nothing about them.
 */
export function knowsLabels(p: Probabilities, labels: ArrayLike<number>): boolean {
  const { rows, classes } = p
  const given = classCounts(labels, classes)
  const guessed = new Float64Array(classes)
  let agreed = 0
  for (let row = 0; row < rows; row++) {
    const guess = likeliest(p, row)
    guessed[guess]!++
    if (guess === labels[row]) agreed++
  }
  let chance = 0
  for (let k = 0; k < classes; k++) chance += (given[k]! / rows) * (guessed[k]! / rows)
  return agreed - rows * chance > 3 * Math.sqrt(rows * chance * (1 - chance))
}
