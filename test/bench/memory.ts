/*
 * `npm run bench -- memory [steps]`: is memory flat over a long run, and what do pieces and computing again save?
 *
 * The first part takes 5,000 steps of LoRA on a small model, with batches of many shapes, and fits a line through the resident
 * memory of the second half. The second takes steps of LoRA on a decoder (8 layers of 512, 4 rows of 384 tokens), each way in
 * a process of its own, and prints its peak and its time a step beside those of the plain one.
 */
import { execFileSync } from 'node:child_process'
import { random } from '../../src/core/base/random.ts'
import { planEpoch, tokenRows } from '../../src/core/train/batch.ts'
import type { Learner } from '../../src/core/train/learner.ts'
import { makeLearner } from '../../src/core/train/makeLearner.ts'
import { planTraining } from '../../src/core/train/methods/plan.ts'
import { tunableOf } from '../../src/core/train/methods/tunable.ts'
import type { ConfigJson } from '../../src/core/train/models/architecture.ts'
import { openBackbone } from '../../src/core/train/models/architectures.ts'
import { initialTensors } from '../../src/core/train/models/initial.ts'
import { startTensors } from '../../src/core/train/models/start.ts'
import { memoryWeights, parametersOf } from '../../src/core/train/models/weights.ts'
import { type RecipeInput, resolveRecipe } from '../../src/core/train/recipe.ts'
import { causal } from '../../src/core/train/tasks/causal.ts'
import { classification } from '../../src/core/train/tasks/classification.ts'
import type { EncodedRows } from '../../src/core/train/tasks/encoded.ts'
import { leanEnv } from '../../src/node/environment.ts'
import { openRuntime } from '../../src/node/ort.ts'

const mega = 1024 * 1024

/** Rows of random tokens. */
function rowsOf(lengths: readonly number[], vocab: number, causal: 'labels' | 'tokens'): EncodedRows {
  const draw = random('memory')
  const tokens = tokenRows(lengths.map(length => Array.from({ length }, () => 5 + draw.int(vocab - 5))))
  const targets = causal === 'tokens' ? tokens.ids : Int32Array.from(lengths, () => draw.int(2))
  return { tokens, lengths: Int32Array.from(lengths), pad: 0, targets, cut: 0 }
}

/** A learner of a model with random weights. */
async function learnerOf(
  config: ConfigJson,
  rows: EncodedRows,
  input: Omit<RecipeInput, 'model' | 'data'>,
): Promise<Learner> {
  const { runtime } = await openRuntime({ provider: 'cpu', threads: 2 })
  const backbone = openBackbone(config, 'config.json')
  const decoder = backbone.architecture.kind === 'decoder'
  const head = decoder ? undefined : backbone.sequence(2, 'mean')
  const own = { backbone, ...(head ? { head } : {}) }
  const whole = tunableOf(own)
  const task = decoder ? ('causal' as const) : ('classification' as const)
  const recipe = resolveRecipe({ model: 'm', data: {}, task, dropout: 0, ...input }, { hidden: backbone.sizes.hidden })
  const { division, wrap } = planTraining(whole, recipe)
  const model = { ...own, classes: head ? 2 : backbone.sizes.vocab, ...(wrap ? { wrap } : {}) }
  const weights = memoryWeights(initialTensors(whole.stored, 1, 0.02))
  const kind = decoder ? causal : classification
  return makeLearner(runtime, {
    task: kind.task(model, rows, { smoothing: 0, seed: 1 }),
    parameters: parametersOf(division, weights),
    initial: startTensors(division, weights, { seed: 1, std: 0.02 }),
    optimizer: recipe.optimizer,
    dropout: recipe.dropout,
    mode: 'steps',
    recompute: recipe.batch.recompute ?? false,
    ...(recipe.batch.micro === undefined ? {} : { micro: recipe.batch.micro }),
    ...(decoder ? { arena: 'off' as const } : {}),
  })
}

