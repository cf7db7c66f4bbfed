import { percent } from '../base/words.ts'
import type { Scores } from '../train/event.ts'

/** A score with the word for it, and how its number is written. */
interface Shown {
  readonly score: string
  readonly title: string
  readonly text: (value: number) => string
}

const three = (x: number) => x.toFixed(3)
const accuracy: Shown = { score: 'accuracy', title: 'accuracy', text: percent }
const macroF1: Shown = { score: 'macroF1', title: 'macro F1', text: three }
const mcc: Shown = { score: 'mcc', title: 'MCC', text: three }
const loss: Shown = { score: 'loss', title: 'loss', text: x => x.toFixed(4) }
const tokens: Shown = { score: 'tokenAccuracy', title: 'right tokens', text: percent }

const written: readonly Shown[] = [
  { score: 'exactMatch', title: 'exact match', text: percent },
  { score: 'rougeL', title: 'ROUGE-L', text: three },
]

/** What is said of scores, most telling first; the scores themselves tell which task they are of. */
export function shownScores(scores: Scores): readonly Shown[] {
  if ('perplexity' in scores)
    return [
      { score: 'perplexity', title: 'perplexity', text: x => (x < 100 ? x.toFixed(2) : x.toFixed(0)) },
      tokens,
      loss,
      ...('written' in scores ? written : []),
    ]
  if ('pearson' in scores)
    return [
      { score: 'pearson', title: 'Pearson', text: three },
      { score: 'spearman', title: 'Spearman', text: three },
      { score: 'mae', title: 'mean error', text: three },
      loss,
    ]
  if ('entityF1' in scores) return [{ score: 'entityF1', title: 'entity F1', text: three }, tokens, loss]
  if ('microF1' in scores && !('mcc' in scores))
    return [{ score: 'microF1', title: 'micro F1', text: three }, macroF1, accuracy, loss]
  return 'mcc' in scores ? [accuracy, macroF1, mcc, loss] : [accuracy, macroF1, loss]
}

/** The most telling score: `91.2 %`, `perplexity 12.41`, `entity F1 0.713`. */
export function headline(scores: Scores): string {
  const [{ score, title, text }] = shownScores(scores) as [Shown]
  const value = scores[score]
  if (value === undefined || Number.isNaN(value)) return '–'
  return score === 'accuracy' ? text(value) : `${title} ${text(value)}`
}

const everyScore: readonly Shown[] = [
  ...['perplexity', 'pearson', 'entityF1', 'microF1', 'mcc'].flatMap(name =>
    shownScores(name === 'mcc' ? { mcc: 0 } : { [name]: 0 }),
  ),
]

const titles: { readonly [score: string]: string } = {
  rocArea: 'ROC area (macro)',
  averagePrecision: 'average precision (macro)',
  calibrationError: 'calibration error',
  exactMatch: 'exact match',
  tokenF1: 'token F1',
  bleu: 'BLEU',
  chrF: 'chrF',
  rouge1: 'ROUGE-1',
  rouge2: 'ROUGE-2',
  rougeL: 'ROUGE-L',
}

/** The word for a score, and its number in words; unknown ones as they are. */
export function scoreText(score: string, value: number): { readonly title: string; readonly text: string } {
  const shown = everyScore.find(one => one.score === score)
  return { title: shown?.title ?? titles[score] ?? score, text: shown?.text(value) ?? value.toPrecision(4) }
}
