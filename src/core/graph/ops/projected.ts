/*
 * Cross entropy of a projection, some rows at a time. The scores of all rows [M,V] are most of a decoder's memory, and about
 * five tensors of that size live at once; here a `Loop` over pieces of the rows keeps one piece of them alive. The gradient
 * of the rows is made in the same turn (as Hsu et al. 2024 do), so that the scores are computed once.
 */
import { type Attributes, float, Graph, int, type Value, valueText } from '../graph.ts'
import { type Dim, dimAt, ShapeError, sameDims } from '../shape.ts'
import { add, cast, exp, greater, min, mul, neg, sub, tanh } from './elementwise.ts'
import { matmul } from './linear.ts'
import { type LossValues, normalized } from './loss.ts'
import { concat, gather, scatterAdd, shapeAt, squeeze, unsqueeze, zerosLike } from './move.ts'
import { logSoftmax } from './normal.ts'
import { argmax, sum, sumAll } from './reduce.ts'

export interface ProjectedOptions {
  /** Scores are squeezed into ±cap by tanh. */
  readonly cap?: number
  /** As in `CrossEntropyOptions`. */
  readonly smoothing?: number
  /** About so many scores are alive at once; 2^23 (32 MB), but those of 128 rows at least, where left out. */
  readonly elements?: number
}

/** Rows [M,H], the matrix [V,H], labels int64 [M] and weights [M]. */
interface Operands {
  readonly x: Value
  readonly weight: Value
  readonly labels: Value
}

/**
 * `crossEntropy` of the scores x·Wᵀ, which are never there all at once: x [M,H], weight [V,H], labels int64 [M], weights [M].
 * Both x and the weight have a gradient; the weight's computes the scores once more.
 */
export function projectedCrossEntropy(
  g: Graph,
  { weights, ...operands }: Operands & { readonly weights: Value },
  options: ProjectedOptions = {},
): LossValues {
  const { x, weight, labels } = operands
  check(operands, weights)
  const attributes = attributesOf(options, operands)
  const [loss, rows] = g.composite('ProjectedCrossEntropy', [x, weight], attributes, () => {
    const share = normalized(g, weights)
    const [each, dx] = overPieces(g, operands, options, (body, piece) => {
      const { each, dz } = differentiate(body, piece, { share, ...options })
      return { scans: [each, matmul(body, dz, weight)], state: [] }
    }) as [Value, Value]
    const total = sumAll(g, mul(g, each, share))
    return { outputs: [total, each], saved: { dx, labels, share } }
  }) as [Value, Value]
  return { loss, rows }
}

/** Loss of each row [M] and its most probable class int64 [M], without gradients. Arguments as above. */
export function projectedAnswers(
  g: Graph,
  operands: Operands,
  options: ProjectedOptions = {},
): { readonly losses: Value; readonly said: Value } {
  check(operands)
  const [losses, said] = overPieces(g, operands, options, (body, piece) => {
    const { logProbability, labels } = scores(body, piece, options)
    return { scans: [neg(body, pick(body, logProbability, labels)), argmax(body, logProbability)], state: [] }
  }) as [Value, Value]
  return { losses, said }
}

/** The gradient of the weight [V,H] for a loss of slope 1: the scores are computed anew, piece by piece. */
export function projectedWeightGradient(
  g: Graph,
  { share, ...operands }: Operands & { readonly share: Value },
  options: ProjectedOptions,
): Value {
  const { x, weight } = operands
  return g.composite('ProjectedWeightGradient', [x, weight], {}, () => {
    const turn: Turn = (body, piece, [sofar]) => {
      const { dz } = differentiate(body, piece, { share, ...options })
      return { scans: [], state: [add(body, sofar as Value, matmul(body, dz, piece.x, { transA: true }))] }
    }
    return { outputs: overPieces(g, operands, options, turn, [zerosLike(g, weight)]) }
  })[0] as Value
}

