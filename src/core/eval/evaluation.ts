import type { SplitName } from '../data/dataset.ts'
import type { RunData } from '../train/data.ts'
import type { Scores } from '../train/event.ts'
import type { AnswerLimits } from '../train/recipe/evaluate.ts'
import type { Provider } from '../train/runtime.ts'
import type { Said } from '../train/tasks/task.ts'

/** One row of `evaluations/<split>-<step>.jsonl`: what a model said about one row. */
export interface Prediction extends Said {
  /** Path relative to the folder the run was started for, `/` separated. */
  readonly file: string
  /** 0-based data row of that file. */
  readonly row: number
  readonly text: string
  /** Did `leak` find this row in the training split? */
  readonly leaked: boolean
}

/** Predictions and scores of one model on one split. */
export interface Evaluation {
  /** What was scored, in words for people: `base`, `my-run, step 120`. */
  readonly model: string
  /** Id of the run it belongs to. */
  readonly run?: string
  readonly split: string
  readonly labels: readonly string[]
  readonly predictions: readonly Prediction[]
  readonly all: Scores
  readonly withoutLeaks: Scores
}

/**
 * What the worker is asked by `worker.cjs evaluate <request.json>`: score the rows `data.use[split]` with the weights of a
 * run or of a model folder. It writes one `Prediction` a line to `out` (whole or not at all) and exits with 0; what it
 * cannot do is one line on standard error and exit 2. Progress goes to standard error as `<done> <total>` lines.
 */
export interface EvaluateRequest {
  readonly version: 1
  readonly of:
    | {
        readonly kind: 'run'
        /** The run folder, absolute. */
        readonly folder: string
        /** `base` before training, `best` and `last` its checkpoints, or one step. */
        readonly which: 'base' | 'best' | 'last' | number
      }
    | {
        readonly kind: 'model'
        /** A folder in Hugging Face layout whose `config.json` names the labels (`id2label`), absolute. */
        readonly folder: string
      }
  /** `labels` are those of the run or of the model; files are checked against their hashes. */
  readonly data: RunData
  readonly split: SplitName
  /** Absolute path of the predictions. */
  readonly out: string
  readonly device: 'auto' | Provider
  readonly threads: number
  readonly batch: { readonly rows: number; readonly tokens: number }
  /** Answers that are written; for instruction tuning. */
  readonly answers?: AnswerLimits
}
