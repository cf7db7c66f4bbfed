import { modelBytes } from '../graph/onnx.ts'
import { planScan } from './batch.ts'
import { loweringFor, type NamedTensor } from './learner.ts'
import type { Feed } from './models/task.ts'
import type { Runtime, Session, Tensor } from './runtime.ts'
import { type Parameter, stateName } from './state.ts'
import { buildEvaluation } from './step.ts'
import type { AnswerGraph, Answers } from './tasks/task.ts'

export interface ScannerOptions {
  /** The graph; the rows that it is bound to do not matter here. */
  readonly graph: Pick<AnswerGraph, 'inputs' | 'outputs'>
  /** Trained ones are fed with each scan, the others are stored in the graph. */
  readonly parameters: readonly Parameter[]
  /** Where external weights lie. */
  readonly folder?: string
  /** `off` for decoders, as in `LearnerOptions`. */
  readonly arena?: 'on' | 'off'
  /** Rows times tokens of one run of the graph: large enough to be efficient, small enough to be soon done. */
  readonly tokens?: number
}

export interface ScanOptions {
  /** Tokens of each row. */
  readonly lengths: ArrayLike<number>
  /** Longest padded row. */
  readonly limit: number
  /** Between two runs of the graph: work that was cancelled leaves by throwing here. */
  readonly check?: (done: number) => void
}

/** A forward graph that answers rows, with the trained tensors fed anew each time. */
export class Scanner {
  private readonly session: Session
  private readonly tokens: number

  private constructor(session: Session, tokens: number) {
    this.session = session
    this.tokens = tokens
  }

  static async load(runtime: Runtime, options: ScannerOptions): Promise<Scanner> {
    const { graph, parameters, folder, arena, tokens = 4096 } = options
    const evaluation = buildEvaluation({
      parameters,
      inputs: graph.inputs,
      layout: 'per-tensor',
      lowering: loweringFor(runtime.provider),
      outputs: (g, { lookup, inputs }) => graph.outputs(g, lookup, inputs),
    })
    const session = await runtime.load(modelBytes(evaluation), {
      ...(folder === undefined ? {} : { folder }),
      ...(arena === undefined ? {} : { arena }),
    })
    return new Scanner(session, tokens)
  }

  /** The answers to all rows that `graph` is bound to; its inputs are those of the loaded graph. */
  async scan(graph: AnswerGraph, parameters: readonly NamedTensor[], options: ScanOptions): Promise<Answers> {
    const fed: Record<string, Tensor> = {}
    for (const { name, shape, data } of parameters) fed[stateName('p', name)] = { dtype: 'float32', dims: shape, data }
    const answers = graph.start()
    let done = 0
    for (const batch of planScan(options.lengths, this.tokens, options.limit)) {
      options.check?.(done)
      const { feeds } = graph.feeds(batch, 0)
      for (const [name, { dtype }] of Object.entries(graph.inputs))
        fed[name] = { dtype: dtype as 'float32' | 'int64', ...(feeds[name] as Feed) }
      const outputs = await this.session.run(fed)
      const numbers = Object.fromEntries(
        Object.entries(outputs).map(([name, tensor]) => [name, tensor.data as unknown as ArrayLike<number | bigint>]),
      )
      graph.take(batch, numbers, answers)
      done += batch.rows.length
    }
    return answers
  }

  release(): Promise<void> {
    return this.session.release()
  }
}
