import { contentHash } from '../base/hash.ts'

/** What a finished training run tells of rows, as plain data: checking knows nothing of training. */
export interface TrainingEvidence {
  /** Name of the run, for people. */
  readonly run: string
  readonly epochs: number
  /** The mean probability that training gave the row's label, by `evidenceKey`; rows that it never saw are missing. */
  readonly confidence: ReadonlyMap<string, number>
  /** The labels that stood against it, each with the mean probability that training gave it; absent where the run noted none. */
  readonly rivals?: ReadonlyMap<string, readonly (readonly [label: string, probability: number])[]>
}

/** A row is known by its text and label, so that it keeps its evidence wherever it moves and loses it when it is mended. */
export const evidenceKey = (text: string, label: string): string => contentHash(`${label}\n${text}`)
