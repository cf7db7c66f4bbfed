import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import { eventFile, scalarsCsv } from '../core/run/tensorboard/events.ts'
import type { RunEvent } from '../core/train/event.ts'
import { diskFailure } from './checkpoint.ts'
import { readEvents } from './runLog.ts'

/** The forms that the numbers of a run are written in for other programs. */
export const runForms = ['tensorboard', 'csv'] as const

/** Writes the numbers of a run into a folder and returns the file. Throws `Failure` (`no-events`, `disk-full`). */
export async function exportScalars(run: string, form: (typeof runForms)[number], out: string): Promise<string> {
  const events: RunEvent[] = []
  for await (const more of readEvents(run)) events.push(...more)
  const first = events.find(event => event.kind === 'step')
  if (!first) throw new Failure('no-events', `The run ${run} has taken no step yet: there is nothing to export`)
  // TensorBoard knows its files by this name, and reads them in the order of the number.
  const name = form === 'csv' ? 'scalars.csv' : `events.out.tfevents.${Math.floor(first.at / 1000)}.winnow`
  const file = join(out, name)
  try {
    await mkdir(out, { recursive: true })
    await writeFile(file, form === 'csv' ? scalarsCsv(events) : eventFile(events))
  } catch (error) {
    throw diskFailure(error, file) ?? error
  }
  return file
}
