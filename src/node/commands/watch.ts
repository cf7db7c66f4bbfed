import type { Watch } from '../watch.ts'
import { progressOn } from './check.ts'
import type { CommandIo } from './command.ts'

/** Reading ends on Ctrl+C too, and says how far it is. */
export function watchOf(io: CommandIo): Watch {
  return { cancel: io.cancel, progress: progressOn(io) }
}
