import type { Backbone, LinearPart } from './architecture.ts'

/** One way to train, with what it would take. */
export interface MemoryEstimate {
  /** The method in words. */
  readonly method: string
  /** Numbers that are trained, without a task's head. */
  readonly trained: number
  /** Resident memory of the training process, bytes. */
  readonly bytes: number
}

/** The batch that estimates are for. */
export const estimateBatch: { readonly rows: number; readonly tokens: number } = { rows: 16, tokens: 128 }

/** The runtime, Node and the rows. */
const fixed = 150e6
/** Parameter, two moments and gradient, which are updated where they lie; the gradient as it came, and the parameter in a lane. */
const bytesPerTrained = 20
/** What a forward pass keeps for the backward pass lives about twice: as it was, and as gradients of the same shape. */
const activationCopies = 2

/**
 * Roughly what each method takes on the CPU, for a batch of 16 rows of 128 tokens. Fitted to measured runs of a MiniLM shape
 * (6 x 384), which it meets within a fifth: adapters 0.75 GB, all of it 1.1 GB, the head alone 0.4 GB. `bytes` is the size
 * of the weight files, which are mapped and read in place where they are float32 and widened where they are not.
 */
export function estimateMemory(
  backbone: Backbone,
  {
    numbers,
    bytes,
    batch = estimateBatch,
  }: { readonly numbers: number; readonly bytes: number; readonly batch?: typeof estimateBatch },
): MemoryEstimate[] {
  const weights = bytes + (bytes < numbers * 4 ? numbers * 4 : 0)
  const tokens = batch.rows * batch.tokens
  const kept = activationCopies * tokens * backbone.sizes.layers * activationBytes(backbone, batch)
  const all = backbone.parameters().reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0)
  const adapters = lowRankNumbers(backbone, 8, ['query', 'value'])
  const linears = backbone.linears().reduce((n, layer) => n + layer.in * layer.out, 0)
  // A code of 4 bits, and a scale of 32 for every 32 codes; the rest stays as it is.
  const packed = linears * (0.5 + 4 / 32) + (numbers - linears) * 4
  const logits = backbone.architecture.kind === 'decoder' ? 3 * 4 * tokens * backbone.sizes.vocab : 0
  return [
    { method: 'head', trained: 0, bytes: fixed + weights + 4 * tokens * activationBytes(backbone, batch) },
    { method: 'LoRA, rank 8', trained: adapters, bytes: fixed + weights + kept + logits + adapters * bytesPerTrained },
    {
      method: 'QLoRA, rank 8, 4 bits',
      trained: adapters,
      bytes: fixed + packed + kept + logits + adapters * bytesPerTrained,
    },
    { method: 'full', trained: all, bytes: fixed + kept + logits + all * bytesPerTrained },
  ]
}

/**
 * Memory of one run by shapes, as `estimateMemory` counts it: bytes that no row takes, and those of each row that goes
 * through the model at once. `frozen` and `trained` are numbers, `bits` those of a frozen number.
 */
export function runMemory(
  backbone: Backbone,
  run: {
    readonly tokens: number
    readonly frozen: number
    readonly trained: number
    readonly bits: number
    /** What stays of a row: `all` that the gradient reads, the `ends` of each layer, or `nothing` (cached features). */
    readonly keeps: 'all' | 'ends' | 'nothing'
  },
): { readonly base: number; readonly perRow: number } {
  const batch = { rows: 1, tokens: run.tokens }
  const layers = { all: backbone.sizes.layers, ends: 2, nothing: 1 / activationCopies }[run.keeps]
  const ends = run.keeps === 'ends' ? 4 * run.tokens * backbone.sizes.layers * backbone.sizes.hidden : 0
  const logits = backbone.architecture.kind === 'decoder' ? 3 * 4 * run.tokens * backbone.sizes.vocab : 0
  return {
    base: fixed + (run.frozen * run.bits) / 8 + run.trained * bytesPerTrained,
    perRow: activationCopies * run.tokens * layers * activationBytes(backbone, batch) + ends + logits,
  }
}

/** Bytes that one token leaves behind in one layer: vectors of the hidden and the inner size, and rows of scores. */
function activationBytes({ sizes }: Backbone, batch: typeof estimateBatch): number {
  const { hidden, feedForward, heads } = sizes
  return 4 * (11 * hidden + 2 * feedForward + 2 * heads * batch.tokens)
}

function lowRankNumbers(backbone: Backbone, rank: number, targets: readonly LinearPart[]): number {
  return backbone
    .linears()
    .filter(layer => layer.parts.some(part => targets.includes(part)))
    .reduce((n, layer) => n + rank * (layer.in + layer.out), 0)
}
