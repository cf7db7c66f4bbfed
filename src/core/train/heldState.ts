import { sizeOf } from '../graph/shape.ts'
import type { GradientOutput } from './direct.ts'
import type { LearnerState, NamedTensor } from './learner.ts'
import type { AdamW } from './optimizer.ts'
import type { Tensor } from './runtime.ts'
import { type Moment, type StateShape, type Trained, trainedOf } from './state.ts'
import type { UpdateRules } from './update.ts'
import { stepScalars } from './update.ts'
import { newUpdateKernel, type UpdateKernel } from './updateKernel.ts'

/** Where a parameter lies, in bytes; `gradient` is missing where it comes as rows. */
interface Place {
  readonly parameter: Trained
  readonly size: number
  readonly at: Readonly<Partial<Record<Moment, number>>>
  readonly gradient: number | undefined
}

/** What came of a table's gradient: its rows that are not zero, and which these are. */
export interface Rows {
  readonly rows: Float32Array
  readonly at: BigInt64Array
}

/** The sum of the rows of two pieces of a batch. */
export function mergedRows(a: Rows, b: Rows): Rows {
  const width = (a.rows.length + b.rows.length) / Math.max(1, a.at.length + b.at.length)
  const places = [...new Set([...a.at, ...b.at])].sort((x, y) => (x < y ? -1 : 1))
  const rank = new Map(places.map((place, i) => [place, i]))
  const rows = new Float32Array(places.length * width)
  for (const one of [a, b])
    for (const [i, place] of one.at.entries()) {
      const to = (rank.get(place) as number) * width
      for (let k = 0; k < width; k++) rows[to + k] = (rows[to + k] as number) + (one.rows[i * width + k] as number)
    }
  return { rows, at: BigInt64Array.from(places) }
}

const none: Rows = { rows: new Float32Array(0), at: new BigInt64Array(0) }

/**
 * A state that is updated where it lies: parameters, moments, the running mean where there is one, and the gradients of a step,
 * in the memory of a kernel.
 */
export class HeldState {
  private readonly kernel: UpdateKernel
  private readonly places: readonly Place[]
  private readonly kinds: readonly Moment[]
  /** Room for a gradient, or a row of a table's. */
  private readonly room: number

  private constructor(kernel: UpdateKernel, parts: Pick<ReturnType<typeof layOut>, 'places' | 'kinds' | 'room'>) {
    this.kernel = kernel
    this.places = parts.places
    this.kinds = parts.kinds
    this.room = parts.room
  }

  /** Undefined where there is no kernel, or no room for so much: see `newUpdateKernel`. */
  static of(shape: StateShape, gradients: readonly GradientOutput[], first: LearnerState): HeldState | undefined {
    const { places, kinds, room, bytes } = layOut(shape, gradients)
    const kernel = newUpdateKernel(bytes)
    if (!kernel) return undefined
    const held = new HeldState(kernel, { places, kinds, room })
    held.load(first)
    return held
  }

  /** The parameters as inputs of a graph; they show every update. */
  get inputs(): Record<string, Tensor> {
    return Object.fromEntries(
      this.places.map(({ parameter, size, at }) => [`p.${parameter.name}`, this.tensor(parameter.dims, at.p, size)]),
    )
  }

  /** Where a graph writes the gradients that come whole, by the name of the output. */
  get gradients(): Record<string, Tensor> {
    return Object.fromEntries(
      this.places.flatMap(({ parameter, size, gradient }) =>
        gradient === undefined ? [] : [[`g.${parameter.name}`, this.tensor(parameter.dims, gradient, size)]],
      ),
    )
  }

  /** Adds what another piece of the batch gave to the gradients that come whole. */
  add(outputs: Readonly<Record<string, Tensor>>): void {
    for (const { parameter, size, gradient } of this.places) {
      if (gradient === undefined) continue
      this.view(this.room, size).set(outputs[`g.${parameter.name}`]?.data as Float32Array)
      this.kernel.add(gradient, this.room, size)
    }
  }

