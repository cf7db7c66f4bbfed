import type { TokenRows } from '../batch.ts'

/** Rows of one split as token ids and targets, in the order of `data.json` (or packed: see `pack.ts`). */
export interface EncodedRows {
  readonly tokens: TokenRows
  /** Tokens of each row. */
  readonly lengths: Int32Array
  /** The id that fills short rows up. */
  readonly pad: number
  /** Token types, end to end like `tokens.ids`; all 0 where left out. */
  readonly types?: Uint8Array
  /** Position of each token in its document, and the document's number in its row from 1; for packed rows. */
  readonly positions?: Int32Array
  readonly segments?: Int32Array
  /**
   * What is to be learnt, as the task has it: a class of each row, numbers [rows, classes], or a class of each token end to
   * end like `tokens.ids`, -100 where there is none.
   */
  readonly targets: Int32Array | Float32Array
  /** The sample that each token is of, end to end like `tokens.ids`; where left out, row i is sample i. */
  readonly owners?: Int32Array
  /** The id that stands in place of hidden tokens, for masked models. */
  readonly mask?: number
  /** Samples that did not fit and were cut. */
  readonly cut: number
  /** Samples that had nothing to learn from: no row has a token of them. */
  readonly empty?: readonly number[]
}
