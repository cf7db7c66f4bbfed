/* The graph that models are written against: `g.add(a, b)` is `add(g, a, b)` of `ops/`. */
import { Graph, type GraphOptions } from './graph.ts'
import * as dropout from './ops/dropout.ts'
import * as elementwise from './ops/elementwise.ts'
import * as linear from './ops/linear.ts'
import * as loss from './ops/loss.ts'
import * as move from './ops/move.ts'
import * as normal from './ops/normal.ts'
import * as projected from './ops/projected.ts'
import * as quantized from './ops/quantized.ts'
import * as reduce from './ops/reduce.ts'
import * as relative from './ops/relative.ts'

const modules = [elementwise, reduce, move, linear, normal, loss, dropout, projected, quantized, relative] as const

type Operators = typeof elementwise &
  typeof reduce &
  typeof move &
  typeof linear &
  typeof normal &
  typeof loss &
  typeof dropout &
  typeof projected &
  typeof quantized &
  typeof relative

/** Every function of `ops/` that takes the graph first, with the graph filled in. */
type Bound = {
  readonly [K in keyof Operators as Operators[K] extends (g: Graph, ...rest: never[]) => unknown
    ? K
    : never]: Operators[K] extends (g: Graph, ...rest: infer A) => infer R ? (...rest: A) => R : never
}

/** A graph with the operators as methods. */
export type Builder = Graph & Bound

class BoundGraph extends Graph {}

for (const operators of modules) {
  for (const [name, operator] of Object.entries(operators)) {
    if (typeof operator !== 'function') continue
    Object.defineProperty(BoundGraph.prototype, name, {
      value(this: Graph, ...rest: unknown[]) {
        return (operator as (g: Graph, ...rest: unknown[]) => unknown)(this, ...rest)
      },
    })
  }
}

/** A new graph to build in. */
export function builder(options: GraphOptions = {}): Builder {
  return new BoundGraph(options) as Builder
}
