import type { Scores } from '../train/event.ts'

/** One row of `evaluations/<split>-<step>.jsonl`: what a model said about one row. */
export interface Prediction {
  /** Path relative to the folder the run was started for, `/` separated. */
  readonly file: string
  /** 0-based data row of that file. */
  readonly row: number
  readonly text: string
  readonly gold: string
  readonly label: string
  /** Cross entropy of the gold label, nats. */
  readonly loss: number
  /** The most probable labels, best first, at least the first three and the gold one. */
  readonly probabilities: readonly (readonly [label: string, probability: number])[]
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
