import type { Builder } from '../../graph/builder.ts'
import type { Classifier } from '../models/classifier.ts'
import {
  type DropoutPlan,
  dropped,
  type EncoderOptions,
  type LinearPart,
  type Lookup,
  linearParts,
  type ParameterSpec,
} from '../models/encoder.ts'
import type { Method } from '../recipe.ts'

type Lora = Extract<Method, { kind: 'lora' }>

/** The names that PEFT gives the two factors of an adapter on a layer. */
const loraNames = (layer: string) => ({ a: `${layer}.lora_A.weight`, b: `${layer}.lora_B.weight` })

/** The layers that get an adapter, with their sizes. `all-linear` takes the pooler too, as PEFT does. */
export function loraLayers(
  model: Pick<Classifier, 'family' | 'config' | 'pooling'>,
  method: Lora,
): { readonly name: string; readonly inner: number; readonly out: number }[] {
  const { config: c, family } = model
  const parts: readonly LinearPart[] = method.targets === 'all-linear' ? linearParts : method.targets
  const size = (part: LinearPart) =>
    part === 'intermediate'
      ? { inner: c.hidden, out: c.feedForward }
      : part === 'down'
        ? { inner: c.feedForward, out: c.hidden }
        : { inner: c.hidden, out: c.hidden }
  const layers = Array.from({ length: c.layers }, (_, i) =>
    parts.map(part => ({ name: family.names.layer(i)[part], ...size(part) })),
  ).flat()
  const { pooler } = family.names
  if (method.targets === 'all-linear' && model.pooling === 'pooler' && pooler)
    layers.push({ name: pooler, inner: c.hidden, out: c.hidden })
  return layers
}

/** A [rank, in] and B [out, rank] of every adapter, in Hugging Face's orientation. */
export function loraParameters(
  model: Pick<Classifier, 'family' | 'config' | 'pooling'>,
  method: Lora,
): (ParameterSpec & { readonly factor: 'a' | 'b' })[] {
  return loraLayers(model, method).flatMap(({ name, inner, out }) => {
    const { a, b } = loraNames(name)
    return [
      { name: a, shape: [method.rank, inner], init: 'normal', factor: 'a' } as const,
      { name: b, shape: [out, method.rank], init: 'zero', factor: 'b' } as const,
    ]
  })
}

/** y + (alpha/rank) · (dropout(x)·Aᵀ)·Bᵀ wherever the graph has the two factors (Hu et al. 2021). */
export function loraAdapter(method: Lora): (lookup: Lookup, dropout?: DropoutPlan) => EncoderOptions['adapt'] {
  return (lookup, dropout) =>
    (g: Builder, { name, x, y }) => {
      const names = loraNames(name)
      const a = lookup(names.a)
      const b = lookup(names.b)
      if (!a || !b) return y
      const plan = dropout && method.dropout > 0 ? { ...dropout, rate: method.dropout } : undefined
      const inner = g.matmul(dropped(g, g.flat2d(x), plan), a, { transB: true })
      if (plan && dropout) dropout.salt = plan.salt
      const change = g.matmul(inner, b, { transB: true, alpha: method.alpha / method.rank })
      return g.add(y, g.reshape(change, y.dims))
    }
}
