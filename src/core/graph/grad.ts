/* Reverse-mode differentiation: walks the tape backward and appends the gradient nodes to the same graph. */
import type { Builder } from './builder.ts'
import { rules } from './gradients.ts'
import { type Entry, type Node, type Value, valueText } from './graph.ts'
import { after, Copies, changingValues, nodesBetween, prune, segmentsOf } from './recompute.ts'
import { type Dim, type Dims, ShapeError, sameDims } from './shape.ts'

/**
 * The gradients of the scalar `loss` with respect to `parameters`, in their order and shapes. Only what lies between
 * a parameter and the loss is differentiated: frozen weights get no gradient, and nothing below the first parameter
 * does. An operator without a rule on that path, or a parameter the loss does not depend on, is an error here.
 *
 * With `recompute`, the inputs that differ from step to step, activations are not kept from the forward pass: each part of a
 * layer is computed again when its gradient is due. The same bits, less memory, about a third more time.
 */
export function grad(
  g: Builder,
  loss: Value,
  parameters: readonly Value[],
  { recompute }: { readonly recompute?: readonly Value[] } = {},
): Value[] {
  if (loss.dims.length > 0) throw new ShapeError(`grad: the loss ${valueText(loss)} is not a scalar`)
  const tape = [...g.tape]
  const need = new Set(parameters)
  for (const entry of tape) {
    if (entry.inputs.some(v => v && need.has(v))) for (const v of entry.outputs) need.add(v)
  }
  const bars = new Map<Value, Value>()
  const put = (v: Value, d: Value) => {
    const known = bars.get(v)
    bars.set(v, known ? g.add(known, d) : d)
  }
  put(loss, g.scalar(1, loss.dtype))
  const again = recompute ? replay(g, { tape, need, roots: recompute, bars, parameters }) : undefined
  for (const [i, entry] of [...tape.entries()].reverse()) {
    again?.enter(i)
    const ds = entry.outputs.map(v => bars.get(v))
    const want = entry.inputs.map(v => v !== undefined && need.has(v))
    if (!ds.some(Boolean) || !want.some(Boolean)) continue
    const rule = rules[entry.rule]
    if (!rule) throw new ShapeError(`grad: ${entry.rule} has no gradient rule`)
    const own = again?.entry(entry, i) ?? entry
    const results = rule({ g, entry: own, ds, want, ...operandsOf(own.rule, own.inputs, own.outputs, ds) })
    entry.inputs.forEach((v, i) => {
      const d = results[i]
      if (v && want[i] && d) put(v, sumTo(g, d, v.dims))
    })
  }
  const gradients = parameters.map(p => {
    const d = bars.get(p)
    if (!d) throw new ShapeError(`grad: the loss does not depend on ${valueText(p)}`)
    return d
  })
  if (again) prune(g, again.copies, [...gradients, ...g.outputs])
  return gradients
}

interface ReplayOptions {
  readonly tape: readonly Entry[]
  readonly need: ReadonlySet<Value>
  readonly roots: readonly Value[]
  /** The gradients of values as far as they are known. */
  readonly bars: Map<Value, Value>
  readonly parameters: readonly Value[]
}

/** Entries whose values are computed again, segment by segment from the last. */
function replay(g: Builder, { tape, need, roots, bars, parameters }: ReplayOptions) {
  const changing = changingValues(g, roots)
  const segments = segmentsOf(tape, need, roots)
  const nodes = segments.map(({ out }, k) => nodesBetween(g, segments[k - 1]?.out, out))
  // What is fed is there already.
  for (const root of roots) for (const made of nodes) made.delete(root)
  const copies = new Set<Node>()
  const settled = new Set<Value>()
  let known: { readonly k: number; readonly copies: Copies | undefined } | undefined
  /** The copies of a segment, which are made once the gradients of all parameters above it are. */
  const begin = (k: number): Copies | undefined => {
    const { out } = segments[k] as (typeof segments)[number]
    const d = bars.get(out)
    if (!d) return undefined
    const above = parameters.flatMap(p => (settled.has(p) ? [] : (bars.get(p) ?? [])))
    for (const p of parameters) if (bars.has(p)) settled.add(p)
    // The runtime goes depth first: without this it would leave the gradients of parameters, and all that they read, for the end.
    const when = above.length > 0 ? after(g, d, above) : d
    bars.set(out, when)
    const passed = new Map<Value, Value>()
    const barrier = (v: Value) => {
      const through = passed.get(v) ?? after(g, v, [when])
      passed.set(v, through)
      return through
    }
    return new Copies(g, { made: nodes[k] as Map<Value, Node>, changing, barrier, onCopy: node => copies.add(node) })
  }
  const entry = (own: Entry, i: number): Entry => {
    const k = segments.findIndex(s => i >= s.from && i < s.to)
    if (k < 0) return own
    return (known?.k === k ? known.copies?.entry(own) : undefined) ?? own
  }
  const enter = (i: number): void => {
    const k = segments.findIndex(s => i === s.to - 1)
    if (k >= 0) known = { k, copies: begin(k) }
  }
  return { enter, entry, copies }
}

/** What nearly every rule reads, without indexing. A rule for an operator with fewer inputs never touches the rest. */
function operandsOf(
  rule: string,
  inputs: readonly (Value | undefined)[],
  outputs: readonly Value[],
  ds: readonly (Value | undefined)[],
) {
  const [a, b, c] = inputs as [Value, Value, Value]
  const d = ds[0]
  // Split alone has outputs that count equally; elsewhere the further outputs serve reporting only.
  if (!d && rule !== 'Split') throw new ShapeError(`grad: ${rule}: only the first output may lead to the loss`)
  return { a, b, c, y: outputs[0] as Value, d: d as Value }
}

/** Undoes broadcasting: sums `d` over the axes that were repeated to reach its shape from `dims`. */
function sumTo(g: Builder, d: Value, dims: Dims): Value {
  if (sameDims(d.dims, dims)) return d
  const extra = d.dims.length - dims.length
  const axes = d.dims.map((_, i) => i).filter(i => i < extra || (dims[i - extra] === 1 && d.dims[i] !== 1))
  const summed = axes.length > 0 ? g.sum(d, axes, true) : d
  return g.reshape(summed, dims as Dim[])
}
