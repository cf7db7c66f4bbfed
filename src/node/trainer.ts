import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Cancelled } from '../core/base/cancel.ts'
import { Failure, failureLine } from '../core/base/failure.ts'
import { counted } from '../core/base/words.ts'
import { type SplitName, splitNames } from '../core/data/dataset.ts'
import { Alarms } from '../core/train/alarms.ts'
import { stepsOf } from '../core/train/batch.ts'
import type { Taken } from '../core/train/estimate.ts'
import type { Outcome, RunEvent } from '../core/train/event.ts'
import { foundText, RateFinder } from '../core/train/findRate.ts'
import type { LearnerState } from '../core/train/learner.ts'
import { freshState, type LoopEnd, type LoopState, trainLoop } from '../core/train/loop.ts'
import { methodOf } from '../core/train/methods.ts'
import type { Recipe } from '../core/train/recipe.ts'
import { type Provider, passedOver, providerNames, type Runtime, type RuntimeChoice } from '../core/train/runtime.ts'
import { makeSchedule, type Schedule } from '../core/train/schedule.ts'
import { answersOf, type Writer } from './answering.ts'
import { runCard } from './card.ts'
import {
  diskFailure,
  inPlace,
  listCheckpoints,
  pruneCheckpoints,
  readCheckpoint,
  removeLeftovers,
  writeCheckpoint,
  writeText,
} from './checkpoint.ts'
import { controlPort } from './control.ts'
import { peakMemory, predict, tryTwoSteps } from './estimateRun.ts'
import { checkpointLayout, type ExportedModel, exportLayout, exportName } from './export.ts'
import { FeatureCache } from './featureCache.ts'
import { writeLock } from './lock.ts'
import { Measured } from './measured.ts'
import { writeRowHashes } from './rowHashes.ts'
import { RowNotes } from './rowNotes.ts'
import { readEvents } from './runLog.ts'
import { readData, readRecipe, stopAsked } from './runs.ts'
import { TrainLog } from './trainLog.ts'
import { baseAnswers, makeModel, type TrainModel } from './trainModel.ts'
import { scoreSplit } from './trainScore.ts'
import { countParameters, setUp, type TrainSetup } from './trainSetup.ts'

export interface TrainIo {
  /** Opens ONNX Runtime (`src/node/ort.ts`, which only the training process loads). */
  readonly open: (request: {
    readonly provider: Provider | 'auto'
    readonly threads?: number
  }) => Promise<RuntimeChoice>
  /** Folders of models known by name. */
  readonly models: readonly string[]
  /** Milliseconds since 1970, and a steady clock. */
  readonly now: () => number
  readonly clock: () => number
  /** Becomes true when the process was asked to end. */
  readonly ending: () => boolean
}

/**
 * The training of a run folder from beginning to end, or from its last checkpoint on: reads `recipe.json` and
 * `data.json`, writes everything else the folder has, and says all it has to say in `events.jsonl`. What cannot be done
 * is an `ended` event with the outcome `failed`; only what could not be written there is thrown.
 */
export async function train(folder: string, io: TrainIo): Promise<Outcome> {
  await writeLock(folder, process.pid)
  const log = new TrainLog(folder)
  const emit = (event: RunEvent) => log.write(event)
  try {
    const end = await run(folder, io, emit)
    const best = end.state.best?.step
    emit({
      kind: 'ended',
      at: io.now(),
      outcome: end.outcome,
      ...(end.reason === undefined ? {} : { reason: end.reason }),
      ...(best === undefined ? {} : { bestStep: best }),
      measured: end.measured,
    })
    return end.outcome
  } catch (error) {
    if (error instanceof Cancelled) {
      emit({ kind: 'ended', at: io.now(), outcome: 'stopped', reason: 'asked to stop' })
      return 'stopped'
    }
    emit({ kind: 'ended', at: io.now(), outcome: 'failed', reason: failureLine(error) })
    if (error instanceof Failure) return 'failed'
    throw error
  } finally {
    log.close()
    rmSync(join(folder, 'lock'), { force: true })
  }
}

type Emit = (event: RunEvent) => void

