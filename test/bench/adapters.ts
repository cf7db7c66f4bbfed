/*
 * `npm run bench -- adapters`: adapters trained here in PEFT. Small models learn a few steps, the adapter is saved as every run
 * saves it, and PEFT (test/bench/peers/adapters.py) says how far its logits are from ours: at most 1e-4.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tokenRows } from '../../src/core/train/batch.ts'
import { makeLearner } from '../../src/core/train/makeLearner.ts'
import { planTraining } from '../../src/core/train/methods/plan.ts'
import { tunableOf } from '../../src/core/train/methods/tunable.ts'
import type { ConfigJson } from '../../src/core/train/models/architecture.ts'
import { openBackbone } from '../../src/core/train/models/architectures.ts'
import { startTensors } from '../../src/core/train/models/start.ts'
import { parametersOf } from '../../src/core/train/models/weights.ts'
import { adamWDefaults } from '../../src/core/train/optimizer.ts'
import { type RecipeInput, resolveRecipe } from '../../src/core/train/recipe.ts'
import { causal } from '../../src/core/train/tasks/causal.ts'
import { classification } from '../../src/core/train/tasks/classification.ts'
import type { EncodedRows } from '../../src/core/train/tasks/encoded.ts'
import { exportLayout } from '../../src/node/export.ts'
import { openModel } from '../../src/node/modelFolder.ts'
import { openRuntime } from '../../src/node/ort.ts'
import { writeSafetensors } from '../../src/node/safetensors.ts'
import { folderWeights } from '../../src/node/weights.ts'
import { formulaTensor } from '../core/train/formula.ts'
import { logitsOf } from '../node/train/adapterLogits.ts'

interface Golden {
  readonly config: ConfigJson
  readonly head: 'sequence' | 'causal'
  readonly rows: readonly (readonly number[])[]
}

const python = 'out/peers-venv/bin/python'
const peer = 'test/bench/peers/adapters.py'
const goldens = 'test/golden/adapters'
const low = { rank: 4, alpha: 6, targets: 'all-linear' as const }
const methods: Required<RecipeInput>['method'][] = [
  { kind: 'lora', ...low },
  { kind: 'rslora', ...low },
  { kind: 'lora-plus', ...low, ratio: 4 },
  { kind: 'dora', ...low },
  { kind: 'dora', ...low, scaling: 'root' },
]

const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })
const root = mkdtempSync(join(tmpdir(), 'winnow-adapters-'))

/** Trains one adapter and leaves it with the logits that we compute. */
async function make(name: string, golden: Golden, method: (typeof methods)[number]): Promise<void> {
  const { config, head: wanted, rows } = golden
  const path = join(root, 'bases', name)
  mkdirSync(path, { recursive: true })
  const plain = openBackbone(config, 'config.json')
  const head = wanted === 'sequence' ? plain.sequence(3, plain.poolings[0] ?? 'cls') : undefined
  const own = { backbone: plain, ...(head ? { head } : {}) }
  const stored = tunableOf(own).stored
  writeFileSync(join(path, 'config.json'), JSON.stringify(config))
  writeSafetensors(join(path, 'model.safetensors'), stored.map(formulaTensor))
  const base = openModel(path)
  const weights = folderWeights(base)
  const task = head ? ('classification' as const) : ('causal' as const)
  const recipe = resolveRecipe({ model: path, data: {}, method, task, dropout: 0 }, { hidden: 32 })
  const { division, wrap } = planTraining(tunableOf(own), recipe)
  const model = { ...own, classes: head ? 3 : plain.sizes.vocab, ...(wrap ? { wrap } : {}) }
  const kind = head ? classification : causal
  const tokens = tokenRows(rows)
  const encoded: EncodedRows = {
    tokens,
    lengths: Int32Array.from(rows, row => row.length),
    pad: 0,
    targets: head ? Int32Array.from(rows, (_, i) => i % 3) : tokens.ids,
    cut: 0,
  }
  const parameters = parametersOf(division, weights)
  const learner = await makeLearner(runtime, {
    task: kind.task(model, encoded, { smoothing: 0, seed: 1 }),
    parameters,
    initial: startTensors(division, weights, { seed: 1, std: 0.02 }),
    optimizer: adamWDefaults,
    dropout: 0,
    mode: 'steps',
    ...(weights.folder === undefined ? {} : { folder: weights.folder }),
  })
  const length = Math.max(...rows.map(row => row.length))
  for (let step = 1; step <= 20; step++)
    await learner.step([{ rows: Int32Array.from(rows.keys()), length }], step, [1e-2])
  const { parameters: values } = await learner.state()
  const target = join(root, 'cases', name)
  mkdirSync(join(target, 'adapter'), { recursive: true })
  const labels = head ? ['a', 'b', 'c'] : []
  const pooling = plain.poolings[0] ?? 'cls'
  exportLayout({ base, kind, model, pooling, labels, recipe }).write(join(target, 'adapter'), values)
  const logits = await logitsOf(runtime, model, { division, weights, values, rows })
  writeFileSync(join(target, 'golden.json'), JSON.stringify({ config, head: wanted, rows, logits }))
  await learner.release()
}

try {
  for (const model of ['bert-lora', 'llama-dora', 'gpt2-lora'])
    for (const method of methods) {
      const golden = JSON.parse(readFileSync(join(goldens, model, 'golden.json'), 'utf8')) as Golden
      const root = 'scaling' in method ? '-root' : ''
      await make(`${model.split('-')[0]}-${method.kind}${root}`, golden, method)
    }
  if (!existsSync(python)) console.log('no peers: out/peers-venv is missing')
  else {
    const said = execFileSync(python, [peer, 'check', join(root, 'cases')], { encoding: 'utf8' })
    let worst = 0
    for (const line of said.trim().split('\n')) {
      const { name, difference } = JSON.parse(line) as { name: string; difference: number }
      worst = Math.max(worst, difference)
      console.log(`${name.padEnd(18)} ${difference.toExponential(1)}`)
    }
    console.log(`largest difference of a logit in PEFT: ${worst.toExponential(1)} (at most 1e-4)`)
    if (!(worst <= 1e-4)) process.exitCode = 1
  }
} finally {
  rmSync(root, { recursive: true, force: true })
}
