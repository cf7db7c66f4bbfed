/* Every architecture against Transformers: the goldens of test/bench/peers/models.py, with weights made from their names. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Failure } from '../../../src/core/base/failure.ts'
import type { Builder } from '../../../src/core/graph/builder.ts'
import type { Lowering, Value } from '../../../src/core/graph/graph.ts'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import type { Backbone, ConfigJson, Lookup, ParameterSpec } from '../../../src/core/train/models/architecture.ts'
import { architectures, openBackbone } from '../../../src/core/train/models/architectures.ts'
import { memoryWeights, parametersOf } from '../../../src/core/train/models/weights.ts'
import { float32, int64, type Tensor } from '../../../src/core/train/runtime.ts'
import { buildEvaluation } from '../../../src/core/train/step.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { formulaTensor } from './formula.ts'

interface Golden {
  readonly config: ConfigJson
  readonly ids: readonly (readonly number[])[]
  readonly mask: readonly (readonly number[])[]
  readonly types?: readonly (readonly number[])[]
  readonly tensors: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>
  readonly sequence?: readonly (readonly number[])[]
  readonly tokens?: readonly (readonly (readonly number[])[])[]
  readonly masked?: Language
  readonly causal?: Language
}
interface Language {
  readonly places: readonly number[]
  readonly logits: readonly (readonly number[])[]
}

const folder = fileURLToPath(new URL('../../golden/models/', import.meta.url))
const names = existsSync(folder) ? readdirSync(folder).map(file => file.replace(/\.json$/, '')) : []
const goldens = names.map(name => [name, JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')) as Golden] as const)
const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })
const lowerings: readonly Lowering[] = ['fused', 'portable']

/** What a graph of the golden's batch says, with every parameter from the formula. */
async function run(
  golden: Golden,
  lowering: Lowering,
  specs: readonly ParameterSpec[],
  outputs: (g: Builder, lookup: Lookup, inputs: { ids: Value; mask: Value; types?: Value }) => Value,
): Promise<Float32Array> {
  const weights = memoryWeights(specs.map(formulaTensor))
  const graph = buildEvaluation({
    parameters: parametersOf({ trained: [], frozen: specs.map(spec => spec.name) }, weights),
    inputs: {
      ids: { dtype: 'int64', dims: ['B', 'S'] },
      mask: { dtype: 'float32', dims: ['B', 'S'] },
      ...(golden.types ? { types: { dtype: 'int64', dims: ['B', 'S'] } } : {}),
    },
    layout: 'per-tensor',
    lowering,
    outputs: (g, { lookup, inputs }) => ({ y: outputs(g, lookup, inputs as { ids: Value; mask: Value }) }),
  })
  const session = await runtime.load(modelBytes(graph))
  const dims = [golden.ids.length, golden.ids[0]?.length ?? 0]
  const feeds: Record<string, Tensor> = {
    ids: int64(golden.ids.flat(), dims),
    mask: float32(golden.mask.flat(), dims),
    ...(golden.types ? { types: int64(golden.types.flat(), dims) } : {}),
  }
  const { y } = await session.run(feeds)
  await session.release()
  return y?.data as Float32Array
}

/** The largest difference, of the rows that count. */
function difference(ours: Float32Array, rows: readonly (readonly number[])[], counts: readonly boolean[] = []): number {
  const width = rows[0]?.length ?? 0
  let largest = ours.length === rows.length * width ? 0 : Number.POSITIVE_INFINITY
  rows.forEach((row, r) => {
    if (counts[r] === false) return
    row.forEach((x, i) => {
      largest = Math.max(largest, Math.abs(x - (ours[r * width + i] as number)))
    })
  })
  return largest
}

const shapesOf = (specs: readonly ParameterSpec[]) => Object.fromEntries(specs.map(spec => [spec.name, spec.shape]))