async function flat(steps: number): Promise<void> {
  const config = {
    model_type: 'bert',
    vocab_size: 500,
    hidden_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 128,
    max_position_embeddings: 128,
  }
  const draw = random('lengths')
  const lengths = Array.from({ length: 2000 }, () => 4 + draw.int(90))
  const rows = rowsOf(lengths, 500, 'labels')
  const learner = await learnerOf(config, rows, { method: { kind: 'lora', targets: 'all-linear' }, dropout: 0.1 })
  const points: [step: number, mega: number][] = []
  for (let step = 0, epoch = 0; step < steps; epoch++)
    for (const batch of planEpoch({ lengths, rows: 16, limit: 128, seed: 1, epoch, together: 1 })) {
      if (step >= steps) break
      step++
      await learner.step([batch], step, [1e-4])
      if (step % 100 === 0) {
        globalThis.gc?.()
        points.push([step, process.memoryUsage.rss() / mega])
      }
    }
  const late = points.slice(Math.floor(points.length / 2))
  const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length
  const [x, y] = [mean(late.map(p => p[0])), mean(late.map(p => p[1]))]
  const slope =
    late.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / late.reduce((sum, [a]) => sum + (a - x) ** 2, 0)
  console.log(`${steps} steps of LoRA, resident memory in MB:`)
  for (const part of [0, 0.25, 0.5, 0.75, 1]) {
    const [step, at] = points[Math.round(part * (points.length - 1))] as [number, number]
    console.log(`  after ${String(step).padStart(5)}  ${at.toFixed(1)}`)
  }
  console.log(`  slope over the second half: ${(1000 * slope).toFixed(2)} MB per 1,000 steps\n`)
}

const ways = {
  plain: {},
  'pieces of 1 row': { micro: 1 },
  recompute: { recompute: true },
  both: { micro: 1, recompute: true },
}
type Way = keyof typeof ways

/** A few steps of a decoder, in this process: peak memory in MB and the fastest step in ms. */
async function decoder(way: Way): Promise<void> {
  const config = {
    model_type: 'llama',
    vocab_size: 2000,
    hidden_size: 512,
    num_hidden_layers: 8,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    intermediate_size: 1376,
    max_position_embeddings: 512,
    rms_norm_eps: 1e-6,
  }
  const rows = rowsOf([384, 384, 384, 384], 2000, 'tokens')
  const learner = await learnerOf(config, rows, {
    method: { kind: 'lora', targets: 'all-linear' },
    batch: { rows: 4, ...ways[way] },
  })
  const before = process.memoryUsage.rss() / mega
  let best = Number.POSITIVE_INFINITY
  let loss = 0
  for (let step = 1; step <= 3; step++) {
    const began = performance.now()
    const [result] = await learner.step([{ rows: Int32Array.of(0, 1, 2, 3), length: 384 }], step, [1e-4])
    best = Math.min(best, performance.now() - began)
    loss = result?.loss ?? Number.NaN
  }
  const peak = process.resourceUsage().maxRSS / 1024
  console.log(JSON.stringify({ before, peak, ms: best, loss }))
}

const [first, second] = process.argv.slice(2)
if (first === 'decoder') await decoder(second as Way)
else {
  await flat(Number(first ?? 5000))
  console.log('a step of LoRA on a decoder, 8 x 512, 4 x 384 tokens:')
  let plain: { peak: number; before: number; ms: number } | undefined
  for (const way of Object.keys(ways)) {
    // As the trainer starts its process where a recipe wants computing again.
    const env = { ...process.env, ...leanEnv }
    const said = execFileSync(process.execPath, [process.argv[1] as string, 'decoder', way], { encoding: 'utf8', env })
    const { before, peak, ms, loss } = JSON.parse(said) as { before: number; peak: number; ms: number; loss: number }
    plain ??= { before, peak, ms }
    const share = (peak - before) / (plain.peak - plain.before)
    console.log(
      `  ${way.padEnd(16)} peak ${peak.toFixed(0)} MB, ${(peak - before).toFixed(0)} above the weights (${share.toFixed(2)}); ${ms.toFixed(0)} ms (${(ms / plain.ms).toFixed(2)}); loss ${loss}`,
    )
  }
}
