import { type Filter, findLabelErrors } from './confident.ts'
import type { Probabilities } from './probabilities.ts'

/**
 * Confident learning where a row may carry any number of classes: each class by itself is a yes or no (binary relevance).
 * `given` is 1 where a row carries a class, row-major like the probabilities, whose rows need not sum to 1. Answers in the
 * same shape: 1 where the class is likely given or withheld wrongly.
 */
export function findMultiLabelErrors(p: Probabilities, given: Uint8Array, filter?: Filter): Uint8Array {
  const { rows, classes } = p
  const flagged = new Uint8Array(rows * classes)
  const values = new Float64Array(rows * 2)
  const labels = new Uint8Array(rows)
  for (let k = 0; k < classes; k++) {
    for (let row = 0; row < rows; row++) {
      const yes = p.values[row * classes + k]!
      values[row * 2] = 1 - yes
      values[row * 2 + 1] = yes
      labels[row] = given[row * classes + k]!
    }
    const found = findLabelErrors({ rows, classes: 2, values }, labels, filter)
    for (let row = 0; row < rows; row++) flagged[row * classes + k] = found[row]!
  }
  return flagged
}
