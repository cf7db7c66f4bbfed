import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { numberScores } from '../../../src/core/eval/graded.ts'
import { exactMatch, tokenF1 } from '../../../src/core/eval/metrics/answers.ts'
import { bleu, tokens13a } from '../../../src/core/eval/metrics/bleu.ts'
import { calibrationOf } from '../../../src/core/eval/metrics/calibration.ts'
import { chrF } from '../../../src/core/eval/metrics/chrf.ts'
import {
  averagePrecision,
  macroAveragePrecision,
  macroRocArea,
  rocArea,
} from '../../../src/core/eval/metrics/ranking.ts'
import { rouge } from '../../../src/core/eval/metrics/rouge.ts'
import { bestThreshold, thresholdSweep } from '../../../src/core/eval/metrics/thresholds.ts'
import { confusionOf, scoresOf } from '../../../src/core/eval/score.ts'
import {
  benjaminiHochberg,
  fisherExact,
  holm,
  independentInterval,
  mcNemar,
  wilson,
} from '../../../src/core/eval/significance.ts'

/** Numbers of scikit-learn, scipy, sacrebleu, rouge-score and statsmodels; `test/bench/peers/metrics.py` makes them. */
interface Golden {
  readonly classes: {
    readonly labels: string[]
    readonly gold: number[]
    readonly said: number[]
    readonly probabilities: number[][]
    readonly expect: { readonly [name: string]: number } & {
      readonly confusion: number[]
      readonly sweep: readonly [number[], number[], number[]]
    }
  }[]
  readonly numbers: { a: number[]; b: number[]; pearson: number; spearman: number; mae: number; rmse: number }
  readonly texts: {
    readonly pairs: [string, string][]
    readonly rouge: Record<'rouge1' | 'rouge2' | 'rougeL', [number, number, number]>[]
    readonly exact: boolean[]
    readonly f1: number[]
    readonly tokens: string[]
    readonly corpora: { rows: number[]; bleu: number; precisions: number[]; brevity: number; chrf: number }[]
  }
  readonly statistics: {
    readonly mcnemar: [number, number, number][]
    readonly wilson: [number, number, number, number][]
    readonly fisher: [number, number, number, number, number][]
    readonly newcombe: [number, number, number, number, number, number][]
    readonly p: number[]
    readonly holm: number[]
    readonly bh: number[]
  }
}

const golden = JSON.parse(readFileSync('test/golden/metrics.json', 'utf8')) as Golden

/** Within 1e-9, absolutely or of the value. */
const near = (value: number | undefined, wanted: number, what = '') => {
  expect(value, what).toBeTypeOf('number')
  expect(Math.abs((value as number) - wanted), `${what}: ${value} is not ${wanted}`).toBeLessThanOrEqual(
    1e-9 * Math.max(1, Math.abs(wanted)),
  )
}

test('labels: accuracy, precision, recall, F1, MCC and the confusion matrix equal scikit-learn', () => {
  for (const { labels, gold, said, expect: wanted } of golden.classes) {
    const rows = gold.map((g, i) => ({ gold: labels[g]!, label: labels[said[i]!]!, loss: 0 }))
    const scores = scoresOf(rows, labels)
    const names = ['accuracy', 'mcc', 'macroF1', 'macroPrecision', 'macroRecall', 'microF1', 'microPrecision']
    for (const name of [...names, 'microRecall', 'weightedF1', 'weightedPrecision', 'weightedRecall'])
      near(scores[name], wanted[name]!, name)
    expect([...confusionOf(rows, labels).counts]).toEqual(wanted.confusion)
  }
})

