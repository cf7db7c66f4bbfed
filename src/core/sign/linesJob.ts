import { type JsonlPart, readJsonlPart } from '../data/jsonl.ts'

/** The lines [from, to) of a file of JSON Lines are to be read. */
export interface LinesJob {
  readonly kind: 'lines'
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
}

export interface LinesDone {
  readonly kind: 'lines'
  /** Undefined where only the whole file says what is wrong with it. */
  readonly part: JsonlPart | undefined
}

export function runLinesJob({ bytes, from, to }: LinesJob): LinesDone {
  return { kind: 'lines', part: readJsonlPart(bytes, { from, to }) }
}