  /**
   * Turns the gradients of step `step` at a learning rate into the next state, as `applyUpdate` does in a graph: clipping by
   * the norm of all, groups that have not begun left alone. Gives the norm before clipping.
   */
  update(
    rules: UpdateRules & { readonly optimizer: AdamW },
    step: number,
    rate: number,
    tables: ReadonlyMap<string, Rows>,
  ): number {
    const { kernel } = this
    const { begins = [0], ema = 0, optimizer } = rules
    const scalars = stepScalars(rules, step, rate)
    const width = begins.length > 1 ? 4 : 3
    const moving = this.places.filter(({ parameter }) => step > (begins[groupOf(begins, parameter)] as number))
    let sum = 0
    for (const { parameter, size, gradient } of moving) {
      if (gradient !== undefined) sum += kernel.squares(gradient, size)
      else for (const x of (tables.get(parameter.name) ?? none).rows) sum += x * x
    }
    const norm = Math.sqrt(sum)
    const clipped = optimizer.clip > 0 ? Math.min(1, optimizer.clip / (norm + 1e-6)) : 1
    const { beta1, beta2, decay } = optimizer
    const [first, second] = [(1 - beta1) * clipped, (1 - beta2) * clipped * clipped]
    for (const place of moving) {
      const { parameter, size, at, gradient } = place
      const [shrink, length, epsilon] = scalars.slice(groupOf(begins, parameter) * width) as [number, number, number]
      const keep = decay === 0 || parameter.decay === 0 ? 1 : 1 - shrink * parameter.rate * parameter.decay
      const stride = length * parameter.rate
      const [p, m, v] = [at.p as number, at.m as number, at.v as number]
      const move = (from: number, n: number, g: number) =>
        kernel.adamw(p + from, m + from, v + from, g, n, beta1, first, beta2, second, keep, stride, epsilon)
      if (gradient !== undefined) {
        move(0, size, gradient)
        continue
      }
      const coast = (from: number, n: number) =>
        kernel.coast(p + from, m + from, v + from, n, beta1, beta2, keep, stride, epsilon)
      const { rows, at: touched } = tables.get(parameter.name) ?? none
      const across = sizeOf(parameter.dims.slice(1))
      const own = new Float32Array(kernel.memory, this.room, across)
      let next = 0
      for (const [i, row] of touched.entries()) {
        const from = Number(row) * across
        if (from > next) coast(4 * next, from - next)
        own.set(rows.subarray(i * across, (i + 1) * across))
        move(4 * from, across, this.room)
        next = from + across
      }
      if (size > next) coast(4 * next, size - next)
    }
    const pull = scalars[begins.length * width]
    if (ema > 0)
      for (const { at, size } of this.places) kernel.follow(at.e as number, at.p as number, size, pull as number)
    return norm
  }

  /** A copy. */
  state(): LearnerState {
    const of = (kind: Moment): NamedTensor[] =>
      this.places.map(({ parameter, size, at }) => ({
        name: parameter.name,
        shape: parameter.dims,
        data: this.view(at[kind], size).slice(),
      }))
    const average = this.kinds.includes('e') ? { average: of('e') } : {}
    return { parameters: of('p'), first: of('m'), second: of('v'), ...average }
  }

  /** What is not given is as at the beginning: moments 0, the mean the parameters. */
  load({ parameters, first, second, average = parameters }: LearnerState): void {
    const lists = { p: parameters, m: first, v: second, e: average } as const
    for (const kind of this.kinds) {
      const byName = new Map(lists[kind].map(t => [t.name, t.data]))
      for (const { parameter, size, at } of this.places) {
        const view = this.view(at[kind], size)
        const values = byName.get(parameter.name)
        if (!values && kind === 'p') throw new Error(`the state has no parameter ${parameter.name}`)
        if (values && values.length !== size)
          throw new Error(`${kind}.${parameter.name}: ${values.length} numbers instead of ${size}`)
        if (values) view.set(values)
        else if (view.some(x => x !== 0)) view.fill(0)
      }
    }
  }

  private view(at: number | undefined, size: number): Float32Array {
    return new Float32Array(this.kernel.memory, at as number, size)
  }

  private tensor(dims: readonly number[], at: number | undefined, size: number): Tensor {
    return { dtype: 'float32', dims, data: this.view(at, size) }
  }
}

const groupOf = (begins: readonly number[], parameter: Trained): number =>
  begins.length > 1 ? (parameter.group ?? 0) : 0

/** Everything at multiples of 64 bytes, after what the kernel may keep for itself. */
function layOut(shape: StateShape, gradients: readonly GradientOutput[]) {
  const kinds = shape.kinds ?? (['p', 'm', 'v'] as const)
  let bytes = 1024
  const take = (size: number): number => {
    const at = bytes
    bytes += Math.ceil(size / 16) * 64
    return at
  }
  const tables = new Set(gradients.filter(g => g.at !== undefined).map(g => g.parameter.name))
  const places = trainedOf(shape.parameters).map((parameter): Place => {
    const size = sizeOf(parameter.dims)
    const at = Object.fromEntries(kinds.map(kind => [kind, take(size)])) as Place['at']
    return { parameter, size, at, gradient: tables.has(parameter.name) ? undefined : take(size) }
  })
  const most = places.map(p => (p.gradient === undefined ? sizeOf(p.parameter.dims.slice(1)) : p.size))
  const room = take(Math.max(0, ...most))
  return { places, kinds, room, bytes }
}
