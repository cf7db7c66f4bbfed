/* What is special of encoders: packed rows, and distances. Logits are models.test.ts's, losses training.test.ts's. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { builder } from '../../../src/core/graph/builder.ts'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import type { Backbone, ConfigJson } from '../../../src/core/train/models/architecture.ts'
import { logBucket } from '../../../src/core/train/models/architectures/debertaV2.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { memoryWeights, parametersOf } from '../../../src/core/train/models/weights.ts'
import { float32, int64, type Tensor } from '../../../src/core/train/runtime.ts'
import { buildEvaluation } from '../../../src/core/train/step.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { formulaTensor } from './formula.ts'

const folder = fileURLToPath(new URL('../../golden/models/', import.meta.url))
const goldens = readdirSync(folder)
  .map(file => [file.replace(/\.json$/, ''), JSON.parse(readFileSync(folder + file, 'utf8'))] as const)
  .filter(([, golden]) => golden.masked)
  .map(([name, golden]) => [name, golden.config as ConfigJson] as const)
const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })

const documents = [
  [5, 9, 14, 33, 8, 21, 40],
  [7, 7, 30, 12],
  [50, 11, 6, 19, 25, 13, 44, 18, 9],
]

/** Hidden states of documents, one a row or all in one, and where their tokens are. */
async function hiddenOf(backbone: Backbone, rows: readonly (readonly (readonly number[])[])[]) {
  const specs = backbone.parameters()
  const whole = { dtype: 'int64', dims: ['B', 'S'] } as const
  const graph = buildEvaluation({
    parameters: parametersOf({ trained: [], frozen: specs.map(s => s.name) }, memoryWeights(specs.map(formulaTensor))),
    inputs: { ids: whole, mask: { dtype: 'float32', dims: ['B', 'S'] }, positions: whole, segments: whole },
    layout: 'per-tensor',
    outputs: (g, { lookup, inputs }) => ({
      y: backbone.hidden(g, lookup, inputs as unknown as Parameters<Backbone['hidden']>[2]),
    }),
  })
  const session = await runtime.load(modelBytes(graph))
  const length = Math.max(...rows.map(row => row.flat().length)) + 2
  const fill = (of: (document: readonly number[], i: number) => readonly number[]) =>
    rows.flatMap(row => [...row.flatMap(of), ...new Array<number>(length - row.flat().length).fill(0)])
  const dims = [rows.length, length]
  const feeds: Record<string, Tensor> = {
    ids: int64(
      fill(d => d),
      dims,
    ),
    mask: float32(
      fill(d => d.map(() => 1)),
      dims,
    ),
    positions: int64(
      fill(d => d.map((_, i) => i)),
      dims,
    ),
    segments: int64(
      fill((d, i) => d.map(() => i + 1)),
      dims,
    ),
  }
  const { y } = await session.run(feeds)
  await session.release()
  const data = y?.data as Float32Array
  const width = backbone.sizes.hidden
  return rows.flatMap((row, r) => {
    const from = r * length * width
    return [...data.subarray(from, from + row.flat().length * width)]
  })
}

test.each(goldens)('%s: documents that share a row are as if alone', async (_, config) => {
  const backbone = openBackbone(config, 'config.json')
  const apart = await hiddenOf(
    backbone,
    documents.map(d => [d]),
  )
  const packed = await hiddenOf(backbone, [documents])
  expect(packed).toHaveLength(apart.length)
  expect(Math.max(...packed.map((x, i) => Math.abs(x - (apart[i] as number))))).toBeLessThan(1e-5)
})

test('scores by distance go to the pairs that are so far apart', async () => {
  const g = builder()
  const scores = g.input('scores', 'float32', [1, 1, 'S', 'distances(S)'])
  const ids = g.input('ids', 'int64', ['B', 'S'])
  g.output(g.relativeShift(scores), 'pairs')
  g.output(g.distances(ids, 1), 'distances')
  const session = await runtime.load(modelBytes(g))
  const of = async (n: number) => {
    const columns = 2 * n - 1
    // The score of row i at column c is 100i + c − (n − 1): a hundred for each row, and how far the column is to the right.
    const data = Array.from({ length: n * columns }, (_, k) => 100 * Math.floor(k / columns) + (k % columns) - (n - 1))
    const out = await session.run({
      scores: float32(data, [1, 1, n, columns]),
      ids: int64(new Array(n).fill(0), [1, n]),
    })
    return {
      pairs: [...(out['pairs']!.data as Float32Array)],
      distances: [...(out['distances']!.data as BigInt64Array)],
    }
  }
  for (const n of [1, 2, 5]) {
    const { pairs, distances } = await of(n)
    expect(pairs).toEqual(
      Array.from({ length: n * n }, (_, k) => 100 * Math.floor(k / n) + (k % n) - Math.floor(k / n)),
    )
    expect(distances.map(Number)).toEqual(Array.from({ length: 2 * n - 1 }, (_, i) => n - 1 - i))
  }
  await session.release()
})

test('far distances share buckets that grow with the distance', () => {
  // 256 buckets each way up to 512, as in DeBERTa v3; the values are those of Transformers.
  expect([0, 1, 128, 129, 200, 300, 511].map(d => logBucket(d, 256, 512))).toEqual([0, 1, 128, 129, 169, 207, 255])
  expect([-1, -128, -129, -511].map(d => logBucket(d, 256, 512))).toEqual([-1, -128, -129, -255])
})
