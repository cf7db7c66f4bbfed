import { Cancelled } from '../base/cancel.ts'
import { Failure } from '../base/failure.ts'
import { type Batch, planEpoch, stepsOf } from './batch.ts'
import { type ControlPort, rateFactors } from './control.ts'
import type { Outcome, RunEvent, Scores } from './event.ts'
import type { Learner, StepResult } from './learner.ts'
import type { SampleLosses } from './models/task.ts'
import type { Recipe } from './recipe.ts'
import type { Schedule } from './schedule.ts'

/**
 * Where a run stands after `step` steps. With the learner's state and the seed this is all there is: the order of rows
 * follows from the seed and the epoch, dropout from the seed and the step. So resuming gives the same bits.
 */
export interface LoopState {
  readonly version: 1
  readonly step: number
  /** The data cursor: batches already taken of this 0-based epoch. */
  readonly epoch: number
  readonly batch: number
  readonly seed: number
  readonly best?: { readonly step: number; readonly scores: Scores }
  /** Evaluations since the best one. */
  readonly waited: number
  /** Tokens seen, padding not counted. */
  readonly tokens: number
  /** One entry an evaluation, under the keys of Hugging Face's `log_history`. */
  readonly history: readonly Readonly<Record<string, number>>[]
  /** What the rates of the last steps were multiplied by; 1 where left out. */
  readonly factor?: number
}

/** The state before the first step. */
export const freshState = (seed: number): LoopState => ({
  version: 1,
  step: 0,
  epoch: 0,
  batch: 0,
  seed,
  waited: 0,
  tokens: 0,
  history: [],
})

/** Scores of one split at one step. */
export type Evaluated = Pick<Extract<RunEvent, { kind: 'evaluated' }>, 'scores' | 'withoutLeaks' | 'leaked' | 'path'>

/** What a loop trains, on what, and how it is told of time and of a wish to stop. */
export interface LoopOptions {
  readonly learner: Learner
  readonly schedule: Schedule
  /** Tokens of each training row; their number is the number of rows. */
  readonly lengths: ArrayLike<number>
  readonly batch: Recipe['batch']
  readonly evaluate: Recipe['evaluate']
  readonly seed: number
  /** Where to go on from. */
  readonly from: LoopState
  /** At most so many steps in one run of the graph; 1 where the graph takes one. */
  readonly together: number
  /** Scores the validation split, or leaves by `Cancelled`; absent where there is none. */
  readonly validate?: (step: number) => Promise<Evaluated>
  /** Keeps a checkpoint and returns its path; throws `Failure` (`disk-full`) where it cannot. */
  readonly save: (state: LoopState) => Promise<string>
  /** Told the loss of each row as it was trained on, before the update. */
  readonly onRows?: (epoch: number, told: SampleLosses) => void
  /** Told each step; a text ends the run before its schedule does, and says why. */
  readonly watch?: (step: { readonly rate: number; readonly loss: number }) => string | undefined
  /** Milliseconds since 1970, for events; and a steady clock in milliseconds, for durations. */
  readonly now: () => number
  readonly clock: () => number
  /** Pauses and changes of the rate; absent where nobody can ask for them. */
  readonly control?: ControlPort
  /** Asked between runs of the graph. */
  readonly stopped: () => boolean
}

/** How a loop ended, and the state that it can go on from. */
export interface LoopEnd {
  readonly outcome: Outcome
  readonly reason?: string
  readonly state: LoopState
}

/** A run of the graph takes about so long at most, in milliseconds: nobody waits longer for a stop. */
const slice = 800
/** A checkpoint at least so often, in milliseconds, however long an epoch is. */
const saveEvery = 5 * 60_000

/**
 * Trains until the schedule ends, the score stops rising, somebody asks to stop or the loss is no number. Yields `step`,
 * `evaluated`, `saved` and `warned` events. How many steps share a run of the graph depends on the clock, the results do not.
 */
