import { Cancelled } from '../core/base/cancel.ts'
import type { SplitName } from '../core/data/dataset.ts'
import { parametersOf } from '../core/train/models/weights.ts'
import type { Runtime } from '../core/train/runtime.ts'
import { Scanner } from '../core/train/scan.ts'
import { rowFeatures } from '../core/train/tasks/sequence.ts'
import type { TrainSetup } from './trainSetup.ts'

/** Vectors of the frozen model, computed once for each split. */
export class FeatureCache {
  private readonly setup: TrainSetup
  private readonly runtime: Runtime
  private readonly known = new Map<SplitName, Float32Array>()
  /** Asked between runs of the graph; leaves by `Cancelled` when the run should stop. */
  readonly check: () => void

  constructor(runtime: Runtime, setup: TrainSetup, stopped: () => boolean) {
    this.runtime = runtime
    this.setup = setup
    this.check = () => {
      if (stopped()) throw new Cancelled()
    }
  }

  /** Features `[rows, hidden]` of the splits that are not known yet; leaves by `Cancelled` when asked to stop. */
  async fill(splits: readonly SplitName[]): Promise<void> {
    const missing = splits.filter(split => !this.known.has(split) && this.setup.encoded[split].lengths.length > 0)
    for (const split of splits) if (!this.known.has(split)) this.known.set(split, new Float32Array(0))
    const [first] = missing
    if (first === undefined) return
    const { model, weights, encoded, limit } = this.setup
    const { wrap: _, ...plain } = model
    const scanner = await Scanner.load(this.runtime, {
      graph: rowFeatures(plain, encoded[first]),
      parameters: parametersOf({ trained: [], frozen: weights.names }, weights),
      ...(weights.folder === undefined ? {} : { folder: weights.folder }),
    })
    try {
      for (const split of missing) {
        const { lengths } = encoded[split]
        const { scores } = await scanner.scan(rowFeatures(plain, encoded[split]), [], {
          lengths,
          limit,
          check: this.check,
        })
        this.known.set(split, scores)
      }
    } finally {
      await scanner.release()
    }
  }

  get(split: SplitName): Float32Array {
    const features = this.known.get(split)
    if (!features) throw new Error(`no features of ${split}`)
    return features
  }
}
