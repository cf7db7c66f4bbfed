import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import {
  type Control,
  type ControlPort,
  isFactor,
  parseControl,
  uncontrolled,
  withChange,
} from '../core/train/control.ts'
import { readEvents } from './runLog.ts'

/** How often a paused run looks whether it may go on, in milliseconds. */
const lookEvery = 200

/** What is asked of a run: `control.json` of its folder. */
export function readControl(folder: string): Control {
  try {
    return parseControl(JSON.parse(readFileSync(join(folder, 'control.json'), 'utf8')))
  } catch {
    return uncontrolled // Nobody has asked for anything, or the file is being replaced.
  }
}

/**
 * Asks a run to rest, to go on, or to multiply its schedule's rates by a factor; what is not named stays as it was. Throws
 * `Failure` (`bad-rate`).
 */
export function askControl(folder: string, wish: Partial<Control>): Control {
  if (wish.factor !== undefined && !isFactor(wish.factor))
    throw new Failure(
      'bad-rate',
      `The rate cannot be multiplied by ${wish.factor}`,
      'Give a number above 0, at most 100',
    )
  const next = { ...readControl(folder), ...wish }
  const file = join(folder, 'control.json')
  if (!next.paused && next.factor === 1) rmSync(file, { force: true })
  else {
    // Replaced at once: the run never reads half of it.
    writeFileSync(`${file}.new`, `${JSON.stringify(next)}\n`)
    renameSync(`${file}.new`, file)
  }
  return next
}

/** What a training process is asked, with what the log says its earlier lives were asked. */
export async function controlPort(folder: string): Promise<ControlPort> {
  let changes: ControlPort['recorded']['changes'] = []
  let until = 0
  for await (const events of readEvents(folder))
    for (const event of events) {
      if (event.kind === 'controlled') changes = withChange(changes, event)
      else if (event.kind === 'step') until = event.step
    }
  return {
    read: () => readControl(folder),
    recorded: { changes, until },
    wait: () => new Promise(resolve => setTimeout(resolve, lookEvery)),
  }
}