/** Some of the rows. Those beyond the last row repeat it; `inside` is 1 for the others, 0 for them. */
interface Piece extends Operands {
  /** Which rows these are, int64 [R]. */
  readonly at: Value
  readonly inside: Value
  /** 0 to R − 1, int64 [R]. */
  readonly own: Value
}

type Turn = (
  body: Graph,
  piece: Piece,
  state: readonly Value[],
) => { readonly scans: readonly Value[]; readonly state: readonly Value[] }

/** Runs a turn for each piece of the rows: the final state, then what the turns scanned, a row for each of M. */
function overPieces(
  g: Graph,
  { x, weight, labels }: Operands,
  options: ProjectedOptions,
  turn: Turn,
  state: readonly Value[] = [],
): Value[] {
  const rows = x.dims[0] as Dim
  const classes = dimAt('ProjectedCrossEntropy', weight.dims, 0)
  const most = Math.max(1, Math.floor(elementsOf(options, weight) / Number(classes)))
  const whole = (value: Value) => squeeze(g, value, [0])
  // Pieces of equal size, so that what lies beyond the last row is less than one row a piece.
  const count = shapeAt(g, x, 0)
  const sized = typeof rows === 'number'
  const known = sized ? Math.max(1, Math.ceil(rows / most)) : 0
  const up = (a: Value, b: Value | number) => intDivide(g, add(g, a, sub(g, b, 1)), b)
  const pieces = sized ? g.ints([known]) : intMax(g, up(count, g.ints([most])))
  const size = sized ? g.ints([Math.ceil(rows / known)]) : up(count, pieces)
  const [trip, scalarSize, scalarCount] = [whole(pieces), whole(size), whole(count)]
  const length: Dim = sized ? Math.ceil(rows / known) : 'piece'

  const body = new Graph({ name: 'pieces', parent: g })
  // Every name is the only one of its kind in a family of graphs; that of a node's result is.
  const named = (what: string) => `${trip.name}.${what}`
  const turnNumber = body.input(named('turn'), 'int64', [])
  const going = body.input(named('going'), 'bool', [])
  const carried = state.map((value, i) => body.input(named(`state.${i}`), value.dtype, value.dims))
  const range = [body.scalar(0, 'int64'), scalarSize, body.scalar(1, 'int64')]
  const own = body.emit1('Range', range, {}, { dtype: 'int64', dims: [length] })
  const at = add(body, own, mul(body, turnNumber, scalarSize))
  const inside = cast(body, greater(body, scalarCount, at), x.dtype)
  const kept = min(body, at, sub(body, scalarCount, 1))
  const piece = { at: kept, own, inside, x: gather(body, x, kept), weight, labels: gather(body, labels, kept) }
  const { scans, state: next } = turn(body, piece, carried)
  const results = [going, ...next, ...scans]
  results.forEach((value, i) => {
    body.output(value, named(`result.${i}`))
  })
  // The entry of the whole operator counts the work, not the tape of the body.
  body.tape.length = 0

  const piecesDim: Dim = sized ? known : 'pieces'
  const outputs = g.emit('Loop', [trip, g.const([1], [], 'bool'), ...state], { body: { kind: 'graph', value: body } }, [
    ...state,
    ...scans.map(({ dtype, dims }) => ({ dtype, dims: [piecesDim, ...dims] })),
  ])
  return outputs.map((value, i) => {
    if (i < state.length) return value
    const { dims } = scans[i - state.length] as Value
    const flat = flatPieces(g, value, dims)
    const range = [flat, g.ints([0]), count, g.ints([0])]
    return g.emit1('Slice', range, {}, { dtype: value.dtype, dims: [rows, ...dims.slice(1)] })
  })
}

/** [pieces,R,…] as [pieces·R,…]. */
function flatPieces(g: Graph, value: Value, dims: readonly Dim[]): Value {
  const shape = g.ints([-1, ...dims.slice(1).map(Number)])
  return g.emit1('Reshape', [value, shape], {}, { dtype: value.dtype, dims: ['rows', ...dims.slice(1)] })
}

