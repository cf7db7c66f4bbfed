/* Task heads by description: a pooling, at most one dense layer before the scores, and the scores. */
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import type { Head, LanguageHead, LinearSpec, ParameterSpec, Pooling } from './architecture.ts'
import { type Activation, activate, blocks, linearParameters, normParameters } from './blocks.ts'

/** A dense layer of a head, [H] to [H]. */
export interface DenseLayer {
  readonly name: string
  readonly activation: Activation
  /**
   * `stored` where pre-trained checkpoints have it and it counts as backbone; `fresh` where each task trains its own;
   * `pooler` where it is stored and only used when that pooling is asked for.
   */
  readonly kind: 'stored' | 'fresh' | 'pooler'
  readonly bias?: boolean
  /** A layer normalization after the activation. */
  readonly norm?: { readonly name: string; readonly epsilon: number; readonly bias: boolean }
}

/** What differs between the heads of architectures. */
export interface HeadOptions {
  readonly hidden: number
  /** Blocks of the backbone: the layer that the head's linear layers count as. */
  readonly layers: number
  readonly classes: number
  /** How a row's vector is made; absent for token classification. */
  readonly pooling?: Pooling
  readonly dense?: DenseLayer
  /** Which tensors the checkpoint has; all where left out. A stored layer that it lacks is fresh. */
  readonly has?: ((name: string) => boolean) | undefined
  /** The linear layer of the scores. */
  readonly out: string
  readonly bias?: boolean
}

/** A head of sequence or token classification. */
export function describeHead(options: HeadOptions): Head {
  const { hidden, classes, pooling, out } = options
  const dense = options.dense?.kind === 'pooler' && pooling !== 'pooler' ? undefined : options.dense
  const denseSpecs = dense ? denseParameters(dense, hidden) : []
  const complete = options.has === undefined || denseSpecs.every(spec => options.has?.(spec.name))
  const below = dense !== undefined && dense.kind !== 'fresh' && complete
  const outSpecs = linearParameters(out, classes, hidden).slice(0, options.bias === false ? 1 : 2)
  const fresh = below ? outSpecs : [...denseSpecs, ...outSpecs]
  const linear: LinearSpec[] = dense
    ? [{ name: dense.name, parts: [], layer: options.layers, in: hidden, out: hidden, stored: 'out-in' }]
    : []
  return {
    stored: below ? denseSpecs : [],
    linears: below ? linear : [],
    fresh,
    modules: [...new Set(fresh.map(spec => spec.name.split('.')[0] as string))],
    first: dense && !below ? dense.name : out,
    last: out,
    features(g, lookup, x, { mask, ...rest }) {
      const pooled = pooling ? pool(g, x, mask, pooling) : x
      if (!dense || !below) return pooled
      return runDense(g, pooled, { dense, layers: blocks(g, lookup, rest) })
    },
    scores(g, lookup, x, dropout) {
      const layers = blocks(g, lookup, dropout ? { dropout } : {})
      const inner = dense && !below ? runDense(g, layers.drop(x), { dense, layers }) : x
      return layers.linear(layers.drop(inner), out)
    },
  }
}

/** One vector for each row, [B,H] of [B,S,H]. The mean leaves padding out; `last` is the last token that is none. */
export function pool(g: Builder, hidden: Value, mask: Value, pooling: Pooling): Value {
  switch (pooling) {
    case 'pooler':
    case 'cls':
      return g.gather(hidden, g.scalar(0, 'int64'), 1)
    case 'mean':
      return g.div(g.sum(g.mul(hidden, g.unsqueeze(mask, [2])), [1], false), g.sum(mask, [1]))
    case 'last': {
      const last = g.sub(g.cast(g.sum(mask, [1], false), 'int64'), 1)
      const rows = g.mul(g.range(mask.dims[0] as Value['dims'][number]), g.shapeAt(mask, 1))
      return g.gather(g.flat2d(hidden), g.add(rows, last))
    }
  }
}

function runDense(
  g: Builder,
  x: Value,
  { dense, layers }: { readonly dense: DenseLayer; readonly layers: ReturnType<typeof blocks> },
): Value {
  const y = activate(g, layers.linear(x, dense.name), dense.activation)
  return dense.norm ? layers.norm(y, dense.norm.name, dense.norm.epsilon) : y
}

function denseParameters({ name, bias, norm }: DenseLayer, hidden: number): ParameterSpec[] {
  return [
    ...linearParameters(name, hidden, hidden).slice(0, bias === false ? 1 : 2),
    ...(norm ? normParameters(norm.name, hidden).slice(0, norm.bias ? 2 : 1) : []),
  ]
}

/** What differs between masked language-model heads: a transform [H] to [E], and a product with the word table [V,E]. */
export interface MaskedHeadOptions {
  readonly hidden: number
  /** Width of the word table. */
  readonly width: number
  readonly vocab: number
  readonly dense: { readonly name: string; readonly activation: Activation; readonly bias?: boolean }
  readonly norm: { readonly name: string; readonly epsilon: number; readonly bias?: boolean }
  /** The word table, tied to the output. */
  readonly word: string
  /** The matrix where it is a tensor of its own. */
  readonly own?: string
  readonly bias?: string
}

/** The head of a masked language model (Devlin et al. 2019). */
export function describeMaskedHead(options: MaskedHeadOptions): LanguageHead {
  const { hidden, width, vocab, dense, norm, bias, own } = options
  const weight = own ?? `${options.word}.weight`
  return {
    kind: 'masked',
    weight,
    tied: own === undefined,
    parameters: [
      ...linearParameters(dense.name, width, hidden).slice(0, dense.bias === false ? 1 : 2),
      ...normParameters(norm.name, width).slice(0, norm.bias === false ? 1 : 2),
      ...(own ? [{ name: own, shape: [vocab, width], init: 'normal' } as const] : []),
      ...(bias ? [{ name: bias, shape: [vocab], init: 'zero' } as const] : []),
    ],
    scores(g, lookup, chosen) {
      const layers = blocks(g, lookup)
      const x = layers.norm(activate(g, layers.linear(chosen, dense.name), dense.activation), norm.name, norm.epsilon)
      return g.linear(x, layers.get(weight), bias ? layers.get(bias) : undefined)
    },
  }
}
