import { appended, type Column, lengthened, noColumn } from '../base/column.ts'
import { never } from '../base/failure.ts'
import { type RateChange, withChange } from '../train/control.ts'
import type { Taken } from '../train/estimate.ts'
import type { Outcome, RunEvent, Scores } from '../train/event.ts'

/** Where a run stands: not begun, at work, or how it ended. */
export type Phase = 'waiting' | 'running' | Outcome

/** Columns, one entry a step: what charts draw. */
export interface Series {
  readonly step: Column
  readonly epoch: Column
  readonly at: Column
  readonly loss: Column
  readonly rate: Column
  readonly norm: Column
  readonly tokens: Column
  readonly rows: Column
  readonly ms: Column
}

/** Columns of nothing yet. */
const noSeries: Series = {
  ...{ step: noColumn, epoch: noColumn, at: noColumn, loss: noColumn, rate: noColumn },
  ...{ norm: noColumn, tokens: noColumn, rows: noColumn, ms: noColumn },
}

/** Columns, one entry a look at the machine: steps are many, looks about one a second. */
export interface Machine {
  readonly step: number[]
  /** Memory of the training process in bytes. */
  readonly rss: number[]
  /** Use of the GPU in percent and its memory in bytes; NaN where it cannot be read. */
  readonly gpu: number[]
  readonly gpuMemory: number[]
}

/** The events that a run keeps as they are. */
export type Evaluated = Extract<RunEvent, { kind: 'evaluated' }>
type Started = Extract<RunEvent, { kind: 'started' }>
/** A warning as the log has it. */
export type Warned = Extract<RunEvent, { kind: 'warned' }>

/** The state of one run: what its log says so far. */
export interface Run {
  readonly id: string
  readonly name: string
  readonly phase: Phase
  readonly started?: Started
  readonly endedAt?: number
  readonly reason?: string
  /** What it took; what was predicted is in `started`. */
  readonly measured?: Taken
  readonly series: Series
  readonly machine: Machine
  readonly evaluated: readonly Evaluated[]
  readonly saved: readonly { readonly step: number; readonly path: string; readonly best: boolean }[]
  readonly warned: readonly Warned[]
  readonly best?: { readonly step: number; readonly scores: Scores }
  /** It rests because somebody asked for it. */
  readonly paused?: true
  /** Where somebody changed the rates. */
  readonly rates?: readonly RateChange[]
}

/** A run of which nothing is known yet. */
export function newRun(id: string, name: string): Run {
  return {
    id,
    name,
    phase: 'waiting',
    series: noSeries,
    machine: { step: [], rss: [], gpu: [], gpuMemory: [] },
    evaluated: [],
    saved: [],
    warned: [],
  }
}

/**
 * The only way a run changes: replaying a log gives the same run as watching it live. The columns of `series` grow in
 * their memory (copying 100,000 points a step would be quadratic); everything else is replaced. Steps at or before the last
 * one seen, as after a resume, replace what was there.
 */