function scores(g: Graph, { x, weight, labels }: Operands, { cap }: ProjectedOptions) {
  const z = matmul(g, x, weight, { transB: true })
  const squeezed = cap === undefined ? undefined : tanh(g, mul(g, z, 1 / cap))
  const logProbability = logSoftmax(g, squeezed ? mul(g, squeezed, cap as number) : z)
  return { logProbability, squeezed, labels: unsqueeze(g, labels, [1]) }
}

/** The log-probability of the labels [R,1], as [R]. */
function pick(g: Graph, logProbability: Value, labels: Value): Value {
  const [rows] = logProbability.dims as [Dim, Dim]
  const { dtype } = logProbability
  const picked = g.emit1('GatherElements', [logProbability, labels], { axis: int(1) }, { dtype, dims: [rows, 1] })
  return squeeze(g, picked, [1])
}

/** Losses [R] and the gradient of the scores [R,V]: share·(softmax − q), through the cap. */
function differentiate(
  g: Graph,
  piece: Piece,
  { share, smoothing = 0, ...options }: ProjectedOptions & { readonly share: Value },
): { readonly each: Value; readonly dz: Value } {
  const { logProbability, squeezed, labels } = scores(g, piece, options)
  const classes = Number(logProbability.dims[1])
  const nll = neg(g, pick(g, logProbability, labels))
  const even = () => mul(g, sum(g, logProbability, [1], false), smoothing / classes)
  const each = smoothing === 0 ? nll : sub(g, mul(g, nll, 1 - smoothing), even())
  const own = mul(g, gather(g, share, piece.at), piece.inside)
  const soft = exp(g, logProbability)
  const spread = smoothing === 0 ? soft : sub(g, soft, smoothing / classes)
  const pairs = concat(g, [unsqueeze(g, piece.own, [1]), labels], 1)
  const slope = scatterAdd(g, mul(g, spread, unsqueeze(g, own, [1])), pairs, mul(g, own, smoothing - 1))
  const dz = squeezed ? mul(g, slope, sub(g, 1, mul(g, squeezed, squeezed))) : slope
  return { each, dz }
}

function check({ x, weight, labels }: Operands, weights?: Value): void {
  const [rows, width] = x.dims
  const fits = x.dims.length === 2 && weight.dims.length === 2 && weight.dims[1] === width
  if (!fits || typeof weight.dims[0] !== 'number' || typeof width !== 'number')
    throw new ShapeError(`ProjectedCrossEntropy: rows ${valueText(x)}, matrix ${valueText(weight)}`)
  if (labels.dtype !== 'int64' || !sameDims(labels.dims, [rows as Dim]))
    throw new ShapeError(`ProjectedCrossEntropy: labels ${valueText(labels)} for ${valueText(x)}`)
  if (weights && !sameDims(weights.dims, [rows as Dim]))
    throw new ShapeError(`ProjectedCrossEntropy: weights ${valueText(weights)} for ${valueText(x)}`)
}

/** Fewer rows at once would read the matrix, which is no smaller than they are, more often than they are worth. */
const elementsOf = ({ elements }: ProjectedOptions, weight: Value): number =>
  elements ?? Math.max(2 ** 23, 128 * Number(weight.dims[0]))

/** Options as attributes of the tape entry: 0 where there is no cap. */
const attributesOf = (options: ProjectedOptions, { weight }: Operands): Attributes => ({
  cap: float(options.cap ?? 0),
  smoothing: float(options.smoothing ?? 0),
  elements: int(elementsOf(options, weight)),
})

const intDivide = (g: Graph, a: Value, b: Value | number): Value =>
  g.emit1('Div', [a, typeof b === 'number' ? g.ints([b]) : b], {}, a)

const intMax = (g: Graph, a: Value): Value => g.emit1('Max', [a, g.ints([1])], {}, a)
