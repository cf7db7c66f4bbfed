import type { Prediction } from './evaluation.ts'
import { exactMatch, tokenF1 } from './metrics/answers.ts'
import { bleu } from './metrics/bleu.ts'
import { type Calibration, calibrationOf } from './metrics/calibration.ts'
import { chrF } from './metrics/chrf.ts'
import { macroAveragePrecision, macroRocArea } from './metrics/ranking.ts'
import { rouge } from './metrics/rouge.ts'
import { bestThreshold, type ThresholdPoint, thresholdSweep } from './metrics/thresholds.ts'

/** Scores that cost more than those of every evaluation, and curves. What the answers cannot tell is left out. */
export interface Detail {
  readonly scores: { readonly [name: string]: number }
  /** How far probabilities can be believed; for one label a row. */
  readonly calibration?: Calibration
  /** For two labels: what saying the second one from a probability on gives, and the point of the best F1. */
  readonly thresholds?: {
    readonly label: string
    readonly best?: ThresholdPoint
    readonly points: readonly ThresholdPoint[]
  }
}

type Row = Pick<
  Prediction,
  'gold' | 'label' | 'probabilities' | 'distribution' | 'sets' | 'numbers' | 'tags' | 'tokens' | 'written'
>

/** The detail of one set of predictions; `labels` in class order. */
export function detailOf(rows: readonly Row[], labels: readonly string[]): Detail {
  const [first] = rows
  if (!first || first.sets || first.numbers || first.tags) return { scores: {} }
  if (first.tokens) {
    // What was said word by word beside the right answer would score too well.
    const written = rows.filter(row => row.written)
    return { scores: written.length === 0 ? {} : textScores(written) }
  }
  const calibration = calibrationOf(
    rows.map(row => row.probabilities.find(([label]) => label === row.label)?.[1] ?? 0),
    rows.map(row => row.label === row.gold),
  )
  const scores = { calibrationError: calibration.error }
  if (!distributed(rows, labels)) return { scores, calibration }
  const index = new Map(labels.map((label, i) => [label, i]))
  const gold = rows.map(row => index.get(row.gold) as number)
  const all = { classes: labels.length, gold, values: rows.flatMap(row => row.distribution as readonly number[]) }
  const [rocArea, averagePrecision] = [macroRocArea(all), macroAveragePrecision(all)]
  return {
    scores: {
      ...(rocArea === undefined ? {} : { rocArea }),
      ...(averagePrecision === undefined ? {} : { averagePrecision }),
      ...scores,
    },
    calibration,
    ...(labels.length === 2 ? { thresholds: sweep(rows, gold, labels[1] as string) } : {}),
  }
}

/** Detail twice: of all rows, and without the leaked ones. */
export function detailTwice(
  rows: readonly (Row & Pick<Prediction, 'leaked'>)[],
  labels: readonly string[],
): { readonly all: Detail; readonly withoutLeaks: Detail } {
  const clean = rows.filter(row => !row.leaked)
  const all = detailOf(rows, labels)
  return { all, withoutLeaks: clean.length === rows.length ? all : detailOf(clean, labels) }
}

/** Does every row have a probability for each label, in the order of `labels`? A file read alone may know another order. */
function distributed(rows: readonly Row[], labels: readonly string[]): boolean {
  const known = new Set(labels)
  return rows.every(({ distribution, label, gold }) => {
    if (distribution?.length !== labels.length || !known.has(gold)) return false
    return distribution[labels.indexOf(label)] === Math.max(...distribution)
  })
}

function sweep(rows: readonly Row[], gold: readonly number[], label: string): NonNullable<Detail['thresholds']> {
  const points = thresholdSweep(
    rows.map(row => row.distribution?.[1] as number),
    gold.map(g => g === 1),
  )
  const best = bestThreshold(points)
  return { label, points, ...(best ? { best } : {}) }
}

/** BLEU and chrF of the whole, means over rows of the others; all as fractions but BLEU and chrF (0 to 100). */
function textScores(rows: readonly Row[]): { readonly [name: string]: number } {
  const [said, gold] = [rows.map(row => row.label), rows.map(row => row.gold)]
  const mean = (of: (said: string, gold: string) => number) =>
    said.reduce((sum, text, i) => sum + of(text, gold[i] as string), 0) / said.length
  const rouges = said.map((text, i) => rouge(text, gold[i] as string))
  const rougeMean = (kind: 'rouge1' | 'rouge2' | 'rougeL') =>
    rouges.reduce((sum, row) => sum + row[kind].f1, 0) / rouges.length
  return {
    exactMatch: mean((a, b) => (exactMatch(a, b) ? 1 : 0)),
    tokenF1: mean(tokenF1),
    bleu: bleu(said, gold).score,
    chrF: chrF(said, gold),
    rouge1: rougeMean('rouge1'),
    rouge2: rougeMean('rouge2'),
    rougeL: rougeMean('rougeL'),
  }
}
