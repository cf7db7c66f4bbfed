/*
 * `npm run bench -- flips [head] [lora] [full] [clinc150] [apart] [seeds=<n>] [epochs=<n>] [rows=<n>]`: one training label in ten of Banking77 is
 * flipped by a seed. How well the rows' dynamics over the epochs find the flips, beside confident learning alone on the same rows; and how
 * much of the accuracy that they cost comes back when the suggestions of `label-error` are accepted as `winnow fix --accept` does, from the
 * product's own bound on, and the model is trained again. The bound was chosen on CLINC150, which `clinc150` repeats. A second figure,
 * with `apart` or for the head, leaves out the rows that are doubted and have no sure label. Needs ../shared/data.
 */
import { join } from 'node:path'
import { dynamicsOf, type EpochRivals } from '../../src/core/eval/dynamics.ts'
import { averagePrecision, rocArea } from '../../src/core/eval/metrics/ranking.ts'
import { judgeLabels } from '../../src/core/label/judge.ts'
import { normalizedMargin } from '../../src/core/label/quality.ts'
import { suggestWithTraining, sureEnough } from '../../src/core/label/suggest.ts'
import { normalForm } from '../../src/core/sign/normal.ts'
import { finishWork } from '../../src/core/sign/progress.ts'
import { resolveMethod } from '../../src/core/train/methods.ts'
import type { SampleLosses } from '../../src/core/train/models/task.ts'
import { openRuntime } from '../../src/node/ort.ts'
import { select } from './banking77/data.ts'
import { type Tuning, tunedAccuracy } from './banking77/tuned.ts'
import { flip, labelled } from './flips/data.ts'
import { mendedLabels } from './flips/product.ts'

const asked = process.argv.slice(2)
const numberOf = (name: string) => {
  const text = asked.find(one => one.startsWith(`${name}=`))
  return text === undefined ? undefined : Number(text.slice(name.length + 1))
}
const say = (text: string) => process.stdout.write(`${text}\n`)
const name = asked.includes('clinc150') ? 'clinc150' : 'banking77'
const found = labelled(name, numberOf('rows'))
if (!found) {
  say(`flips: skipped, ../shared/data/${name} is not there`)
  process.exit(0)
}
const { train, test, classes: names } = found
const classes = names.length
const model = { folder: join(process.cwd(), 'media/models/tiny-encoder'), weights: 'stored' } as const
const { runtime } = await openRuntime({ provider: 'cpu', threads: Number(process.env['THREADS'] ?? 1) })
const common = { rows: 32, smoothing: 0, seed: 1, dropout: 0 }
const every = ['query', 'key', 'value', 'output', 'up', 'down'] as const
/** Epochs enough that wrong labels are learnt by heart, which is what they cost. */
const recipes: Readonly<Record<'head' | 'lora' | 'full', Tuning>> = {
  head: { ...common, method: { kind: 'head' }, rate: 5e-3, epochs: 50 },
  lora: {
    ...common,
    method: resolveMethod({ kind: 'lora', rank: 16, alpha: 32, targets: [...every] }),
    rate: 3e-3,
    epochs: 12,
  },
  full: { ...common, method: { kind: 'full', freezeEmbeddings: false }, rate: 1e-3, epochs: 8 },
}

/** 97.5 % points of Student's t for 1, 2, … degrees of freedom. */
const student = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]

interface Recovered {
  readonly flipped: number
  readonly accepted: number
  readonly apart?: number
}

/** A training more for each seed: where it is cheap, or asked for. */
const leavesOut = (method: 'head' | 'lora' | 'full') => method === 'head' || asked.includes('apart')

say(
  `${name}: ${train.labels.length} training rows of ${classes} labels, one in ten with another label; bound ${sureEnough}`,
)
const wanted = (['head', 'lora', 'full'] as const).filter(one => asked.includes(one))
for (const method of wanted.length > 0 ? wanted : (['head', 'full'] as const)) await measure(method)
process.exit(0)

