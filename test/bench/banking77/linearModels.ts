import type { Random } from '../../../src/core/base/random.ts'
import { type Banking77, type Examples, select } from './data.ts'
import { accuracy, type Features, fitLogistic, fitSupportVectors, predict, tfIdf } from './linear.ts'

const featureSets: readonly (Features & { readonly name: string })[] = [
  { name: 'words 1', words: 1, characters: 0, minRows: 1 },
  { name: 'words 1-2', words: 2, characters: 0, minRows: 1 },
  { name: 'words 1-2, characters 2-5', words: 2, characters: 5, minRows: 2 },
]
const learners = [
  { name: 'support vectors', learn: fitSupportVectors, prices: [0.5, 1, 2, 4, 8] },
  { name: 'logistic regression', learn: fitLogistic, prices: [3, 10, 30, 100] },
] as const

export interface LinearResult {
  readonly features: string
  readonly learner: string
  readonly price: number
  readonly validation: number
  readonly test: number
}

/**
 * Every feature set with every learner, the price of loss chosen on a fifth of the training rows held out, then fitted on all
 * of them. Prints a line for each and returns the one that was best where it was chosen, not where it is tested.
 */
export function linearModels(data: Banking77, random: Random): LinearResult {
  const classes = data.classes.length
  const order = random.shuffle(data.train.labels.map((_, i) => i))
  const cut = Math.round(order.length / 5)
  const held = select(data.train, order.slice(0, cut))
  const rest = select(data.train, order.slice(cut))
  const results: LinearResult[] = []
  process.stdout.write('linear bag of words, price chosen on a fifth of train, accuracy:\n')
  for (const features of featureSets) {
    for (const { name, learn, prices } of learners) {
      const score = (train: Examples, test: Examples, price: number) => {
        const vectors = tfIdf(train.texts, features)
        const draw = random.split(`${features.name}/${name}/${price}`)
        const model = learn(vectors(train.texts), train.labels, { classes, price, random: () => draw.next() })
        return accuracy(predict(model, vectors(test.texts)), test.labels)
      }
      // Logistic regression costs as many times more as there are characters; the words decide there.
      if (name === 'logistic regression' && features.characters > 0) continue
      const tried = prices.map(price => ({ price, validation: score(rest, held, price) }))
      const best = tried.reduce((a, b) => (b.validation > a.validation ? b : a))
      const result = { features: features.name, learner: name, ...best, test: score(data.train, data.test, best.price) }
      results.push(result)
      process.stdout.write(
        `  ${name}, ${features.name}: C ${best.price}, held out ${percent(best.validation)}, test ${percent(result.test)}\n`,
      )
    }
  }
  const best = results.reduce((a, b) => (b.validation > a.validation ? b : a))
  process.stdout.write(`  best: ${best.learner}, ${best.features}: test ${percent(best.test)}\n`)
  return best
}

export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
