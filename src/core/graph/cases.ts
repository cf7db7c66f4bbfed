import type { Builder } from './builder.ts'
import type { Purpose, Value } from './graph.ts'

/** One differentiable function of some inputs; its gradients are compared with central differences. */
export interface GradientCase {
  /** The gradient rules it is here for, and what is special about it. */
  readonly rules: readonly string[]
  readonly what: string
  /** float64 wherever ONNX Runtime has the kernels. */
  readonly dtype: 'float64' | 'float32'
  readonly shapes: readonly (readonly number[])[]
  build(g: Builder, a: Value, b: Value, c: Value): Value
  /** What the graph is for, where an operator is built otherwise for training. */
  readonly purpose?: Purpose
  /** Absolute values of the inputs are at least this, where the function has a kink at 0. */
  readonly away?: number
}

const one = (
  rule: string,
  shapes: readonly (readonly number[])[],
  build: GradientCase['build'],
  options: { what?: string; dtype?: 'float32'; away?: number; purpose?: Purpose } = {},
): GradientCase => ({
  rules: [rule],
  what: options.what ?? '',
  dtype: options.dtype ?? 'float64',
  shapes,
  build,
  ...(options.away === undefined ? {} : { away: options.away }),
  ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
})

const angles = (f: (x: number) => number) => Array.from({ length: 12 }, (_, i) => f((i >> 2) * 0.3 * (1 + (i % 4))))
const labels = (g: Builder) => g.const([1, 4, 0, 2], [4], 'int64')
const weights = (g: Builder) => g.const([1, 0, 1, 2], [4])

/** 8 rows of 32 inputs in 4 bits, blocks of 16. */
const packed = Uint8Array.from({ length: 8 * 16 }, (_, i) => (i * 37 + 11) % 256)
const scales = Float32Array.from({ length: 8 * 2 }, (_, i) => 0.05 * (1 + (i % 5)))

