/* Batches in pieces, and sessions that take them. */
import type { Batch } from './batch.ts'
import type { StepResult } from './learner.ts'
import type { SampleLosses } from './models/task.ts'
import type { Lanes, Session } from './runtime.ts'

/** Dropout of the pieces of one step must differ: each piece counts as a step of its own, far from the others. */
export const apart = 2 ** 24

/** What was told of the samples of all pieces. */
export function joined(told: readonly SampleLosses[]): Pick<StepResult, 'samples' | 'rows' | 'rivals'> {
  const floats = (part: (one: SampleLosses) => Float32Array) => Float32Array.from(told.flatMap(one => [...part(one)]))
  const whole = (part: (one: SampleLosses) => Int32Array) => Int32Array.from(told.flatMap(one => [...part(one)]))
  const apart = { samples: whole(one => one.samples), rows: floats(one => one.losses) }
  if (!told.every(one => one.rivals)) return apart
  return {
    ...apart,
    rivals: { margins: floats(one => one.rivals!.margins), others: whole(one => one.rivals!.others) },
  }
}

/** A batch in pieces of at most so many rows. */
export function piecesOf(batch: Batch, rows: number): Batch[] {
  const pieces: Batch[] = []
  for (let at = 0; at < batch.rows.length; at += rows)
    pieces.push({ ...batch, rows: batch.rows.subarray(at, at + rows) })
  return pieces
}

/** One session as the only lane. */
export function alone(session: Session): Lanes {
  return {
    count: 1,
    inputs: session.inputs,
    run: async (feeds, into) => [await session.run(feeds[0] ?? {}, undefined, into)],
    read: tensor => session.read(tensor),
    free: tensors => session.free(tensors),
    release: () => session.release(),
  }
}
