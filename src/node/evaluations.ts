import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { Failure } from '../core/base/failure.ts'
import type { Evaluation, Prediction } from '../core/eval/evaluation.ts'
import { scoreTwice } from '../core/eval/score.ts'
import type { Evaluated, Run } from '../core/run/run.ts'
import { findRun, readData, readRun } from './runs.ts'

/** Which weights of a run: before training, the best, the last, or those of one step. */
export type Which = 'base' | 'best' | 'last' | number

export interface EvaluationChoice {
  readonly which: Which
  /** Test where there is one, else validation. */
  readonly split?: string
}

/** A run and the weights meant, as people write it: `<run>`, `<run>:base`, `<run>:best`, `<run>:last`, `<run>:120`. */
export function parseReference(text: string): { readonly run: string; readonly which?: Which } {
  const match = /^(.+):(base|best|last|\d+)$/.exec(text)
  if (!match) return { run: text }
  const which = match[2] as string
  return { run: match[1] as string, which: /^\d+$/.test(which) ? Number(which) : (which as Which) }
}

/** The evaluations of a run that have predictions, newest last. */
function evaluationsOf(run: Run): Evaluated[] {
  return run.evaluated.filter(e => e.path !== undefined)
}

/**
 * Reads one evaluation of a run with its predictions, and scores them anew, so that the numbers are those of the
 * rows that are shown.
 */
async function loadEvaluation(folder: string, { which, split }: EvaluationChoice): Promise<Evaluation> {
  const { id, run } = await readRun(folder)
  const found = choose(run, which, split)
  if (!found) {
    const has = evaluationsOf(run).map(e => `${e.split} ${e.of ?? `step ${e.step}`}`)
    throw new Failure(
      'no-evaluation',
      `The run ${id} has no predictions ${split ? `on ${split} ` : ''}of ${typeof which === 'number' ? `step ${which}` : `its ${which} weights`}`,
      has.length > 0 ? `It has: ${has.join(', ')}` : 'It has none yet; they are written when the run ends',
    )
  }
  const { labels } = await readData(folder)
  const predictions = await readPredictions(join(folder, found.path as string))
  const model = which === 'base' ? 'base' : which === 'best' ? run.name : `${run.name}, step ${found.step}`
  return evaluationFrom(predictions, { model, run: id, split: found.split, labels })
}

/** Scores predictions that were read. */
export function evaluationFrom(
  predictions: readonly Prediction[],
  about: Pick<Evaluation, 'model' | 'split' | 'labels' | 'run'>,
): Evaluation {
  const { all, withoutLeaks } = scoreTwice(predictions, about.labels)
  return { ...about, predictions, all, withoutLeaks }
}

/** Reads `evaluations/*.jsonl`. A line that is no prediction is a `Failure` that names the line. */
export async function readPredictions(file: string): Promise<Prediction[]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new Failure('no-evaluation', `${file} cannot be read: ${(cause as Error).message}`, '', { cause })
  }
  const predictions: Prediction[] = []
  for (const [i, line] of text.split('\n').entries()) {
    // The editor reads them in its extension host, which has others to answer meanwhile.
    if (i % 2048 === 2047) await breathe()
    if (line.trim() === '') continue
    const value = parse(line)
    if (!isPrediction(value))
      throw new Failure('bad-evaluation', `${file}:${i + 1} is not a prediction`, 'Evaluate again: winnow evaluate')
    predictions.push({ ...value, loss: value.loss ?? Number.NaN })
  }
  return predictions
}

/**
 * The two evaluations that `winnow compare` was asked for. One run alone: its base against its best. A file of
 * predictions may stand for a run.
 */
export async function loadPair(
  root: string,
  references: readonly string[],
  { cwd, split }: { readonly cwd: string; readonly split?: string },
): Promise<readonly [Evaluation, Evaluation]> {
  const [first, second] = references as [string, string | undefined]
  const target = async (text: string, otherwise: Which): Promise<Target> => {
    const path = resolve(cwd, text)
    if (path.endsWith('.jsonl') && existsSync(path)) return { kind: 'file', path }
    const { run, which = otherwise } = parseReference(text)
    return { kind: 'run', folder: await findRun(root, run, cwd), which }
  }
  const last = await target(second ?? first, 'best')
  if (second === undefined && last.kind === 'file')
    throw new Failure('usage', `"${first}" is one evaluation; a second is missing`, 'winnow compare --help tells more')
  const one: Target =
    second !== undefined ? await target(first, 'best') : last.kind === 'run' ? { ...last, which: 'base' } : last
  const common = split ?? (await commonSplit(one, last))
  const load = (t: Target) =>
    t.kind === 'file'
      ? readAlone(t.path)
      : loadEvaluation(t.folder, common === undefined ? { which: t.which } : { which: t.which, split: common })
  const a = await load(one)
  const b = await load(last)
  // Two runs of one name are told apart by their ids.
  const named = (e: Evaluation) => (a.model === b.model && a.run !== b.run && e.run ? { ...e, model: e.run } : e)
  return [named(a), named(b)]
}

type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'run'; readonly folder: string; readonly which: Which }

/** The first of test, validation and train on which both runs were scored; a file alone goes with anything. */
async function commonSplit(a: Target, b: Target): Promise<string | undefined> {
  if (a.kind === 'file' || b.kind === 'file') return undefined
  const [before, after] = [(await readRun(a.folder)).run, (await readRun(b.folder)).run]
  return ['test', 'validation', 'train'].find(s => choose(before, a.which, s) && choose(after, b.which, s))
}

async function readAlone(path: string): Promise<Evaluation> {
  const predictions = await readPredictions(path)
  const labels = [...new Set(predictions.flatMap(p => [p.gold, p.label]))].sort()
  const name = basename(path, '.jsonl')
  return evaluationFrom(predictions, { model: name, split: name.replace(/-[^-]*$/, ''), labels })
}

function choose(run: Run, which: Which, split: string | undefined): Evaluated | undefined {
  const fits = evaluationsOf(run).filter(e => {
    if (split !== undefined && e.split !== split) return false
    if (which === 'base') return e.of === 'base'
    if (which === 'best') return e.of === 'best' || (e.of === undefined && e.step === run.best?.step)
    return e.of !== 'base' && (which === 'last' || e.step === which)
  })
  if (which === 'last') {
    const step = Math.max(...fits.map(e => e.step))
    return rank(fits.filter(e => e.step === step))[0]
  }
  return rank(fits)[0]
}

/** Test before validation before train, and what was scored as the best before what happened to be. */
const rank = (list: readonly Evaluated[]) =>
  [...list].sort(
    (a, b) =>
      ['test', 'validation', 'train'].indexOf(a.split) - ['test', 'validation', 'train'].indexOf(b.split) ||
      Number(a.of === undefined) - Number(b.of === undefined),
  )

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined // Told by the caller, with the line's number.
  }
}

function isPrediction(value: unknown): value is Prediction {
  const p = value as Prediction | undefined
  return (
    typeof p === 'object' &&
    p !== null &&
    typeof p.file === 'string' &&
    typeof p.row === 'number' &&
    typeof p.text === 'string' &&
    typeof p.gold === 'string' &&
    typeof p.label === 'string' &&
    Array.isArray(p.probabilities)
  )
}
