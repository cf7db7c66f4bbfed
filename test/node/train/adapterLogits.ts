/* What a model with given values says of a few rows: to compare adapters with those of PEFT. */
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import type { NamedTensor } from '../../../src/core/train/learner.ts'
import { type Division, parametersOf, type Weights } from '../../../src/core/train/models/weights.ts'
import { float32, int64, type Runtime } from '../../../src/core/train/runtime.ts'
import { stateName } from '../../../src/core/train/state.ts'
import { buildEvaluation } from '../../../src/core/train/step.ts'
import type { TaskModel } from '../../../src/core/train/tasks/task.ts'

interface Values {
  readonly division: Division
  readonly weights: Weights
  /** Values of what is trained. */
  readonly values: readonly NamedTensor[]
  readonly rows: readonly (readonly number[])[]
}

/** Scores of each row; of a language model those of its last token. */
export async function logitsOf(
  runtime: Runtime,
  { backbone, head, wrap }: Pick<TaskModel, 'backbone' | 'head' | 'wrap'>,
  { division, weights, values, rows }: Values,
): Promise<number[][]> {
  const graph = buildEvaluation({
    parameters: parametersOf(division, weights),
    inputs: { ids: { dtype: 'int64', dims: ['B', 'S'] }, mask: { dtype: 'float32', dims: ['B', 'S'] } },
    layout: 'per-tensor',
    outputs(g, { lookup, inputs }) {
      const { ids, mask } = inputs as Record<'ids' | 'mask', (typeof inputs)[string]>
      const wrapped = wrap?.(lookup) ?? {}
      const hidden = backbone.hidden(g, lookup, { ids, mask }, wrapped)
      if (!head) return { y: backbone.language.scores(g, lookup, g.flat2d(hidden)) }
      return { y: head.scores(g, lookup, head.features(g, lookup, hidden, { mask, ...wrapped })) }
    },
  })
  const at = weights.folder === undefined ? {} : { folder: weights.folder }
  const session = await runtime.load(modelBytes(graph), at)
  const found: number[][] = []
  for (const row of rows) {
    const fed = Object.fromEntries(values.map(t => [stateName('p', t.name), float32(t.data, t.shape)]))
    const ids = int64(row, [1, row.length])
    const { y } = await session.run({ ...fed, ids, mask: float32(new Array(row.length).fill(1), [1, row.length]) })
    const data = y?.data as Float32Array
    found.push([...data.slice(head ? 0 : data.length - backbone.sizes.vocab)])
  }
  await session.release()
  return found
}