export async function* trainLoop(options: LoopOptions): AsyncGenerator<RunEvent, LoopEnd> {
  const { learner, schedule, lengths, batch, now, clock } = options
  const perEpoch = stepsOf(lengths.length, batch.rows)
  const plan = planner(options)
  let state = options.from
  let pace = 0
  let savedAt = clock()
  let savedStep = state.step
  let lossSum = 0
  let lossCount = 0
  const factorOf = options.control ? rateFactors(options.control) : () => 1

  const save = async function* (next: LoopState): AsyncGenerator<RunEvent, boolean> {
    try {
      const path = await options.save(next)
      savedAt = clock()
      savedStep = next.step
      yield { kind: 'saved', at: now(), step: next.step, path, best: next.best?.step === next.step }
      return true
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      // A disk that is full for a while should cost a checkpoint, not the run.
      const message = error.hint ? `${error.message}. ${error.hint}` : error.message
      yield { kind: 'warned', at: now(), step: next.step, code: error.code, message }
      return false
    }
  }
  const end = async function* (outcome: Outcome, reason?: string): AsyncGenerator<RunEvent, LoopEnd> {
    if (outcome !== 'failed' && savedStep !== state.step && !(yield* save(state)))
      return { outcome: 'failed', reason: 'the last checkpoint could not be written', state }
    return { outcome, ...(reason === undefined ? {} : { reason }), state }
  }

  while (state.step < schedule.steps) {
    if (options.stopped()) return yield* end('stopped', 'asked to stop')
    if (options.control?.read().paused) {
      // A pause may be long: what was learnt is kept first.
      if (savedStep !== state.step) yield* save(state)
      yield* rest(options, options.control, state)
      continue
    }
    const batches = takeBatches(plan(state.epoch), state, {
      limit: Math.min(
        pace > 0 ? Math.max(1, Math.floor(slice / pace)) : 1,
        options.together,
        schedule.steps - state.step,
        untilEvaluation(options.evaluate.every, state.step, perEpoch),
      ),
    })
    const factors = batches.map((_, i) => factorOf(state.step + 1 + i))
    const rates = factors.map((factor, i) => factor * schedule.rate(state.step + 1 + i))
    const began = clock()
    const results = await learner.step(batches, state.step + 1, rates)
    const ms = (clock() - began) / batches.length
    pace = pace === 0 ? ms : Math.max(ms, 0.8 * pace + 0.2 * ms)
    let enough: string | undefined
    for (const [i, result] of results.entries()) {
      const rows = (batches[i] as Batch).rows
      const { samples } = result
      const step = state.step + 1
      if (!Number.isFinite(result.loss) || !Number.isFinite(result.norm)) {
        yield badStep(result, { step, at: now() })
        return yield* end('failed', `the loss at step ${step} is no number; the last checkpoint is kept`)
      }
      const { rows: losses, rivals } = result
      options.onRows?.(state.epoch, { samples, losses, ...(rivals ? { rivals } : {}) })
      lossSum += result.loss
      lossCount++
      const factor = factors[i] as number
      if (factor !== (state.factor ?? 1)) {
        yield { kind: 'controlled', at: now(), step: state.step, paused: false, factor }
        state = { ...state, factor }
      }
      const taken = state.batch + 1
      state = {
        ...state,
        step,
        epoch: taken === perEpoch ? state.epoch + 1 : state.epoch,
        batch: taken === perEpoch ? 0 : taken,
        tokens: state.tokens + result.tokens,
      }
      yield {
        kind: 'step',
        at: now(),
        step,
        epoch: epochOf(step, perEpoch),
        loss: result.loss,
        rate: rates[i] as number,
        norm: result.norm,
        rows: rows.length,
        tokens: result.tokens,
        ms: Math.round(ms * 1000) / 1000,
        batch: [...samples],
      }
      enough ??= options.watch?.({ rate: rates[i] as number, loss: result.loss })
    }
    if (enough !== undefined) return yield* end('finished', enough)
    const finished = state.step === schedule.steps
    if (finished || untilEvaluation(options.evaluate.every, state.step, perEpoch, 'passed') === 0) {
      const train = { step: state.step, epoch: epochOf(state.step, perEpoch), loss: lossSum / lossCount }
      state = { ...state, history: [...state.history, { ...train, learning_rate: rates.at(-1) as number }] }
      lossSum = 0
      lossCount = 0
      try {
        state = (yield* score(options, state, { epoch: train.epoch, save })).state
      } catch (error) {
        if (!(error instanceof Cancelled)) throw error
        return yield* end('stopped', 'asked to stop')
      }
      const { patience } = options.evaluate
      if (!finished && patience > 0 && state.waited >= patience)
        return yield* end('finished', `no better ${options.evaluate.metric} in ${patience} evaluations`)
    } else if (clock() - savedAt > saveEvery) yield* save(state)
  }
  return yield* end('finished')
}

