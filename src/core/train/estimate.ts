/*
 * What a run will take, said before it starts: tokens and steps from its rows, memory and time from shapes, both corrected by
 * a dry run of two steps where there was one.
 */
import { bucketLength, planEpoch } from './batch.ts'
import type { Backbone } from './models/architecture.ts'
import type { RecipeBatch } from './recipe/batch.ts'
import type { EncodedRows } from './tasks/encoded.ts'

/** A number that is not known exactly. The truth lies between `low` and `high` about nine times in ten. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** How long the rows of a split are. */
export interface TokenSummary {
  /** Tokens of all rows, padding not counted; and those of a median row, a row of the 95th percentile, the longest one. */
  readonly total: number
  readonly median: number
  readonly p95: number
  readonly longest: number
  /** Longer rows are cut to so many tokens; and how many were. */
  readonly limit: number
  readonly cut: number
  /** Share of padding in what goes through the model, 0 to 1. */
  readonly padding: number
  /** Rows of more than the last bar's tokens and at most `upTo`. */
  readonly histogram: readonly { readonly upTo: number; readonly rows: number }[]
}

/** Everything that can be said of a run before it starts: what `winnow tune --dry-run` prints and the page before a run shows. */
export interface Preflight {
  readonly version: 1
  readonly name: string
  /** In words: `tiny-encoder (bert, 3 x 192)`, `LoRA, rank 8, on query, value`, `classification`. */
  readonly model: string
  readonly method: string
  readonly task: string
  readonly provider: string
  readonly threads: number
  readonly parameters: { readonly all: number; readonly trained: number }
  readonly rows: {
    readonly train: number
    readonly validation: number
    readonly test: number
    readonly leftOut: number
  }
  readonly labels: number
  readonly tokens: TokenSummary
  /** Training rows by number that hold nothing to learn from: they are left out. */
  readonly empty: readonly number[]
  readonly steps: number
  readonly epochs: number
  readonly batch: RecipeBatch
  /** Seconds from the first step to the last score; absent where no step was tried. */
  readonly seconds?: Estimate
  /** Seconds of one step of median length. */
  readonly step?: number
  /** Of batches of median length: what one takes, by the rows that go through the model at once. */
  readonly paces?: readonly Pace[]
  /** Resident memory of the training process at its highest, bytes. */
  readonly memory: Estimate
  /** What `memory` is from: shapes alone, or the two steps. */
  readonly from: 'shapes' | 'dry-run'
  /** Memory of this machine, bytes. */
  readonly machine: number
  /** The most rows that go through the model at once within nine tenths of the machine's memory; 0 where none does. */
  readonly largestBatch: number
  readonly warnings: readonly { readonly code: string; readonly message: string }[]
}

/** Seconds of one step of so many rows. */
export interface Pace {
  readonly rows: number
  readonly seconds: number
}

/** What was predicted before a run, beside it what it took: seconds, and bytes at the highest. */
export interface Taken {
  readonly seconds: number
  readonly memory: number
}

/** Bars of `TokenSummary.histogram`: a bar ends at one of these, or at the limit. */
const bars = [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768]

/** Lengths of training rows in words of `TokenSummary`. `limit`: the longest padded row. */
export function summarizeTokens({ lengths, cut }: Pick<EncodedRows, 'lengths' | 'cut'>, limit: number): TokenSummary {
  const sorted = Int32Array.from(lengths).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  const longest = sorted.at(-1) ?? 0
  const ends = [...bars.filter(end => end < limit), limit]
  const last = ends.findIndex(end => end >= longest)
  const total = sorted.reduce((sum, n) => sum + n, 0)
  const padded = sorted.reduce((sum, n) => sum + bucketLength(n, limit), 0)
  return {
    total,
    median: at(0.5),
    p95: at(0.95),
    longest,
    limit,
    cut,
    padding: padded === 0 ? 0 : 1 - total / padded,
    histogram: ends.slice(0, last + 1).map((upTo, i) => {
      const from = i === 0 ? 0 : (ends[i - 1] as number)
      return { upTo, rows: sorted.filter(n => n > from && n <= upTo).length }
    }),
  }
}

