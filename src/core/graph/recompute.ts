/*
 * Activations that are computed again instead of kept (Chen et al. 2016). The forward pass is cut where a single value carries
 * it on, which in a transformer is the residual stream between two parts of a layer; the gradient of each piece runs over a
 * copy of the piece's nodes, made from the value at its beginning. Only those values live from the forward pass to the
 * backward one.
 */
import type { Builder } from './builder.ts'
import type { Entry, Graph, Node, Value } from './graph.ts'

/** A piece of the tape between two cuts. */
export interface Segment {
  /** Places in the tape, the second excluded. */
  readonly from: number
  readonly to: number
  /** The value that leaves it. */
  readonly out: Value
}

/**
 * The pieces of a tape whose insides are worth computing again: all between cuts but the last, whose gradient comes at once.
 * `changing` are the inputs that differ from step to step; what does not follow from them is a parameter and stays as it is.
 */
export function segmentsOf(tape: readonly Entry[], need: ReadonlySet<Value>, changing: readonly Value[]): Segment[] {
  const live = dependents(tape, changing)
  const lastUse = new Map<Value, number>()
  tape.forEach((entry, i) => {
    for (const v of entry.inputs) if (v) lastUse.set(v, i)
  })
  const segments: Segment[] = []
  const open = new Set<Value>()
  let from = 0
  tape.forEach((entry, i) => {
    for (const v of entry.outputs) if (need.has(v) && live.has(v)) open.add(v)
    for (const v of open) if ((lastUse.get(v) ?? -1) <= i) open.delete(v)
    const [out] = open
    // A piece of a few operators saves nothing.
    if (open.size !== 1 || !out || i + 1 - from < 8 || i + 1 === tape.length) return
    segments.push({ from, to: i + 1, out })
    from = i + 1
  })
  return segments
}

/** All that follows from the values; sizes do not count, they are known without them. */
function dependents(tape: readonly Entry[], values: readonly Value[]): Set<Value> {
  const found = new Set(values)
  for (const entry of tape)
    if (entry.rule !== 'Shape' && entry.inputs.some(v => v && found.has(v))) for (const v of entry.outputs) found.add(v)
  return found
}

/** All that differs from step to step, node by node. */
export function changingValues(g: Graph, roots: readonly Value[]): Set<Value> {
  const found = new Set(roots)
  for (const node of g.nodes)
    if (node.op !== 'Shape' && node.inputs.some(v => v && found.has(v))) for (const v of node.outputs) found.add(v)
  return found
}

/** The nodes between two values, by the values they make; the first excluded, the second included. */
export function nodesBetween(g: Graph, first: Value | undefined, last: Value): Map<Value, Node> {
  const made = new Map<Value, Node>()
  let inside = first === undefined
  for (const node of g.nodes) {
    if (inside) for (const v of node.outputs) made.set(v, node)
    if (first && node.outputs.includes(first)) inside = true
    if (node.outputs.includes(last)) break
  }
  return made
}

interface CopiesOptions {
  /** The nodes of the segment. */
  readonly made: ReadonlyMap<Value, Node>
  /** All that differs from step to step. */
  readonly changing: ReadonlySet<Value>
  /** What a value from outside goes through: `after`. */
  readonly barrier: (v: Value) => Value
  /** Told each copy. */
  readonly onCopy: (node: Node) => void
}

/** Copies of the nodes of one segment, made as their values are asked for. */
export class Copies {
  private readonly g: Graph
  private readonly options: CopiesOptions
  private readonly copies = new Map<Value, Value>()

  constructor(g: Graph, options: CopiesOptions) {
    this.g = g
    this.options = options
  }

  /** The entry with copies in place of the values that the segment made. */
  entry(entry: Entry): Entry {
    const of = (v: Value): Value => (this.isInside(v) ? this.copy(v) : v)
    return {
      ...entry,
      inputs: entry.inputs.map(v => v && of(v)),
      outputs: entry.outputs.map(of),
      saved: Object.fromEntries(Object.entries(entry.saved).map(([name, v]) => [name, of(v)])),
    }
  }

  private isInside(v: Value): boolean {
    return this.options.made.has(v) && this.options.changing.has(v)
  }

  private copy(v: Value): Value {
    const known = this.copies.get(v)
    if (known) return known
    if (!this.isInside(v)) {
      const through = this.options.changing.has(v) ? this.options.barrier(v) : v
      this.copies.set(v, through)
      return through
    }
    const node = this.options.made.get(v) as Node
    const again = this.g.repeat(
      node,
      node.inputs.map(input => input && this.copy(input)),
    )
    this.options.onCopy(again)
    node.outputs.forEach((out, i) => {
      this.copies.set(out, again.outputs[i] as Value)
    })
    return this.copies.get(v) as Value
  }
}

/** Takes the copies that nothing reads out of the graph. */
export function prune(g: Graph, copies: ReadonlySet<Node>, wanted: readonly Value[]): void {
  const used = new Set(wanted)
  const kept: Node[] = []
  for (const node of [...g.nodes].reverse()) {
    if (copies.has(node) && !node.outputs.some(v => used.has(v))) continue
    for (const v of node.inputs) if (v) used.add(v)
    kept.push(node)
  }
  g.nodes.splice(0, g.nodes.length, ...kept.reverse())
}

/**
 * The value itself, but not before all of `when` is known: a choice between it and itself. The runtime neither sees through
 * this nor can it then take a copy for the original, which would keep the original in memory.
 */
export function after(g: Builder, v: Value, when: readonly Value[]): Value {
  if (v.dtype !== 'float32' && v.dtype !== 'float64' && v.dtype !== 'int64') return v
  const firsts = when.map(w => w.dims.reduce<Value>(x => g.gather(x, g.scalar(0, 'int64')), w))
  return g.where(
    g.greater(
      firsts.reduce((a, b) => g.add(a, b)),
      0,
    ),
    v,
    v,
  )
}
