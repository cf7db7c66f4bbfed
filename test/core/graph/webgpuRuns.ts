/* Short runs of each way to train, on two runtimes: what a GPU learns has to be what the CPU learns. */
import { type Batch, tokenRows } from '../../../src/core/train/batch.ts'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import { planTraining } from '../../../src/core/train/methods/plan.ts'
import { tunableOf } from '../../../src/core/train/methods/tunable.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { startTensors } from '../../../src/core/train/models/start.ts'
import { memoryWeights, parametersOf } from '../../../src/core/train/models/weights.ts'
import { resolveRecipe } from '../../../src/core/train/recipe.ts'
import type { Runtime } from '../../../src/core/train/runtime.ts'
import { classification } from '../../../src/core/train/tasks/classification.ts'
import type { EncodedRows } from '../../../src/core/train/tasks/encoded.ts'
import { followers, learnTokens, none } from '../../../src/core/train/tasks/language.ts'
import type { TaskModel } from '../../../src/core/train/tasks/task.ts'
import { formulaTensor } from '../train/formula.ts'

const bert = {
  model_type: 'bert',
  vocab_size: 45,
  hidden_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 48,
  max_position_embeddings: 16,
  type_vocab_size: 2,
  hidden_act: 'gelu',
}
const llama = {
  model_type: 'llama',
  vocab_size: 45,
  hidden_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  intermediate_size: 48,
  max_position_embeddings: 16,
}
const lora = { kind: 'lora' as const, rank: 4, alpha: 8, targets: ['query', 'value'] }

/** LoRA and full on labels, LoRA on the second half of each row as an answer to the first. */
const runs = {
  lora: { config: bert, method: lora },
  full: { config: bert, method: { kind: 'full' } as const },
  sft: { config: llama, method: lora },
}

/** Losses of each run, step by step. */
export type RunLosses = Readonly<Record<keyof typeof runs, readonly number[]>>

const [rowCount, length, steps] = [4, 8, 3]

async function losses(runtime: Runtime, name: keyof typeof runs): Promise<number[]> {
  const { config, method } = runs[name]
  const backbone = openBackbone(config, 'config.json')
  const head = name === 'sft' ? undefined : backbone.sequence(3, 'mean')
  const bare: TaskModel = { backbone, classes: head ? 3 : backbone.sizes.vocab, ...(head ? { head } : {}) }
  const whole = tunableOf(bare)
  const recipe = resolveRecipe({ model: 'tiny', data: {}, method, dropout: 0 }, { hidden: 32 })
  const { division, wrap } = planTraining(whole, recipe)
  const model: TaskModel = { ...bare, ...(wrap ? { wrap } : {}) }
  const weights = memoryWeights(whole.stored.map(formulaTensor))
  const ids = Array.from({ length: rowCount * steps }, (_, r) =>
    Array.from({ length }, (_, i) => 5 + ((r * 17 + i * 7 + i * i * r) % 40)),
  )
  const tokens = tokenRows(ids)
  const answers = tokens.ids.map((id, i) => (i % length < length / 2 ? none : id))
  const rows: EncodedRows = {
    tokens,
    lengths: new Int32Array(ids.length).fill(length),
    pad: 0,
    targets: head ? Int32Array.from(ids, row => (row[1] as number) % 3) : answers,
    cut: 0,
  }
  const bind = { smoothing: 0, seed: 1 }
  const learner = await makeLearner(runtime, {
    task: head
      ? classification.task(model, rows, bind)
      : learnTokens(model, rows, { ...bind, choose: followers(rows) }),
    parameters: parametersOf(division, weights),
    initial: startTensors(division, weights, { seed: 1, std: 0.1 }),
    optimizer: recipe.optimizer,
    dropout: 0,
    mode: 'steps',
  })
  const out: number[] = []
  for (let step = 1; step <= steps; step++) {
    const batch: Batch = { rows: Int32Array.from({ length: rowCount }, (_, i) => (step - 1) * rowCount + i), length }
    const [result] = await learner.step([batch], step, [5e-3])
    out.push(result?.loss ?? Number.NaN)
  }
  await learner.release()
  return out
}

/** All runs on one runtime, one after the other. */
export async function runLosses(runtime: Runtime): Promise<RunLosses> {
  return {
    lora: await losses(runtime, 'lora'),
    full: await losses(runtime, 'full'),
    sft: await losses(runtime, 'sft'),
  }
}
