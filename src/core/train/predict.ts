import type { Value } from '../graph/graph.ts'
import { modelBytes } from '../graph/onnx.ts'
import { planScan, rowLength } from './batch.ts'
import { loweringFor, type NamedTensor } from './learner.ts'
import { type Classifier, features, head, type LabelledRows, tokenFeeds, tokenInputs } from './models/classifier.ts'
import type { Runtime, Session, Tensor } from './runtime.ts'
import { type Parameter, stateName } from './state.ts'
import { buildEvaluation } from './step.ts'

/** Rows by their tokens. */
export type TokenizedRows = Pick<LabelledRows, 'tokens' | 'pad'>

export interface ScanOptions {
  /** Longest padded row. */
  readonly limit: number
  /** Between two runs of the graph: work that was cancelled leaves by throwing here. */
  readonly check?: (done: number) => void
}

/** Rows times tokens of one run of a predicting graph: large enough to be efficient, small enough to be soon done. */
const runTokens = 4096

export interface PredictorOptions {
  readonly model: Classifier
  /** Trained ones are fed with each scan, the others are stored in the graph. */
  readonly parameters: readonly Parameter[]
  /** Where external weights lie. */
  readonly folder?: string
  /** The vectors that the head sees, `[rows, hidden]`, or the class scores, `[rows, classes]`. */
  readonly output: 'features' | 'logits'
}

/** A forward graph: numbers for rows, with the trained tensors fed anew each time. */
export class Predictor {
  readonly width: number
  private readonly session: Session

  private constructor(session: Session, width: number) {
    this.session = session
    this.width = width
  }

  static async load(runtime: Runtime, { model, parameters, folder, output }: PredictorOptions): Promise<Predictor> {
    const graph = buildEvaluation({
      parameters,
      inputs: tokenInputs,
      layout: 'per-tensor',
      lowering: loweringFor(runtime.provider),
      outputs(g, { lookup, inputs }) {
        const { ids, mask } = inputs as Record<'ids' | 'mask', Value>
        const x = features(g, lookup, { ids, mask }, { model })
        return { y: output === 'features' ? x : head(g, lookup, x, model) }
      },
    })
    const session = await runtime.load(modelBytes(graph), folder === undefined ? {} : { folder })
    return new Predictor(session, output === 'features' ? model.config.hidden : model.classes)
  }

  /** The outputs of all rows in their order, `[rows, width]`. */
  async scan(rows: TokenizedRows, parameters: readonly NamedTensor[], options: ScanOptions): Promise<Float32Array> {
    const count = rows.tokens.starts.length - 1
    const lengths = Array.from({ length: count }, (_, i) => rowLength(rows.tokens, i))
    const out = new Float32Array(count * this.width)
    const fed: Record<string, Tensor> = {}
    for (const { name, shape, data } of parameters) fed[stateName('p', name)] = { dtype: 'float32', dims: shape, data }
    let done = 0
    for (const batch of planScan(lengths, runTokens, options.limit)) {
      options.check?.(done)
      const { ids, mask } = tokenFeeds(rows, batch).feeds
      const feeds = { ...fed, ids: { dtype: 'int64', ...ids } as const, mask: { dtype: 'float32', ...mask } as const }
      const { y } = await this.session.run(feeds)
      const data = y?.data as Float32Array
      batch.rows.forEach((row, b) => {
        out.set(data.subarray(b * this.width, (b + 1) * this.width), row * this.width)
      })
      done += batch.rows.length
    }
    return out
  }

  release(): Promise<void> {
    return this.session.release()
  }
}

/** The head alone on features, in doubles: class scores `[rows, classes]`. */
export function applyHead(
  features: Float32Array,
  width: number,
  head: { readonly weight: Float32Array; readonly bias: Float32Array },
): Float32Array {
  const rows = features.length / width
  const classes = head.bias.length
  const out = new Float32Array(rows * classes)
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < classes; c++) {
      let sum = head.bias[c] as number
      for (let k = 0; k < width; k++)
        sum += (features[r * width + k] as number) * (head.weight[c * width + k] as number)
      out[r * classes + c] = sum
    }
  return out
}