async function run(folder: string, io: TrainIo, emit: Emit): Promise<LoopEnd & { readonly measured: Taken }> {
  const [recipe, data] = await Promise.all([readRecipe(folder), readData(folder)])
  removeLeftovers(folder)
  const setup = await setUp(folder, { recipe, data, models: io.models, splits: splitNames })
  const stopped = () => io.ending() || stopAsked(folder)
  const exported: ExportedModel = { ...setup, labels: data.labels }
  const layout = checkpointLayout(exported)
  const last = listCheckpoints(folder).at(-1)
  const { choice, model, features } = await openModel(setup, { io, emit, stopped })
  try {
    let from = freshState(recipe.seed)
    // Before a checkpoint is read: what is tried is put back to where the learner begins.
    const dry = await tryRun(setup, { model, io, stopped })
    if (last) {
      const checkpoint = readCheckpoint(last.path, layout)
      model.learner.load(checkpoint.learner)
      from = checkpoint.loop
    }
    const perEpoch = stepsOf(setup.encoded.train.lengths.length, recipe.batch.rows)
    const schedule = makeSchedule(recipe.schedule, perEpoch)
    const predicted = dry && { predicted: predict(setup, dry, from.step) }
    emit({ ...startedEvent(setup, { at: io.now(), choice, schedule, perEpoch, from: from.step }), ...predicted })
    const began = io.clock()
    warnOfRows(setup, { emit, io })
    writeRowHashes(folder, setup.rows.train.samples)
    // A search for a rate leaves a rate, no model.
    const searching = recipe.schedule.kind === 'range'
    if (!searching) await scoreBase(setup, { choice, features, emit, io, stopped })
    const end = await learn(setup, { model, schedule, from, layout, emit, io, stopped })
    const { runtime } = choice
    if (!searching) await finish(setup, { model, end, exported, layout, emit, io, perEpoch, runtime, stopped })
    return { ...end, measured: { seconds: (io.clock() - began) / 1000, memory: peakMemory() } }
  } finally {
    await model.release()
  }
}

/** Two steps to tell what the run will take; none where steps are no part of it worth telling. */
async function tryRun(
  setup: TrainSetup,
  { model, io, stopped }: { readonly model: TrainModel; readonly io: TrainIo; readonly stopped: () => boolean },
) {
  const { recipe } = setup
  if (recipe.schedule.kind === 'range' || methodOf(recipe.method.kind).cached) return undefined
  return tryTwoSteps(model.learner, setup, { clock: io.clock, stopped })
}

/** Opens the runtime and the graphs; says so where it is not the provider one would expect. */
async function openModel(
  setup: TrainSetup,
  { io, emit, stopped }: { readonly io: TrainIo; readonly emit: Emit; readonly stopped: () => boolean },
) {
  const { device, threads } = setup.recipe
  const request = (provider: Recipe['device']) => ({ provider, ...(threads > 0 ? { threads } : {}) })
  const build = async (choice: RuntimeChoice) => {
    const features = new FeatureCache(choice.runtime, setup, stopped)
    return { choice, features, model: await makeModel(choice.runtime, setup, features) }
  }
  const warn = (message: string) => emit({ kind: 'warned', at: io.now(), code: 'provider-fallback', message })
  const choice = await io.open(request(device))
  const passed = passedOver(choice)
  if (passed !== undefined) warn(passed)
  try {
    return await build(choice)
  } catch (error) {
    if (error instanceof Cancelled || choice.runtime.provider === 'cpu' || device !== 'auto') throw error
    warn(`Trains on the CPU: ${providerNames[choice.runtime.provider]} could not run this model: ${failureLine(error)}`)
    return await build(await io.open(request('cpu')))
  }
}

/** Scores the untuned model, unless that was done: the encoder as it is, under the head that its features give. */
async function scoreBase(
  setup: TrainSetup,
  options: {
    readonly choice: RuntimeChoice
    readonly features: FeatureCache
    readonly emit: Emit
    readonly io: TrainIo
    readonly stopped: () => boolean
  },
): Promise<void> {
  const { choice, features, emit, io, stopped } = options
  const splits = scoredSplits(setup)
  if (splits.every(split => existsSync(join(setup.folder, 'evaluations', `${split}-base.jsonl`)))) return
  const base = await baseAnswers(choice.runtime, setup, features)
  if (!base) return
  const baseline = base.baseline === undefined ? {} : { baseline: base.baseline }
  try {
    for (const split of splits) {
      const answers = await base.answers(split)
      const written = await writtenOn(split, { setup, runtime: choice.runtime, writer: base.writer, io, stopped })
      const evaluated = scoreSplit(setup, split, { answers, written, of: 'base', warn: warner(emit, io) })
      emit({ kind: 'evaluated', at: io.now(), step: 0, epoch: 0, split, of: 'base', ...baseline, ...evaluated })
    }
  } finally {
    await base.release()
  }
}

