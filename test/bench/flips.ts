/*
 * `npm run bench -- flips [head] [full] [epochs]`: 10 % of Banking77's training labels flipped by a seed. How well the rows' losses over
 * the epochs find them, beside confident learning alone on the same rows; and how much of the accuracy that they cost comes back
 * when the suggestions above a threshold are accepted and the model is trained again. Needs ../shared/data/banking77.
 */
import { join } from 'node:path'
import { random } from '../../src/core/base/random.ts'
import { dynamicsOf, type RowDynamics } from '../../src/core/eval/dynamics.ts'
import { averagePrecision, rocArea } from '../../src/core/eval/metrics/ranking.ts'
import { judgeLabels } from '../../src/core/label/judge.ts'
import { normalizedMargin } from '../../src/core/label/quality.ts'
import { normalForm } from '../../src/core/sign/normal.ts'
import { finishWork } from '../../src/core/sign/progress.ts'
import type { Method } from '../../src/core/train/methods.ts'
import type { SampleLosses } from '../../src/core/train/models/task.ts'
import { softmaxRow } from '../../src/core/train/tasks/softmax.ts'
import { openRuntime } from '../../src/node/ort.ts'
import { banking77, select } from './banking77/data.ts'
import { accuracyOf, type Tuning, tunedAccuracy, tunedScores } from './banking77/tuned.ts'

const data = banking77()
if (!data) {
  process.stdout.write('flips: skipped, ../shared/data/banking77 is not there\n')
  process.exit(0)
}
const say = (text: string) => process.stdout.write(`${text}\n`)
const { train, test } = data
const classes = data.classes.length
const draw = random('flips 10 %')
const flipped = train.labels.map(() => false)
for (const row of draw.shuffle(train.labels.map((_, i) => i)).slice(0, Math.round(train.labels.length / 10)))
  flipped[row] = true
const given = train.labels.map((label, row) => (flipped[row] ? (label + 1 + draw.int(classes - 1)) % classes : label))
say(`Banking77: ${train.labels.length} training rows, ${flipped.filter(Boolean).length} of them with another label`)

const began = performance.now()
const forms = new Map<string, number>()
const form = Int32Array.from(train.texts, (text, i) => {
  const normal = normalForm(text)
  if (!forms.has(normal)) forms.set(normal, i)
  return forms.get(normal)!
})
const labels = Int32Array.from(given)
const judged = finishWork(
  judgeLabels({ rows: labels.length, text: i => train.texts[i]!, labels, classes, groups: form, forms: form }),
)
const confident = Array.from(normalizedMargin(judged.both, labels), x => -x)
say(`confident learning alone: ${ranked(confident)} (${minutes(began)})`)

const model = { folder: join(process.cwd(), 'media/models/tiny-encoder'), weights: 'stored' } as const
const threads = process.env['THREADS']
const { runtime } = await openRuntime({ provider: 'cpu', ...(threads ? { threads: Number(threads) } : {}) })
const common = { rows: 32, smoothing: 0, seed: 1 }
const full: Method = { kind: 'full', freezeEmbeddings: false }
const epochs = Number(process.argv.find(argument => /^\d+$/.test(argument)) ?? 0)
const recipes: Readonly<Record<'head' | 'full', Tuning>> = {
  head: { ...common, method: { kind: 'head' }, rate: 5e-3, epochs: epochs || 50, dropout: 0 },
  full: { ...common, method: full, rate: 1e-3, epochs: epochs || 5, dropout: 0.1 },
}
interface Accepted {
  /** Rows with a new label. */
  readonly accepted: readonly number[]
  /** Rows left out. */
  readonly left: readonly number[]
  readonly labels: readonly number[]
}

/** Accepted are rows with a mean probability of their own label below the one, and another label's from the other on. */
const least = { confidence: 0.1, suggestion: 0.3 }
const wanted = (['head', 'full'] as const).filter(name => process.argv.includes(name))
for (const name of wanted.length > 0 ? wanted : (['head', 'full'] as const)) await measure(name)

async function measure(name: 'head' | 'full'): Promise<void> {
  const start = performance.now()
  const recipe = recipes[name]
  const losses: Float32Array[] = []
  const onRows = (epoch: number, { samples: rows, losses: values }: SampleLosses) => {
    losses[epoch] ??= new Float32Array(given.length).fill(Number.NaN)
    rows.forEach((row, i) => {
      losses[epoch]![row] = values[i]!
    })
  }
  const tuned = (labels: readonly number[], left: readonly number[] = []) => {
    const out = new Set(left)
    const rows = labels.flatMap((_, row) => (out.has(row) ? [] : [row]))
    return tunedAccuracy(runtime, model, {
      ...recipe,
      data: { train: select({ ...train, labels }, rows), test, classes },
    })
  }
  // The training rows are asked as well: what the model says of them in the end is a suggestion.
  const asked = { texts: [...test.texts, ...train.texts], labels: [...test.labels, ...given] }
  const tuning = { ...recipe, onRows, data: { train: { ...train, labels: given }, test: asked, classes } }
  const scores = await tunedScores(runtime, model, tuning)
  const noisy = accuracyOf(scores, test.labels, classes)
  const found = dynamicsOf(losses)
  say(`${name}, ${recipe.epochs} epochs: ranking by training dynamics: ${ranked(Array.from(found.margin, x => -x))}`)
  const { accepted, left, labels: repaired } = accept(found, scores.subarray(test.labels.length * classes))
  const right = accepted.filter(row => flipped[row]).length
  const restored = accepted.filter(row => flipped[row] && repaired[row] === train.labels[row]).length
  say(
    `  accepted: ${accepted.length}, ${right} of them flipped, ${restored} given their own label back; left out: ${left.length}, ${left.filter(row => flipped[row]).length} of them flipped`,
  )
  const clean = await tuned(train.labels)
  const mended = await tuned(repaired, left)
  const back = (mended - noisy) / (clean - noisy)
  say(
    `  test accuracy: clean ${percent(clean)}, flipped ${percent(noisy)}, after accepting ${percent(mended)}: ${percent(back)} of the loss recovered (${minutes(start)})`,
  )
}

/**
 * Rows that training did not believe: those that have a better label, by the model and the built-in judge together, get it; those that
 * training believed least and that nobody has a label for are left out.
 */
function accept({ confidence }: RowDynamics, scores: Float32Array): Accepted {
  const labels = [...given]
  const left: number[] = []
  const accepted = given.flatMap((label, row) => {
    if (confidence[row]! >= least.confidence) return []
    const { probabilities } = softmaxRow(scores, row, { classes, label })
    const trust = probabilities.map((p, k) => (p + judged.both.values[row * classes + k]!) / 2)
    let best = label === 0 ? 1 : 0
    for (let k = 0; k < classes; k++) if (k !== label && trust[k]! > trust[best]!) best = k
    if (trust[best]! >= least.suggestion) {
      labels[row] = best
      return [row]
    }
    if (confidence[row]! < least.confidence / 2) left.push(row)
    return []
  })
  return { accepted, left, labels }
}

function ranked(score: readonly number[]): string {
  return `ROC area ${rocArea(score, flipped)!.toFixed(4)}, average precision ${averagePrecision(score, flipped)!.toFixed(4)}`
}

function percent(x: number): string {
  return `${(100 * x).toFixed(2)} %`
}

function minutes(start: number): string {
  return `${((performance.now() - start) / 60_000).toFixed(1)} minutes`
}
