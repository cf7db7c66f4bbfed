import type { Graph, Value } from './graph.ts'

/**
 * Drops the nodes whose results reach no output: what a gradient rule offered and nobody took. Bodies of `Loop` first, so
 * that what only they would have read goes too.
 */
export function prune(g: Graph): void {
  for (const { value } of bodies(g)) prune(value)
  const used = new Set<Value | undefined>(g.outputs)
  const kept = g.nodes.reverse().filter(node => {
    if (!node.outputs.some(v => used.has(v))) return false
    for (const v of node.inputs) used.add(v)
    for (const attribute of Object.values(node.attributes)) if (attribute.kind === 'graph') reads(attribute.value, used)
    return true
  })
  g.nodes.splice(0, g.nodes.length, ...kept.reverse())
}

function bodies(g: Graph) {
  return g.nodes.flatMap(node => Object.values(node.attributes)).filter(a => a.kind === 'graph')
}

/** Everything that a body reads, values of its parent among them. */
function reads(body: Graph, used: Set<Value | undefined>): void {
  for (const v of body.outputs) used.add(v)
  for (const node of body.nodes) for (const v of node.inputs) used.add(v)
  for (const { value } of bodies(body)) reads(value, used)
}