/** Rows that were cut, and rows that had nothing to learn from. */
function warnOfRows({ encoded, limit }: TrainSetup, { emit, io }: { readonly emit: Emit; readonly io: TrainIo }): void {
  const { cut, empty = [] } = encoded.train
  const warn = (code: string, message: string) => emit({ kind: 'warned', at: io.now(), code, message })
  if (cut > 0) warn('rows-cut', `${cut} training rows are longer than ${limit} tokens and were cut`)
  if (empty.length > 0) {
    const listed = `${empty.slice(0, 10).join(', ')}${empty.length > 10 ? ', …' : ''}`
    warn('nothing-to-learn', `${counted(empty.length, 'training row')} left out, the answer does not fit: ${listed}`)
  }
}

interface LearnOptions {
  readonly model: TrainModel
  readonly schedule: Schedule
  readonly from: LoopState
  readonly layout: ReturnType<typeof checkpointLayout>
  readonly emit: Emit
  readonly io: TrainIo
  readonly stopped: () => boolean
}

/** The weights that are scored and exported: the mean of the trained ones where one is kept. */
const scored = ({ parameters, average }: LearnerState) => average ?? parameters

/** The loop, with its events written and its checkpoints kept. */
async function learn(setup: TrainSetup, options: LearnOptions): Promise<LoopEnd> {
  const { folder, recipe, encoded, rows } = setup
  const { model, schedule, from, layout, emit, io, stopped } = options
  const noted = new RowNotes(folder, rows.train.samples.length, from.epoch)
  const finder = recipe.schedule.kind === 'range' ? new RateFinder() : undefined
  const loop = trainLoop({
    learner: model.learner,
    schedule,
    lengths: encoded.train.lengths,
    batch: { rows: recipe.batch.rows, tokens: setup.limit },
    evaluate: recipe.evaluate,
    seed: recipe.seed,
    from,
    together: model.together,
    ...(finder
      ? { watch: step => (finder.diverged(step.rate, step.loss) ? foundText(finder.found()) : undefined) }
      : {}),
    ...(rows.validation.samples.length > 0 && !finder
      ? {
          validate: async (step: number) => {
            const values = model.publish(scored(await model.learner.state()))
            const answers = await model.answers('validation', values)
            return scoreSplit(setup, 'validation', { answers, of: String(step), warn: warner(emit, io, step) })
          },
        }
      : {}),
    save: async state => {
      noted.flush()
      const learner = await model.learner.state()
      const checkpoint = { learner, loop: state, published: model.publish(scored(learner)) }
      const path = writeCheckpoint(folder, checkpoint, { layout, recipe, steps: schedule.steps })
      pruneCheckpoints(folder, recipe.save.keep, state.best?.step)
      return path.slice(folder.length + 1)
    },
    onRows: (epoch, told) => noted.note(epoch, told),
    now: io.now,
    clock: io.clock,
    stopped,
    ...(finder ? {} : { control: await controlPort(folder) }),
  })
  const alarms = new Alarms(schedule.steps)
  // What an earlier life of the run has seen, up to where this one goes on.
  for await (const events of readEvents(folder))
    for (const event of events) if ('step' in event && (event.step ?? 0) <= from.step) alarms.hear(event)
  using measured = new Measured(io.clock)
  for (;;) {
    const next = await loop.next()
    if (next.done) {
      if (next.value.outcome !== 'failed') noted.flush()
      // That a search ends in a loss that is no number is nothing bad: it ends there.
      if (finder && next.value.outcome !== 'stopped')
        return { ...next.value, outcome: 'finished', reason: foundText(finder.found()) }
      return next.value
    }
    emit(measured.of(next.value))
    if (!finder) for (const warning of alarms.hear(next.value)) emit(warning)
  }
}

