/* Adapters that PEFT saved (test/bench/peers/adapters.py): read, on top of the model and worked into it. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { Failure } from '../../../src/core/base/failure.ts'
import type { LowRank } from '../../../src/core/train/methods/lowRank.ts'
import { mergedWeights } from '../../../src/core/train/methods/merge.ts'
import { planTraining } from '../../../src/core/train/methods/plan.ts'
import { tunableOf } from '../../../src/core/train/methods/tunable.ts'
import type { Backbone, ConfigJson } from '../../../src/core/train/models/architecture.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { memoryWeights } from '../../../src/core/train/models/weights.ts'
import { resolveRates } from '../../../src/core/train/recipe/rates.ts'
import { adapterTensors, openAdapter } from '../../../src/node/adapterFolder.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { formulaTensor } from '../../core/train/formula.ts'
import { logitsOf } from './adapterLogits.ts'

interface Golden {
  readonly config: ConfigJson
  readonly head: 'sequence' | 'causal'
  readonly rows: readonly (readonly number[])[]
  readonly logits: readonly (readonly number[])[]
}

const folder = fileURLToPath(new URL('../../golden/adapters/', import.meta.url))
const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })
const root = mkdtempSync(join(tmpdir(), 'winnow-adapters-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

function open(name: string) {
  const golden = JSON.parse(readFileSync(join(folder, name, 'golden.json'), 'utf8')) as Golden
  const backbone: Backbone = openBackbone(golden.config, 'config.json')
  const head = golden.head === 'sequence' ? backbone.sequence(3, backbone.poolings[0] ?? 'cls') : undefined
  const whole = tunableOf({ backbone, ...(head ? { head } : {}) })
  const base = memoryWeights([...whole.stored, ...whole.fresh].map(formulaTensor))
  return { golden, backbone, head, whole, base, adapter: openAdapter(join(folder, name), backbone.architecture.prefix) }
}

const furthest = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]) =>
  Math.max(...a.flatMap((row, i) => row.map((x, j) => Math.abs(x - (b[i]?.[j] as number)))))

describe.each(readdirSync(folder))('%s', name => {
  const { golden, backbone, head, whole, base, adapter } = open(name)
  const own = { backbone, ...(head ? { head } : {}) }
  const tensors = adapterTensors(adapter, whole)
  const method = adapter.method as LowRank

  test('gives the logits of PEFT, on top of the model and worked into it', async () => {
    const { division, wrap } = planTraining(whole, { method: adapter.method, ...resolveRates({}), neftune: 0 })
    const model = { ...own, ...(wrap ? { wrap } : {}) }
    const above = await logitsOf(runtime, model, { division, weights: base, values: tensors, rows: golden.rows })
    expect(furthest(above, golden.logits)).toBeLessThan(2e-5)
    const weights = mergedWeights(base, whole, { method, tensors })
    const frozen = { trained: [], frozen: weights.names }
    const merged = await logitsOf(runtime, own, { division: frozen, weights, values: [], rows: golden.rows })
    expect(furthest(merged, above)).toBeLessThan(2e-5)
    const untuned = await logitsOf(runtime, own, { division: frozen, weights: base, values: [], rows: golden.rows })
    expect(furthest(untuned, above)).toBeGreaterThan(0.01)
  })
})

describe('an adapter that does not fit', () => {
  const refused = (change: (config: Record<string, unknown>) => void): string => {
    const path = mkdtempSync(join(root, 'bad-'))
    cpSync(join(folder, 'bert-lora'), path, { recursive: true })
    const config = JSON.parse(readFileSync(join(path, 'adapter_config.json'), 'utf8')) as Record<string, unknown>
    change(config)
    writeFileSync(join(path, 'adapter_config.json'), JSON.stringify(config))
    try {
      const { whole } = open('bert-lora')
      adapterTensors(openAdapter(path, 'bert.'), whole)
    } catch (error) {
      expect(error).toBeInstanceOf(Failure)
      expect((error as Failure).code).toBe('bad-adapter')
      return (error as Failure).message
    }
    return 'no error'
  }
  test.each([
    ['another kind', { peft_type: 'IA3' }, /peft_type IA3 is not supported/],
    ['ranks of their own', { rank_pattern: { query: 2 } }, /rank_pattern is not supported/],
    ['trained biases', { bias: 'all' }, /bias all is not supported/],
    ['another rank', { r: 8 }, /lora_A.weight is \[4, 32\] and should be \[8, 32\]/],
    ['magnitudes that are not there', { use_dora: true }, /lora_magnitude_vector is missing/],
  ])('%s', (_, change, message) => expect(refused(config => Object.assign(config, change))).toMatch(message))

  test('of another model', () => {
    const { whole } = open('llama-dora')
    expect(() => adapterTensors(open('bert-lora').adapter, whole)).toThrow(/no linear layer of the model|has no place/)
  })
})