export function reduce(run: Run, event: RunEvent): Run {
  switch (event.kind) {
    case 'started': {
      const { endedAt: _e, reason: _r, paused: _p, ...rest } = run
      return { ...rest, phase: 'running', started: event }
    }
    case 'step': {
      let { series: s, machine } = run
      if ((s.step.at(-1) ?? 0) >= event.step) {
        s = seriesBefore(s, event.step)
        takeBack(machine, event.step)
      }
      const series: Series = {
        step: appended(s.step, event.step),
        epoch: appended(s.epoch, event.epoch),
        at: appended(s.at, event.at),
        loss: appended(s.loss, event.loss),
        rate: appended(s.rate, event.rate),
        norm: appended(s.norm, event.norm),
        tokens: appended(s.tokens, event.tokens),
        rows: appended(s.rows, event.rows),
        ms: appended(s.ms, event.ms),
      }
      if (event.rss !== undefined) look(machine, event.step, event.rss, event.gpu)
      return { ...run, series }
    }
    case 'evaluated': {
      const kept = run.evaluated.filter(e => !(e.split === event.split && e.step === event.step && e.of === event.of))
      const next = { ...run, evaluated: [...kept, event] }
      return event.best ? { ...next, best: { step: event.step, scores: event.scores } } : next
    }
    case 'saved': {
      const { step, path, best } = event
      const kept = run.saved.filter(s => s.path !== path).map(s => (best ? { ...s, best: false } : s))
      return { ...run, saved: [...kept, { step, path, best }] }
    }
    case 'warned': {
      // A resumed run says again what it said before; once is enough.
      const same = (w: Warned) => w.code === event.code && w.message === event.message && w.step === event.step
      return { ...run, warned: [...run.warned.filter(w => !same(w)), event] }
    }
    case 'controlled': {
      const { paused: _p, ...rest } = run
      const before = run.rates?.at(-1)?.factor ?? 1
      const rates = event.factor === before ? run.rates : withChange(run.rates ?? [], event)
      return { ...rest, ...(event.paused ? { paused: true } : {}), ...(rates ? { rates } : {}) }
    }
    case 'ended': {
      const { paused: _p, ...rest } = run
      return {
        ...rest,
        phase: event.outcome,
        endedAt: event.at,
        ...(event.reason === undefined ? {} : { reason: event.reason }),
        ...(event.measured === undefined ? {} : { measured: event.measured }),
      }
    }
    default:
      return never(event)
  }
}

/** What was said of the steps before this one. */
function seriesBefore(series: Series, step: number): Series {
  let kept = series.step.length
  while (kept > 0 && (series.step[kept - 1] as number) >= step) kept--
  return withColumns(series, column => lengthened(column, kept))
}

/** Every column of a series made into another. */
export function withColumns(series: Series, make: (column: Column, name: keyof Series) => Column): Series {
  const columns = Object.entries(series).map(([name, column]) => [name, make(column, name as keyof Series)])
  return Object.fromEntries(columns) as unknown as Series
}

/** The run as data for JSON, where a column is a list of numbers. */
export function plainRun(run: Run): unknown {
  const columns = Object.entries(run.series).map(([name, column]) => [name, Array.from(column as Column)])
  return { ...run, series: Object.fromEntries(columns) }
}

/** Takes out what was said of this step and later ones. */
function takeBack(columns: Machine, step: number): void {
  while (columns.step.length > 0 && (columns.step.at(-1) as number) >= step)
    for (const column of Object.values(columns)) (column as number[]).pop()
}

function look(machine: Machine, step: number, rss: number, gpu: { use: number; memory: number } | undefined): void {
  machine.step.push(step)
  machine.rss.push(rss)
  machine.gpu.push(gpu?.use ?? Number.NaN)
  machine.gpuMemory.push(gpu?.memory ?? Number.NaN)
}

/** Milliseconds until the run's last step at the median pace of its last 32 steps; undefined before three steps. */
export function timeLeft(run: Run): number | undefined {
  const total = run.started?.steps
  const done = run.series.step.at(-1)
  if (total === undefined || done === undefined || run.series.ms.length < 3 || run.phase !== 'running') return undefined
  if (run.paused) return undefined
  const recent = pace(run)
  return recent && (total - done) * recent.step
}

/** Rows and tokens a second and the median step in milliseconds, over the last 32 steps; undefined before the first. */
export function pace({
  series,
}: Run): { readonly rows: number; readonly tokens: number; readonly step: number } | undefined {
  const ms = series.ms.slice(-32)
  if (ms.length === 0) return undefined
  const seconds = sum(ms) / 1000 || 1e-9
  const step = ms.sort((a, b) => a - b)[ms.length >> 1] as number
  return { rows: sum(series.rows.slice(-32)) / seconds, tokens: sum(series.tokens.slice(-32)) / seconds, step }
}

const sum = (column: Column) => column.reduce((total, value) => total + value, 0)
