import { builder } from '../../../src/core/graph/builder.ts'
import { matmulFlops } from '../../../src/core/graph/flops.ts'
import type { Graph, Node, Value } from '../../../src/core/graph/graph.ts'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import { float32, type Runtime, type Tensor } from '../../../src/core/train/runtime.ts'

const isProduct = ({ op }: Node) => op === 'MatMul' || op === 'Gemm' || op === 'FusedMatMul'

/**
 * The matrix products of a step and nothing else, in its order and with its shapes: what the step would take if all the
 * rest cost nothing. Those inside its loops (the scores of a vocabulary, in pieces) are left out; `share` says how much is there.
 */
export async function productsAlone(
  runtime: Runtime,
  step: Graph,
  runs: number,
): Promise<{ readonly rate: number; readonly share: number }> {
  const g = builder({ name: 'products' })
  const feeds: Record<string, Tensor> = {}
  const pool = Float32Array.from({ length: 1 << 24 }, (_, i) => ((i * 7919) % 1000) / 1000 - 0.5)
  let at = 0
  // Each operand is its own piece of the pool: what a step multiplies is seldom in the cache from the product before.
  const operand = ({ dims }: Value): Value => {
    const size = (dims as number[]).reduce((a, b) => a * b, 1)
    if (at + size > pool.length) at = 0
    const name = `x${Object.keys(feeds).length}`
    feeds[name] = float32(pool.subarray(at, at + size), dims as number[])
    at += size
    return g.input(name, 'float32', dims)
  }
  const zero = g.scalar(0, 'int64')
  const corners: Value[] = []
  let counted = 0
  for (const node of step.nodes.filter(isProduct)) {
    const [a, b, c] = node.inputs as [Value, Value, Value | undefined]
    const out = node.outputs[0] as Value
    if ([a, b, out].some(v => v.dims.some(dim => typeof dim !== 'number'))) continue
    const inputs = [operand(a), operand(b), ...(c ? [operand(c)] : [])]
    const y = g.emit1(node.op, inputs, node.attributes, out, { domain: node.domain })
    counted += 2 * (out.dims as number[]).reduce((x, d) => x * d, 1) * innerOf(node)
    let corner = y
    while (corner.dims.length > 0) corner = g.gather(corner, zero)
    corners.push(corner)
  }
  const first = corners[0] as Value
  g.output(
    corners.slice(1).reduce((sum, v) => g.add(sum, v), first),
    'y',
  )
  const session = await runtime.load(modelBytes(g))
  const times: number[] = []
  for (let i = 0; i < runs + 1; i++) {
    const start = performance.now()
    await session.run(feeds)
    if (i > 0) times.push(performance.now() - start)
  }
  await session.release()
  times.sort((x, y) => x - y)
  return { rate: counted / ((times[times.length >> 1] as number) * 1e6), share: counted / matmulFlops(step) }
}

function innerOf({ inputs, attributes }: Node): number {
  const swapped = attributes['transA']?.kind === 'int' && attributes['transA'].value === 1
  return Number((inputs[0] as Value).dims.at(swapped ? -2 : -1))
}
