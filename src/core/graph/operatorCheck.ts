/*
 * A graph that says whether a provider computes gradients rightly: every case of `cases.ts` in one, so that a GPU compiles its
 * shaders once. Providers have had silent errors: right losses with wrong gradients.
 */
import { random } from '../base/random.ts'
import { builder } from './builder.ts'
import { cases } from './cases.ts'
import { grad } from './grad.ts'
import type { Lowering, Value } from './graph.ts'
import { modelBytes } from './onnx.ts'
import { sizeOf } from './shape.ts'

/** A float32 tensor fed to the graph. */
export interface CheckFeed {
  readonly name: string
  readonly dims: readonly number[]
  readonly data: Float32Array
}

export interface OperatorCheck {
  /** In ONNX. Its outputs are the losses and gradients of all cases. */
  readonly model: Uint8Array
  readonly feeds: readonly CheckFeed[]
  /** The operators that an output of the graph is about: `LayerNorm`, `MatMul 4-D, b transposed, alpha`. */
  about(output: string): string
}

/** All cases in float32, in the lowering that the provider is given. The same bytes every time. */
export function operatorCheck(lowering: Lowering): OperatorCheck {
  const g = builder({ name: 'check', lowering, purpose: 'train' })
  const rng = random('operators')
  const feeds: CheckFeed[] = []
  const inputs: Value[] = []
  const losses = cases.map((c, i) => {
    const own = c.shapes.map((dims, k) => {
      const data = Float32Array.from({ length: sizeOf(dims) }, () => {
        const x = rng.next() * 2 - 1
        return c.away && Math.abs(x) < c.away ? c.away * 2 : x
      })
      feeds.push({ name: `x${i}.${k}`, dims, data })
      return g.input(`x${i}.${k}`, 'float32', dims)
    })
    inputs.push(...own)
    const y = c.build(g, ...(own as [Value, Value, Value]))
    const direction = Array.from({ length: sizeOf(y.dims) }, () => rng.next() * 2 - 1)
    return g.sumAll(g.mul(y, g.const(direction, y.dims)))
  })
  const all = losses.reduce((a, b) => g.add(a, b))
  for (const [i, d] of grad(g, all, inputs).entries()) g.output(d, `d.${inputs[i]?.name}`)
  for (const [i, value] of losses.entries()) g.output(g.identity(value), `loss.${i}`)
  return {
    model: modelBytes(g),
    feeds,
    about(output) {
      const c = cases[Number(/\d+/.exec(output)?.[0])]
      return [c?.rules.join(', '), c?.what].filter(Boolean).join(' ')
    },
  }
}

/** Largest difference that is rounding and no error, relative to 1 + |x|: TensorFloat-32 keeps eleven bits. */
export const checkTolerance = 5e-3