/** Waits until somebody lets the run go on, or asks it to stop. */
async function* rest(
  options: LoopOptions,
  control: ControlPort,
  { step, factor = 1 }: LoopState,
): AsyncGenerator<RunEvent, void> {
  yield { kind: 'controlled', at: options.now(), step, paused: true, factor }
  while (control.read().paused && !options.stopped()) await control.wait()
  yield { kind: 'controlled', at: options.now(), step, paused: false, factor }
}

/** Scores the validation split where there is one, and saves. A best score counts only once it is on the disk. */
async function* score(
  options: LoopOptions,
  state: LoopState,
  context: { readonly epoch: number; readonly save: (state: LoopState) => AsyncGenerator<RunEvent, boolean> },
): AsyncGenerator<RunEvent, { state: LoopState }> {
  const { step } = state
  if (!options.validate) {
    yield* context.save(state)
    return { state }
  }
  const began = options.clock()
  const evaluated = await options.validate(step)
  const seconds = (options.clock() - began) / 1000
  const { scores } = evaluated
  const better = isBetter(scores, state.best?.scores, options.evaluate.metric)
  const entry: Record<string, number> = { step, epoch: context.epoch, eval_runtime: seconds }
  for (const [name, value] of Object.entries(scores)) entry[`eval_${name}`] = value
  const history = [...state.history, entry]
  const next: LoopState = better
    ? { ...state, best: { step, scores }, waited: 0, history }
    : { ...state, waited: state.waited + 1, history }
  const kept = yield* context.save(next)
  const at = options.now()
  yield {
    kind: 'evaluated',
    at,
    step,
    epoch: context.epoch,
    split: 'validation',
    ...evaluated,
    ...(better && kept ? { best: true } : {}),
  }
  return { state: kept || !better ? next : { ...state, waited: state.waited + 1, history } }
}

/** Is `a` better? By the metric, and among equals by the loss; no number is never better. */
function isBetter(a: Scores, b: Scores | undefined, metric: Recipe['evaluate']['metric']): boolean {
  const value = (s: Scores, name: string) => (name === 'loss' ? -(s['loss'] ?? Number.NaN) : (s[name] ?? Number.NaN))
  if (Number.isNaN(value(a, metric))) return false
  if (!b || Number.isNaN(value(b, metric))) return true
  const difference = value(a, metric) - value(b, metric)
  return difference > 0 || (difference === 0 && value(a, 'loss') > value(b, 'loss'))
}

/** The batches of an epoch, planned once. */
function planner(options: LoopOptions): (epoch: number) => readonly Batch[] {
  let known: { epoch: number; batches: Batch[] } | undefined
  return epoch => {
    if (known?.epoch !== epoch) {
      const { lengths, batch, seed } = options
      const batches = planEpoch({ lengths, rows: batch.rows, limit: batch.tokens, seed, epoch, together: groupSize })
      known = { epoch, batches }
    }
    return known.batches
  }
}

/**
 * Batches of one shape that stay together in an epoch. Fixed, not a setting or a measurement, since the order of the
 * data follows from it.
 */
export const groupSize = 8

/** The next batches of one shape, at most `limit`, from the cursor on. */
function takeBatches(plan: readonly Batch[], state: LoopState, { limit }: { readonly limit: number }): Batch[] {
  const first = plan[state.batch] as Batch
  let end = state.batch + 1
  while (end - state.batch < limit) {
    const next = plan[end]
    if (!next || next.length !== first.length || next.rows.length !== first.rows.length) break
    end++
  }
  return plan.slice(state.batch, end)
}

/** Steps from `step` to the next evaluation: 1 or more, or with `passed` 0 right after one's last step. */
function untilEvaluation(every: 'epoch' | number, step: number, perEpoch: number, at?: 'passed'): number {
  const period = every === 'epoch' ? perEpoch : every
  const since = step % period
  return at === 'passed' && since === 0 ? 0 : period - since
}

const epochOf = (step: number, perEpoch: number): number => Math.round((step / perEpoch) * 1e4) / 1e4

function badStep(result: StepResult, { step, at }: { readonly step: number; readonly at: number }): RunEvent {
  const all = [...result.samples]
  const bad = all.filter((_, i) => !Number.isFinite(result.rows[i] as number))
  const which = bad.length > 0 ? bad : all
  const what = Number.isFinite(result.loss) ? `gradient norm ${result.norm}` : `loss ${result.loss}`
  return {
    kind: 'warned',
    at,
    step,
    code: 'not-a-number',
    message: `Step ${step} has ${what}; training rows ${which.join(', ')} were in its batch. A lower learning rate may help`,
  }
}