/** Writes what a run leaves that did not fail: the best weights as adapter or model, and, unless it was stopped, their scores. */
async function finish(
  setup: TrainSetup,
  options: {
    readonly model: TrainModel
    readonly end: LoopEnd
    readonly exported: ExportedModel
    readonly layout: ReturnType<typeof checkpointLayout>
    readonly emit: Emit
    readonly io: TrainIo
    readonly perEpoch: number
    readonly runtime: Runtime
    readonly stopped: () => boolean
  },
): Promise<void> {
  const { model, end, exported, layout, emit, io, perEpoch, runtime, stopped } = options
  if (end.outcome === 'failed') return
  const step = end.state.best?.step ?? end.state.step
  const kept = listCheckpoints(setup.folder).find(c => c.step === step)
  if (!kept) return
  const { published } = readCheckpoint(kept.path, layout)
  const name = exportName(setup.recipe.method.kind)
  inPlace(setup.folder, name, target => exportLayout(exported).write(target, published))
  emit({ kind: 'saved', at: io.now(), step, path: name, best: true })
  if (end.outcome !== 'finished') return
  for (const split of scoredSplits(setup)) {
    const answers = await model.answers(split, published)
    const writer = { ...setup, values: published }
    const written = await writtenOn(split, { setup, runtime, writer, io, stopped })
    const evaluated = scoreSplit(setup, split, { answers, written, of: String(step), warn: warner(emit, io, step) })
    const epoch = Math.round((step / perEpoch) * 1e4) / 1e4
    emit({ kind: 'evaluated', at: io.now(), step, epoch, split, of: 'best', ...evaluated })
  }
  try {
    writeText(join(setup.folder, name, 'README.md'), await runCard(setup.folder, { form: name, setup }))
  } catch (error) {
    const full = diskFailure(error, 'README.md')
    if (!full) throw error
    warner(emit, io, step)(full)
  }
}

const warner =
  (emit: Emit, io: TrainIo, step = 0) =>
  (failure: Failure): void =>
    emit({ kind: 'warned', at: io.now(), step, code: failure.code, message: failureLine(failure) })

/** What the model writes by itself, on the one split that models are compared on first. */
async function writtenOn(
  split: SplitName,
  about: {
    readonly setup: TrainSetup
    readonly runtime: Runtime
    readonly writer: Writer | undefined
    readonly io: TrainIo
    readonly stopped: () => boolean
  },
): Promise<ReadonlyMap<number, string>> {
  const { setup, runtime, writer, io, stopped } = about
  if (!writer || split !== scoredSplits(setup).at(-1)) return new Map()
  const cancel = {
    get aborted() {
      return stopped()
    },
  }
  return answersOf(runtime, setup, { split, writer, limits: setup.recipe.evaluate.answers, clock: io.clock, cancel })
}

/** The splits that are scored at the beginning and at the end. */
const scoredSplits = ({ rows }: TrainSetup): SplitName[] =>
  (['validation', 'test'] as const).filter(split => rows[split].samples.length > 0)

function startedEvent(
  setup: TrainSetup,
  about: {
    readonly at: number
    readonly choice: RuntimeChoice
    readonly schedule: Schedule
    readonly perEpoch: number
    readonly from: number
  },
): Extract<RunEvent, { kind: 'started' }> {
  const { base, recipe, rows, data, kind } = setup
  const { all, trained } = countParameters(setup)
  const { architecture, sizes } = base.backbone
  return {
    kind: 'started',
    at: about.at,
    model: `${base.name} (${architecture.type}, ${sizes.layers} x ${sizes.hidden})`,
    method: methodOf(recipe.method.kind).text(recipe.method),
    provider: about.choice.runtime.provider,
    threads: about.choice.runtime.threads,
    parameters: all,
    trainable: trained,
    rows: {
      train: rows.train.samples.length,
      validation: rows.validation.samples.length,
      test: rows.test.samples.length,
    },
    ...(data.labels.length > 0 ? { labels: data.labels.length } : {}),
    ...(kind.name === 'classification' ? {} : { task: kind.name }),
    steps: about.schedule.steps,
    epochs: Math.round((about.schedule.steps / about.perEpoch) * 1e4) / 1e4,
    from: about.from,
  }
}