async function measure(method: 'head' | 'lora' | 'full'): Promise<void> {
  const recipe = { ...recipes[method], ...(numberOf('epochs') === undefined ? {} : { epochs: numberOf('epochs')! }) }
  const accuracy = (labels: readonly number[], more: { left?: readonly number[]; onRows?: Tuned['onRows'] } = {}) => {
    const out = new Set(more.left)
    const rows = labels.flatMap((_, row) => (out.has(row) ? [] : [row]))
    const data = { train: select({ ...train, labels }, rows), test, classes }
    return tunedAccuracy(runtime, model, { ...recipe, data, ...(more.onRows ? { onRows: more.onRows } : {}) })
  }
  const clean = await accuracy(train.labels)
  say(`${method}, ${recipe.epochs} epochs: ${percent(clean)} with clean labels`)
  const list: Recovered[] = []
  // What is lost is a few points, of which the test set leaves half a point to chance: one seed tells little.
  for (let seed = 1; seed <= (numberOf('seeds') ?? (method === 'head' ? 6 : 3)); seed++) {
    const began = performance.now()
    const { wrong, given } = flip(train.labels, classes, `flips ${seed}`)
    const losses: Float32Array[] = []
    const against: EpochRivals[] = []
    const onRows = (epoch: number, { samples, losses: values, rivals }: SampleLosses) => {
      const empty = () => new Float32Array(given.length).fill(Number.NaN)
      losses[epoch] ??= empty()
      against[epoch] ??= { margins: empty(), others: empty() }
      samples.forEach((row, i) => {
        losses[epoch]![row] = values[i]!
        against[epoch]!.margins[row] = rivals!.margins[i]!
        against[epoch]!.others[row] = rivals!.others[i]!
      })
    }
    const flipped = await accuracy(given, { onRows })
    const dynamics = dynamicsOf(losses, against)
    const judged = judgedBy(given)
    const labels = Int32Array.from(given)
    const ranked = (score: readonly number[]) =>
      `ROC area ${rocArea(score, wrong)!.toFixed(4)}, average precision ${averagePrecision(score, wrong)!.toFixed(4)}`
    const both = given.map((own, row) => {
      const heard = { own: dynamics.confidence[row]!, rivals: dynamics.rivals![row]! }
      return suggestWithTraining(judged, row, { own, heard }).confidence
    })
    say(`  seed ${seed}: confident learning alone   ${ranked(Array.from(normalizedMargin(judged, labels), x => -x))}`)
    say(`          area under the margin      ${ranked(Array.from(dynamics.margin, x => -x))}`)
    say(`          both, as label-error ranks ${ranked(both)}`)
    const mended = await mendedLabels({ texts: train.texts, labels: given }, names, dynamics)
    const taken = given.flatMap((label, row) => (mended.labels[row] === label ? [] : [row]))
    const count = (rows: readonly number[], holds: (row: number) => boolean) => rows.filter(holds).length
    say(
      `          accepted ${taken.length}: ${count(taken, row => wrong[row]!)} of ${count([...wrong.keys()], row => wrong[row]!)} flips, ${count(taken, row => mended.labels[row] === train.labels[row])} of them to their own label; doubted besides ${mended.doubted.length}, ${count(mended.doubted, row => wrong[row]!)} of them flips`,
    )
    const accepted = await accuracy(mended.labels)
    const apart = leavesOut(method) ? await accuracy(mended.labels, { left: mended.doubted }) : undefined
    list.push({ flipped, accepted, ...(apart === undefined ? {} : { apart }) })
    const back = (after: number) => percent((after - flipped) / (clean - flipped))
    say(
      `          accuracy ${percent(flipped)}, accepted ${percent(accepted)} (${back(accepted)} recovered)${apart === undefined ? '' : `, doubted rows left out too ${percent(apart)} (${back(apart)})`}; ${((performance.now() - began) / 60_000).toFixed(1)} minutes`,
    )
  }
  for (const what of leavesOut(method) ? (['accepted', 'apart'] as const) : (['accepted'] as const))
    say(`  ${what === 'accepted' ? 'accepted' : 'and doubted rows left out'}: ${recovery(list, what, clean)}`)
}

type Tuned = Parameters<typeof tunedAccuracy>[2]

/** The built-in judge on the given labels, rows of one normal form in one fold. */
function judgedBy(given: readonly number[]) {
  const forms = new Map<string, number>()
  const form = Int32Array.from(train.texts, (text, i) => {
    const normal = normalForm(text)
    if (!forms.has(normal)) forms.set(normal, i)
    return forms.get(normal)!
  })
  const labels = Int32Array.from(given)
  const rows = { rows: labels.length, text: (i: number) => train.texts[i]!, labels, classes, groups: form, forms: form }
  return finishWork(judgeLabels(rows)).both
}

/** The share of what was lost that came back, on average over seeds, with a 95 % interval where there are several. */
function recovery(list: readonly Recovered[], what: 'accepted' | 'apart', clean: number): string {
  const shares = list.map(one => ((one[what] as number) - one.flipped) / (clean - one.flipped))
  const mean = shares.reduce((sum, x) => sum + x, 0) / shares.length
  if (shares.length < 2) return `${percent(mean)} of the loss recovered`
  const spread = Math.sqrt(shares.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (shares.length - 1))
  const half = (student[Math.min(shares.length - 2, student.length - 1)]! * spread) / Math.sqrt(shares.length)
  return `${percent(mean)} of the loss recovered, 95 % interval ${percent(mean - half)} to ${percent(mean + half)} over ${shares.length} seeds`
}

function percent(x: number): string {
  return `${(100 * x).toFixed(2)} %`
}
