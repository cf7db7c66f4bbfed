/*
 * `npm run bench -- labels [python]`: how well wrong labels are found, on Hausa headlines (../shared/data/african-noisy, all
 * 1,030 wrong labels of 2,045 known) and on data whose labels are flipped at random here. Beside it cleanlab with its usual
 * TF-IDF and logistic regression, where a Python is named (or out/labels-venv has one) that can import it and scikit-learn.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { random } from '../../src/core/base/random.ts'
import { findLabelErrors } from '../../src/core/label/confident.ts'
import { judgeLabels } from '../../src/core/label/judge.ts'
import type { Probabilities } from '../../src/core/label/probabilities.ts'
import { confidenceWeightedEntropy, normalizedMargin, selfConfidence } from '../../src/core/label/quality.ts'
import { areaUnderRoc, averagePrecision } from '../../src/core/label/ranking.ts'
import { normalForm } from '../../src/core/sign/normal.ts'
import { finishWork } from '../../src/core/sign/progress.ts'

interface Noisy {
  readonly name: string
  readonly texts: readonly string[]
  readonly labels: readonly string[]
  readonly wrong: readonly boolean[]
}

const python = process.argv[2] ?? 'out/labels-venv/bin/python'
const data = '../shared/data'
const say = (text: string) => process.stdout.write(`${text}\n`)
const sets = [hausa(), sample(), clinc()].filter(set => set !== undefined)
if (sets.length < 3) say('without ../shared/data only the sample is measured')
if (!existsSync(python)) say(`no ${python}: without cleanlab beside it`)

for (const set of sets) {
  const bad = set.wrong.filter(Boolean).length
  say(`\n${set.name}: ${set.texts.length} rows, ${new Set(set.labels).size} labels, ${bad} of them wrong`)
  say(
    '  probabilities                     score                        ROC area  avg. prec.  flagged  precision  recall',
  )
  const names = [...new Set(set.labels)].sort()
  const number = new Map(names.map((name, i) => [name, i]))
  const labels = Int32Array.from(set.labels, label => number.get(label)!)
  peer(set, labels)
  own(set, labels, names.length)
}

function peer(set: Noisy, labels: Int32Array): void {
  if (!existsSync(python)) return
  const input = set.texts.map((text, i) => `${JSON.stringify({ text, label: set.labels[i] })}\n`).join('')
  const run = spawnSync(python, ['test/bench/peers/labels.py'], { input, encoding: 'utf8', maxBuffer: 1e9 })
  if (run.status !== 0) {
    say(`  cleanlab did not run: ${run.stderr.trim().split('\n').at(-1)}`)
    return
  }
  const answer = JSON.parse(run.stdout) as {
    probabilities: number[][]
    scores: { [name: string]: number[] }
    flagged: number[]
  }
  const flags = { wrong: set.wrong, flagged: answer.flagged }
  for (const [name, score] of Object.entries(answer.scores)) row(['TF-IDF + LR', `cleanlab ${name}`], score, flags)
  const [rows, classes] = [answer.probabilities.length, answer.probabilities[0]!.length]
  const p = { rows, classes, values: Float64Array.from(answer.probabilities.flat()) }
  scored('TF-IDF + LR', p, labels, set.wrong)
}

function own(set: Noisy, labels: Int32Array, classes: number): void {
  const forms = new Map<string, number>()
  const form = Int32Array.from(set.texts, (text, i) => {
    const normal = normalForm(text)
    if (!forms.has(normal)) forms.set(normal, i)
    return forms.get(normal)!
  })
  const start = process.cpuUsage()
  const judged = finishWork(
    judgeLabels({ rows: labels.length, text: i => set.texts[i]!, labels, classes, groups: form, forms: form }),
  )
  const { user, system } = process.cpuUsage(start)
  scored('classifier', judged.classifier, labels, set.wrong)
  scored('neighbours', judged.neighbours, labels, set.wrong)
  scored('both', judged.both, labels, set.wrong)
  say(`  ${((user + system) / 1e6).toFixed(1)} s of processor time for the three`)
}

function scored(source: string, p: Probabilities, labels: Int32Array, wrong: readonly boolean[]): void {
  const flags = { wrong, flagged: findLabelErrors(p, labels) }
  row([source, 'self-confidence'], selfConfidence(p, labels), flags)
  row([source, 'normalised margin'], normalizedMargin(p, labels), flags)
  row([source, 'entropy'], confidenceWeightedEntropy(p, labels), flags)
}

function row(
  [source, score]: [string, string],
  values: ArrayLike<number>,
  { wrong, flagged }: { readonly wrong: readonly boolean[]; readonly flagged: ArrayLike<number> },
): void {
  const suspicion = Array.from(values, x => -x)
  const count = Array.from(flagged).filter(x => x === 1).length
  const hits = wrong.filter((bad, i) => bad && flagged[i] === 1).length
  const bad = wrong.filter(Boolean).length
  const cells = [
    areaUnderRoc(suspicion, wrong).toFixed(4).padStart(8),
    averagePrecision(suspicion, wrong).toFixed(4).padStart(11),
    String(count).padStart(8),
    (hits / count).toFixed(3).padStart(10),
    (hits / bad).toFixed(3).padStart(7),
  ]
  say(`  ${source.padEnd(14)}${''.padEnd(4)}${score.padEnd(44)}${cells.join(' ')}`)
}

function hausa(): Noisy | undefined {
  const path = `${data}/african-noisy/truth-label-errors-hausa.tsv`
  if (!existsSync(path)) return undefined
  const rows = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map(line => line.split('\t'))
  return {
    name: 'Hausa headlines, wrong labels by rules of the data',
    texts: rows.map(cells => cells[4]!),
    labels: rows.map(cells => cells[2]!),
    wrong: rows.map(cells => cells[3] === '1'),
  }
}

function sample(): Noisy {
  const rows = readFileSync('media/sample/train.jsonl', 'utf8')
    .split('\n')
    .flatMap(line => {
      try {
        const { text, label } = JSON.parse(line) as { text?: string; label?: string }
        return text?.trim() && label?.trim() ? [{ text, label }] : []
      } catch {
        return []
      }
    })
  return flipped('the sample, one label in twenty flipped', rows)
}

function clinc(): Noisy | undefined {
  const path = `${data}/clinc150/data_full.json`
  if (!existsSync(path)) return undefined
  const { train } = JSON.parse(readFileSync(path, 'utf8')) as { train: [string, string][] }
  const rows = train.slice(0, 4000).map(([text, label]) => ({ text, label }))
  return flipped('40 intents of clinc150, one label in twenty flipped', rows)
}

function flipped(name: string, rows: readonly { readonly text: string; readonly label: string }[]): Noisy {
  const draw = random(name)
  const names = [...new Set(rows.map(({ label }) => label))].sort()
  const labels = rows.map(({ label }) => {
    if (draw.next() >= 0.05) return label
    const others = names.filter(other => other !== label)
    return others[draw.int(others.length)]!
  })
  const wrong = labels.map((label, i) => label !== rows[i]!.label)
  return { name, texts: rows.map(({ text }) => text), labels, wrong }
}
