import { Failure } from '../base/failure.ts'
import { nearestWord } from '../base/nearest.ts'
import type { RecipeRegularization } from './recipe/regularization.ts'

/**
 * The factor of each class in the loss, undefined where all are 1. Balanced: N/(K·n_c) for N rows of K classes, n_c of the
 * class (King and Zeng 2001). Throws `Failure` (`bad-recipe`) for a label that no row has.
 */
export function classWeightsOf(
  wanted: RecipeRegularization['classWeights'],
  { labels, targets }: { readonly labels: readonly string[]; readonly targets: ArrayLike<number> },
): Float32Array | undefined {
  if (wanted === 'none') return undefined
  if (wanted === 'balanced') {
    const counts = new Float64Array(labels.length)
    for (const target of Array.from(targets)) counts[target] = (counts[target] ?? 0) + 1
    return Float32Array.from(counts, count => targets.length / (labels.length * Math.max(1, count)))
  }
  for (const label of Object.keys(wanted)) {
    if (labels.includes(label)) continue
    const near = nearestWord(label, labels)
    const hint = near ? `Did you mean ${JSON.stringify(near)}?` : `The labels are ${labels.slice(0, 10).join(', ')}`
    throw new Failure('bad-recipe', `"classWeights": no training row has the label ${JSON.stringify(label)}`, hint)
  }
  return Float32Array.from(labels, label => wanted[label] ?? 1)
}