test('probabilities: areas, calibration error and threshold sweep equal scikit-learn', () => {
  for (const { labels, gold, said, probabilities, expect: wanted } of golden.classes) {
    const rows = { classes: labels.length, values: probabilities.flat(), gold }
    near(macroRocArea(rows), wanted['rocArea']!, 'ROC area')
    near(macroAveragePrecision(rows), wanted['averagePrecision']!, 'average precision')
    const second = probabilities.map(p => p[1]!)
    const positive = gold.map(g => g === 1)
    near(rocArea(second, positive), wanted['rocArea1']!)
    near(averagePrecision(second, positive), wanted['averagePrecision1']!)
    const confidence = probabilities.map(p => Math.max(...p))
    near(
      calibrationOf(
        confidence,
        gold.map((g, i) => g === said[i]),
      ).error,
      wanted['ece']!,
      'calibration error',
    )
    const sweep = thresholdSweep(second, positive)
    const [thresholds, precision, recall] = wanted.sweep
    expect(sweep.map(p => p.threshold)).toEqual(thresholds)
    sweep.forEach((point, i) => {
      near(point.precision, precision[i]!)
      near(point.recall, recall[i]!)
    })
    const best = bestThreshold(sweep)!
    expect(best.f1).toBe(Math.max(...sweep.map(p => p.f1)))
  }
})

test('one kind of row alone has no area', () => {
  expect(rocArea([0.1, 0.2], [true, true])).toBeUndefined()
  expect(averagePrecision([0.1, 0.2], [false, false])).toBeUndefined()
  expect(rocArea([], [])).toBeUndefined()
  expect(bestThreshold(thresholdSweep([0.5], [false]))).toBeUndefined()
  expect(calibrationOf([], []).error).toBe(0)
})

test('numbers: correlations and errors equal scipy and scikit-learn', () => {
  const { a, b, ...wanted } = golden.numbers
  const scores = numberScores(a.map((gold, i) => ({ gold, said: b[i]! })))
  for (const [name, value] of Object.entries(wanted)) near(scores[name], value, name)
})

test('texts: BLEU and chrF equal sacrebleu, its tokens too', () => {
  const { pairs, tokens, corpora } = golden.texts
  expect(pairs.map(([said]) => tokens13a(said).join(' '))).toEqual(tokens)
  for (const { rows, bleu: score, precisions, brevity, chrf } of corpora) {
    const [said, gold] = [rows.map(i => pairs[i]![0]), rows.map(i => pairs[i]![1])]
    const own = bleu(said, gold)
    near(own.score, score, `BLEU of ${rows}`)
    near(own.brevity, brevity, 'brevity')
    for (const [n, precision] of precisions.entries()) near(own.precisions[n], precision, `precision ${n + 1}`)
    near(chrF(said, gold), chrf, `chrF of ${rows}`)
  }
})

test('texts: ROUGE equals rouge-score without its stemmer; exact match and token F1 are those of SQuAD', () => {
  const { pairs, rouge: wanted, exact, f1 } = golden.texts
  for (const [i, [said, gold]] of pairs.entries()) {
    const own = rouge(said, gold)
    for (const kind of ['rouge1', 'rouge2', 'rougeL'] as const) {
      const [precision, recall, f] = wanted[i]![kind]
      near(own[kind].precision, precision, kind)
      near(own[kind].recall, recall, kind)
      near(own[kind].f1, f, kind)
    }
    expect(exactMatch(said, gold)).toBe(exact[i])
    near(tokenF1(said, gold), f1[i]!, 'token F1')
  }
})

test('two proportions of different rows: Fisher equals scipy, Newcombe statsmodels', () => {
  for (const [a, n, b, k, wanted] of golden.statistics.fisher)
    near(fisherExact({ right: a, rows: n }, { right: b, rows: k }), wanted, `Fisher ${a}/${n}, ${b}/${k}`)
  for (const [a, n, b, k, low, high] of golden.statistics.newcombe) {
    const interval = independentInterval({ right: a, rows: n }, { right: b, rows: k })
    near(interval[0], low)
    near(interval[1], high)
  }
})

test('statistics: exact McNemar, Wilson, Holm, Benjamini-Hochberg equal statsmodels', () => {
  const { mcnemar, wilson: intervals, p, holm: holmed, bh } = golden.statistics
  for (const [fixed, broken, wanted] of mcnemar) near(mcNemar(fixed, broken), wanted, `McNemar ${fixed}, ${broken}`)
  for (const [right, rows, low, high] of intervals) {
    near(wilson(right, rows)[0], low)
    near(wilson(right, rows)[1], high)
  }
  holm(p).forEach((value, i) => {
    near(value, holmed[i]!, 'Holm')
  })
  benjaminiHochberg(p).forEach((value, i) => {
    near(value, bh[i]!, 'Benjamini-Hochberg')
  })
})
