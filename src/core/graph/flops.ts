import type { Entry, Graph } from './graph.ts'
import { sizeOf } from './shape.ts'

/** Floating-point operations of the matrix products of one run: 2 · output elements · inner size, bodies once. */
export function matmulFlops(g: Graph): number {
  let total = 0
  for (const entry of g.tape) {
    const factor = projections[entry.rule]
    if (factor !== undefined) {
      // Rows [M,H] by a matrix [V,H], in pieces whose number the body does not tell.
      const [rows, matrix] = entry.inputs
      total += factor * sizeOf(rows?.dims ?? [], entry.rule) * Number(matrix?.dims[0])
    }
    const inner = innerSize(entry)
    if (inner > 0) total += 2 * inner * entry.outputs.reduce((n, v) => n + sizeOf(v.dims, entry.rule), 0)
  }
  for (const node of g.nodes) {
    for (const attribute of Object.values(node.attributes)) {
      if (attribute.kind === 'graph') total += matmulFlops(attribute.value)
    }
  }
  return total
}

/** Floating-point operations of these for each row, column and class: scores, and a gradient made in the same turn. */
const projections: Readonly<Record<string, number>> = { ProjectedCrossEntropy: 4, ProjectedWeightGradient: 4 }

function innerSize({ rule, inputs, attributes }: Entry): number {
  if (rule !== 'MatMul' && rule !== 'Linear' && rule !== 'QuantizedMatMul') return 0
  const swapped = attributes.transA?.kind === 'int' && attributes.transA.value === 1
  return Number(inputs[0]?.dims.at(swapped ? -2 : -1))
}
