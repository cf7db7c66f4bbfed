/* The graph of a model that only answers, under the names of inputs and outputs that other programs know. */
import { type Builder, builder } from '../../graph/builder.ts'
import type { Graph, Value } from '../../graph/graph.ts'
import type { Dims } from '../../graph/shape.ts'
import { frozenLookup } from '../step.ts'
import type { TaskModel } from '../tasks/task.ts'
import { quantizedProduct } from './quantized.ts'
import { parametersOf, type Weights } from './weights.ts'

/**
 * Inputs `input_ids` and `attention_mask` int64 [B,S] (1 for tokens), and `token_type_ids` where the model tells types apart.
 * Output `logits`: [B, classes] with a head on rows, [B,S, classes] on tokens, [B,S, vocabulary] of a language model. All
 * weights are stored in the graph, in operators of ONNX itself; products of quantized layers are ONNX Runtime's MatMulNBits.
 */
export function buildInference(model: TaskModel, weights: Weights): Graph {
  const { backbone, head } = model
  const g: Builder = builder({ name: 'model', lowering: 'portable', purpose: 'predict' })
  const dims: Dims = ['B', 'S']
  const ids = g.input('input_ids', 'int64', dims)
  const mask = g.cast(g.input('attention_mask', 'int64', dims), 'float32')
  const types = backbone.sizes.types > 1 ? g.input('token_type_ids', 'int64', dims) : undefined
  const frozen = frozenLookup(g, parametersOf({ trained: [], frozen: weights.names }, weights))
  const product = weights.stored ? { product: quantizedProduct(frozen) } : {}
  const options = { ...model.wrap?.(frozen), ...product }
  const hidden = backbone.hidden(g, frozen, { ids, mask, ...(types ? { types } : {}) }, options)
  g.output(head ? headScores(g) : languageScores(g), 'logits')
  dropUnread(g)
  return g

  function headScores(g: Builder): Value {
    if (!head) throw new Error('the model has no head')
    return head.scores(g, frozen, head.features(g, frozen, hidden, { mask, ...options }))
  }
  function languageScores(g: Builder): Value {
    const flat = backbone.language.scores(g, frozen, g.flat2d(hidden))
    return g.reshape(flat, [...dims, flat.dims[1] as number])
  }
}

/** Quantized layers come with what only their gradients read. */
function dropUnread(g: Graph): void {
  const read = new Set(g.nodes.flatMap(node => node.inputs))
  const kept = g.initializers.filter(({ value }) => read.has(value))
  g.initializers.splice(0, g.initializers.length, ...kept)
}