describe.each(goldens)('%s', (_, golden) => {
  const backbone: Backbone = openBackbone(golden.config, 'config.json')
  const tokens = golden.mask.flat().map(x => x === 1)
  const language = golden.masked ?? golden.causal

  test.runIf(golden.sequence)('sequence classification', async () => {
    const rows = golden.sequence ?? []
    const head = backbone.sequence(rows[0]?.length ?? 0, backbone.poolings[0] ?? 'cls')
    const specs = [...backbone.parameters(), ...head.stored, ...head.fresh]
    expect(shapesOf(specs)).toEqual(golden.tensors['sequence'])
    for (const lowering of lowerings) {
      const ours = await run(golden, lowering, specs, (g, lookup, inputs) => {
        const x = head.features(g, lookup, backbone.hidden(g, lookup, inputs), { mask: inputs.mask })
        return head.scores(g, lookup, x)
      })
      expect(difference(ours, rows)).toBeLessThan(1e-4)
    }
  })

  test.runIf(golden.tokens)('token classification', async () => {
    const rows = (golden.tokens ?? []).flat()
    const head = backbone.tokens(rows[0]?.length ?? 0)
    const specs = [...backbone.parameters(), ...head.stored, ...head.fresh]
    expect(shapesOf(specs)).toEqual(golden.tensors['tokens'])
    for (const lowering of lowerings) {
      const ours = await run(golden, lowering, specs, (g, lookup, inputs) => {
        const x = head.features(g, lookup, backbone.hidden(g, lookup, inputs), { mask: inputs.mask })
        return head.scores(g, lookup, x)
      })
      expect(difference(ours, rows, tokens)).toBeLessThan(1e-4)
    }
  })

  test.runIf(language)('language model', async () => {
    const { places, logits } = language as Language
    const head = backbone.language
    const specs = [...backbone.parameters(), ...head.parameters]
    expect(shapesOf(specs)).toEqual(golden.tensors[head.kind])
    for (const lowering of lowerings) {
      const ours = await run(golden, lowering, specs, (g, lookup, inputs) => {
        const hidden = g.flat2d(backbone.hidden(g, lookup, inputs))
        return head.scores(g, lookup, g.gather(hidden, g.ints(places)))
      })
      expect(
        difference(
          ours,
          logits,
          places.map(place => tokens[place] as boolean),
        ),
      ).toBeLessThan(1e-4)
    }
  })

  test('every linear layer is a parameter of its shape, and every tensor has a depth', () => {
    const shapes = shapesOf(backbone.parameters())
    for (const { name, in: inner, out, stored, layer } of backbone.linears()) {
      expect(shapes[`${name}.weight`]).toEqual(stored === 'out-in' ? [out, inner] : [inner, out])
      expect(backbone.depth(`${name}.lora_A.weight`)).toBe(layer + 1)
    }
    const depths = backbone.parameters().map(spec => backbone.depth(spec.name))
    expect(depths.filter(depth => depth === 0).length).toBeGreaterThan(0)
    expect(Math.max(...depths)).toBeLessThanOrEqual(backbone.sizes.layers + 1)
    for (const name of backbone.embeddings) {
      expect(shapes[name]).toBeDefined()
      expect(backbone.depth(name)).toBe(0)
    }
  })
})

test.each(goldens)('%s: a config with a wrong value opens or is refused by name, and nothing else', (_, golden) => {
  const wrong = [null, 'x', -1, 0, 2.5, [], {}, true, 7]
  for (const key of Object.keys(golden.config))
    for (const value of wrong) {
      try {
        openBackbone({ ...golden.config, [key]: value }, 'config.json').parameters()
      } catch (error) {
        expect(error, `${key}: ${JSON.stringify(value)}`).toBeInstanceOf(Failure)
      }
    }
})

test('every architecture has a golden', () => {
  const covered = new Set(goldens.map(([, golden]) => golden.config['model_type']))
  expect(architectures.map(a => a.type).filter(type => !covered.has(type))).toEqual([])
})