/** What a run consists of, as far as its cost goes. */
export interface Work {
  readonly backbone: Backbone
  /** Lengths of the training rows in tokens. */
  readonly lengths: ArrayLike<number>
  readonly limit: number
  readonly batch: RecipeBatch
  readonly steps: number
  /** Rows of validation times how often they are scored, and of what is scored once before and once after. */
  readonly scored: number
  /** Passes through the model for one row of training, of one row scored being 1: 3 where everything learns, 2 for adapters, 0 for cached features. */
  readonly passes: number
}

/** Operations that one padded row of a length takes in a forward pass: products with weights, and attention. */
export function rowOperations(backbone: Backbone, length: number): number {
  const linears = backbone.linears().reduce((sum, layer) => sum + layer.in * layer.out, 0)
  const { layers, hidden, vocab } = backbone.sizes
  const scores = backbone.architecture.kind === 'decoder' ? vocab * hidden : 0
  return 2 * length * (linears + scores) + 4 * layers * hidden * length ** 2
}

/** Mean operations of a step, of a step of the longest rows, and of a row that is scored. */
export function operationsOf({
  backbone,
  lengths,
  limit,
  batch,
}: Pick<Work, 'backbone' | 'lengths' | 'limit' | 'batch'>) {
  const plan = planEpoch({ lengths, rows: batch.rows, limit, seed: 0, epoch: 0, together: 1 })
  const all = plan.reduce((sum, b) => sum + b.rows.length * rowOperations(backbone, b.length), 0)
  return { step: all / Math.max(1, plan.length), row: all / Math.max(1, lengths.length) }
}

/** A dry run of two steps: one of the longest rows, which sets the memory, then a common one, which sets the time. */
export interface DryRun {
  /** Seconds of each timed step, and the operations of a forward pass through its rows. */
  readonly timed: readonly { readonly seconds: number; readonly operations: number }[]
  /** The process at its highest before the steps and after, bytes. */
  readonly before: number
  readonly peak: number
  /** How fast batches of other sizes were; absent where none was tried. */
  readonly paces?: readonly Pace[]
}

/** Seconds of a run at the pace of its dry run; scores are said at the pace of forward passes. */
export function estimateSeconds(work: Work, { timed }: Pick<DryRun, 'timed'>): Estimate {
  const { step, row } = operationsOf(work)
  const seconds = timed.reduce((sum, one) => sum + one.seconds, 0)
  const operations = timed.reduce((sum, one) => sum + one.operations, 0)
  const pace = operations === 0 ? 0 : seconds / operations
  const scoring = work.passes === 0 ? 0 : (pace * row * work.scored) / work.passes
  const value = pace * step * work.steps + scoring
  // Two steps know nothing of what else the machine will do.
  return { value, low: value * 0.5, high: value * 2 }
}

/** Memory of a run as rows go through the model at once: bytes for none, and for each. */
export interface MemoryShape {
  readonly base: number
  readonly perRow: number
}

/**
 * Memory with so many rows at once. What was measured takes the place of the shapes; what follows the two steps, such as
 * scoring and saving, may add to it.
 */
export function estimatePeak(shape: MemoryShape, rows: number, dry?: Pick<DryRun, 'peak'>): Estimate {
  const value = dry ? dry.peak * 1.1 : shape.base + shape.perRow * rows
  return dry ? { value, low: dry.peak, high: dry.peak * 1.4 } : { value, low: value * 0.6, high: value * 1.6 }
}

/** The shape that two steps with so many rows at once correct. */
export function correctedShape(shape: MemoryShape, rows: number, { before, peak }: DryRun): MemoryShape {
  // Small models hide in what the runtime takes anyway: then the shapes know more.
  return { base: before, perRow: Math.max((peak - before) / rows, shape.perRow / 8) }
}

/** The most rows at once within nine tenths of a machine's memory; 0 where none fits. */
export function largestBatch({ base, perRow }: MemoryShape, machine: number): number {
  return Math.max(0, Math.floor((0.9 * machine - base) / perRow))
}