export const cases: readonly GradientCase[] = [
  one(
    'MatMul',
    [
      [2, 3, 4],
      [4, 5],
    ],
    (g, a, b) => g.matmul(a, b),
    { what: '3-D by matrix' },
  ),
  one(
    'MatMul',
    [
      [2, 4, 3],
      [2, 5, 4],
    ],
    (g, a, b) => g.matmul(a, b, { transA: true, transB: true, alpha: 0.5 }),
    { what: '3-D, both transposed, alpha' },
  ),
  one(
    'MatMul',
    [
      [4, 5],
      [4, 3],
    ],
    (g, a, b) => g.matmul(a, b, { transA: true, alpha: 2 }),
    { what: 'matrices, the wider one transposed' },
  ),
  one(
    'Transpose',
    [[2, 3, 4]],
    (g, a) => {
      const turned = g.transpose(a, [1, 2, 0])
      return g.add(g.transpose(turned, [0, 2, 1]), g.sum(g.mul(g.transpose(turned, [2, 0, 1]), a), [0, 1, 2]))
    },
    { what: 'of a transpose' },
  ),
  one(
    'MatMul',
    [
      [2, 2, 3, 4],
      [2, 2, 5, 4],
    ],
    (g, a, b) => g.matmul(a, b, { transB: true, alpha: 0.5 }),
    {
      what: '4-D, b transposed, alpha',
    },
  ),
  one(
    'MatMul',
    [
      [4, 3],
      [4, 5],
    ],
    (g, a, b) => g.matmul(a, b, { transA: true }),
    { what: 'a transposed' },
  ),
  one(
    'MatMul',
    [
      [4, 3],
      [5, 4],
    ],
    (g, a, b) => g.matmul(a, b, { transA: true, transB: true, alpha: 2 }),
    {
      what: 'both transposed',
    },
  ),
  one(
    'MatMul',
    [
      [2, 4, 3],
      [2, 5, 4],
    ],
    (g, a, b) => g.matmul(a, b, { transA: true, transB: true }),
    {
      what: '3-D, both transposed',
    },
  ),
  one(
    'MatMul',
    [
      [2, 3, 4],
      [5, 4],
    ],
    (g, a, b) => g.matmul(a, b, { transB: true }),
    {
      what: '3-D by transposed matrix',
    },
  ),
  one(
    'MatMul',
    [
      [2, 4, 3],
      [4, 5],
    ],
    (g, a, b) => g.matmul(a, b, { transA: true }),
    {
      what: 'transposed 3-D by matrix',
    },
  ),
  one(
    'MatMul',
    [
      [2, 3, 4],
      [2, 5, 4],
    ],
    (g, a, b) => g.matmul(a, b, { transB: true, alpha: 0.5 }),
    {
      what: 'float32, so that the fused operator runs',
      dtype: 'float32',
    },
  ),
  one('Linear', [[2, 3, 4], [5, 4], [5]], (g, a, b, c) => g.linear(a, b, c), { what: 'with bias' }),
  one(
    'Linear',
    [
      [3, 4],
      [5, 4],
    ],
    (g, a, b) => g.linear(a, b),
    { what: 'without bias' },
  ),
  one(
    'QuantizedMatMul',
    [[2, 3, 32]],
    (g, a) => {
      const source = { bits: 4, block: 16, rows: 8, columns: 32, codes: packed, scales } as const
      return g.quantizedMatmul(a, g.quantizedWeight('q', source))
    },
    { dtype: 'float32', what: '4 bits' },
  ),
  one('Add', [[2, 3, 4], [4]], (g, a, b) => g.add(a, b), { what: 'broadcast' }),
  one(
    'Sub',
    [
      [2, 3, 4],
      [3, 1],
    ],
    (g, a, b) => g.sub(a, b),
    { what: 'broadcast' },
  ),
  one(
    'Mul',
    [
      [2, 3, 4],
      [2, 1, 4],
    ],
    (g, a, b) => g.mul(a, b),
    { what: 'broadcast' },
  ),
  one('Mul', [[5]], (g, a) => g.mul(a, a), { what: 'of a value with itself' }),
  one('Div', [[2, 3], [3]], (g, a, b) => g.div(a, g.add(g.mul(b, b), 1)), { what: 'broadcast' }),
  one('Neg', [[5]], (g, a) => g.neg(a)),
  one('Exp', [[5]], (g, a) => g.exp(a)),
  one('Log', [[5]], (g, a) => g.log(g.add(g.mul(a, a), 1))),
  one('Sqrt', [[5]], (g, a) => g.sqrt(g.add(g.mul(a, a), 1))),
  one('Pow', [[5]], (g, a) => g.pow(g.add(g.mul(a, a), 1), 1.7)),
  one('Tanh', [[5]], (g, a) => g.tanh(a)),
  one('Sigmoid', [[5]], (g, a) => g.sigmoid(a)),
  one('Relu', [[7]], (g, a) => g.relu(a), { away: 0.05 }),
  one('Erf', [[5]], (g, a) => g.erf(a), { dtype: 'float32' }),
  one('Gelu', [[9]], (g, a) => g.gelu(a), { dtype: 'float32' }),
  one('Gelu', [[9]], (g, a) => g.gelu(a), { what: 'written out for training', dtype: 'float32', purpose: 'train' }),
  one('NormalProbability', [[9]], (g, a) => g.normalProbability(a), { dtype: 'float32' }),
  one('GeluTanh', [[9]], (g, a) => g.geluTanh(a), { dtype: 'float32' }),
  one('Silu', [[9]], (g, a) => g.silu(a), { dtype: 'float32' }),
  one('Silu', [[9]], (g, a) => g.silu(a), { what: 'composite' }),
  one('Min', [[3, 4]], (g, a) => g.min(a, g.const([0], [1])), { away: 0.05, what: 'against a constant' }),
  one('Max', [[3, 4], [4]], (g, a, b) => g.max(g.mul(a, 2), g.mul(g.add(b, 3), a)), { away: 0.05 }),
  one('Min', [[3, 4], [4]], (g, a, b) => g.min(g.mul(a, 2), g.mul(g.add(b, 3), a)), { away: 0.05 }),
  one('Where', [[2, 3], [3]], (g, a, b) => g.where(g.const([1, 0, 0, 1, 1, 0], [2, 3], 'bool'), a, b)),
  {
    rules: ['Cast'],
    what: 'float32 to float64 and back',
    dtype: 'float32',
    shapes: [[5]],
    build: (g, a) => {
      const wide = g.cast(a, 'float64')
      return g.cast(g.mul(wide, wide), 'float32')
    },
  },
  one('Identity', [[5]], (g, a) => g.identity(a)),
  one('Reshape', [[2, 3, 4]], (g, a) => g.reshape(g.mul(a, a), [4, 6])),
  one('Transpose', [[2, 3, 4]], (g, a) => g.mul(g.transpose(a, [2, 0, 1]), g.const([1, 2, 3], [3]))),
  one('Unsqueeze', [[2, 3]], (g, a) => g.unsqueeze(g.mul(a, a), [0, 2])),
  one('Squeeze', [[2, 1, 3]], (g, a) => g.squeeze(g.mul(a, a), [1])),
  one('Expand', [[2, 1, 3]], (g, a) => g.mul(g.expand(a, [4, 2, 5, 3]), 2), { what: 'inner and leading axes' }),
  one('Slice', [[3, 6]], (g, a) => g.slice(g.mul(a, a), { axis: 1, start: 2, length: 3 })),
  {
    rules: ['Concat', 'Split'],
    what: 'one part used twice',
    dtype: 'float64',
    shapes: [
      [2, 3],
      [2, 4],
    ],
    build: (g, a, b) => {
      const [x, y] = g.split(g.concat([a, b], 1), [2, 5], 1) as [Value, Value]
      return g.concat([y, g.mul(x, x)], 1)
    },
  },
  one('Split', [[2, 6]], (g, a) => g.mul(g.split(a, [1, 2, 3], 1)[1] as Value, 2), { what: 'unused parts' }),
  one('Gather', [[6, 3]], (g, a) => g.gather(a, g.const([1, 3, 3, 5], [2, 2], 'int64')), { what: 'repeated rows' }),
  one('Gather', [[2, 4, 3]], (g, a) => g.gather(g.mul(a, a), g.scalar(0, 'int64'), 1), { what: 'first token' }),
  one('Gather', [[2, 4, 3]], (g, a) => g.gather(a, g.const([2, 0, 2], [3], 'int64'), -1), { what: 'last axis' }),
  one('ReduceSum', [[2, 3, 4]], (g, a) => g.sum(g.mul(a, a), [1], false), { what: 'axis dropped' }),
  one('ReduceSum', [[2, 3, 4]], (g, a) => g.sumAll(g.mul(a, a)), { what: 'everything' }),
  one('ReduceMean', [[2, 3, 4]], (g, a) => g.mean(g.mul(a, a), [-1, 0]), { what: 'two axes kept' }),
  one('ReduceSumSquare', [[2, 3]], (g, a) => g.sumSquare(a)),
  {
    rules: ['ReduceMax'],
    what: 'the shift of a softmax written out',
    dtype: 'float64',
    shapes: [[2, 5]],
    build: (g, a) => {
      const e = g.exp(g.sub(a, g.reduceMax(a, [-1])))
      return g.div(e, g.sum(e, [-1]))
    },
  },
  one('Softmax', [[2, 5]], (g, a) => g.softmax(a)),
  one('LogSoftmax', [[2, 5]], (g, a) => g.logSoftmax(a)),
  one('LayerNorm', [[3, 6], [6], [6]], (g, a, b, c) => g.layerNorm(a, b, c), { dtype: 'float32' }),
  one('RmsNorm', [[3, 6], [6]], (g, a, b) => g.rmsNorm(a, b), { dtype: 'float32' }),
  one(
    'RotaryEmbedding',
    [[1, 2, 3, 8]],
    (g, a) => {
      const cos = g.const(angles(Math.cos), [3, 4])
      const sin = g.const(angles(Math.sin), [3, 4])
      const negativeSin = g.const(
        angles(x => -Math.sin(x)),
        [3, 4],
      )
      return g.rotary(a, { cos, sin, negativeSin })
    },
    { dtype: 'float32' },
  ),
  one(
    'RotaryEmbedding',
    [[2, 2, 3, 8]],
    (g, a) => {
      const table = (of: (x: number) => number) => g.const(angles(of), [3, 4])
      const rows = g.const([0, 1, 2, 2, 0, 1], [2, 3], 'int64')
      return g.rotary(a, { cos: table(Math.cos), sin: table(Math.sin), negativeSin: table(x => -Math.sin(x)), rows })
    },
    { dtype: 'float32', what: 'a row of the tables for every token' },
  ),
  one('RelativeShift', [[2, 2, 3, 5]], (g, a) => g.relativeShift(a)),
  one('RelativeShift', [[1, 2, 1, 1]], (g, a) => g.relativeShift(a), { what: 'one position' }),
  one('Dropout', [[4, 8]], (g, a) => g.dropout(g.mul(a, a), { rate: 0.4, step: g.scalar(3, 'int64'), salt: 5 })),
  one('CrossEntropy', [[4, 5]], (g, a) => g.mul(g.crossEntropy(a, labels(g), weights(g)).loss, 3), {
    what: 'weighted, a row of weight 0',
  }),
  one(
    'CrossEntropy',
    [[4, 5]],
    (g, a) => {
      const classWeights = g.const([1, 0.5, 2, 1, 3], [5])
      return g.crossEntropy(a, labels(g), weights(g), { smoothing: 0.1, classWeights }).loss
    },
    { what: 'smoothing and class weights' },
  ),
  ...[1, 2].map(focal =>
    one('CrossEntropy', [[4, 5]], (g, a) => g.crossEntropy(a, labels(g), weights(g), { focal }).loss, {
      what: `focal, gamma ${focal}`,
    }),
  ),
  ...[
    { elements: 10, what: 'two pieces' },
    { elements: 1000, cap: 1.5, smoothing: 0.1, what: 'one piece, capped and smoothed' },
  ].map(({ what, ...options }) =>
    one(
      'ProjectedCrossEntropy',
      [
        [4, 3],
        [5, 3],
      ],
      (g, x, weight) =>
        g.mul(g.projectedCrossEntropy({ x, weight, labels: labels(g), weights: weights(g) }, options).loss, 3),
      { what },
    ),
  ),
  one('MeanSquaredError', [[4, 2]], (g, a) =>
    g.mul(g.meanSquaredError(a, g.const([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]), weights(g)).loss, 2),
  ),
]
