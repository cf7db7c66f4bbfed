import type { CommandIo } from './commands/command.ts'

/** What of a process's streams is used here. */
interface Stream {
  readonly isTTY?: boolean
  readonly writableNeedDrain: boolean
  write(text: string): unknown
  once(event: 'drain', heard: () => void): unknown
}

/**
 * Where a command writes: results to one stream, all else to the other. Where a person looks at one, nothing of the data steers the
 * terminal, and a progress line that was left open is wiped before other text.
 */
export function terminalOf(
  out: Stream,
  err: Stream,
  environment: { readonly [name: string]: string | undefined },
): Pick<CommandIo, 'out' | 'err' | 'written' | 'isTTY' | 'watched'> {
  let open = false
  const wipe = () => {
    if (open) err.write('\r\u001b[K')
    open = false
  }
  return {
    isTTY: out.isTTY === true && !environment['NO_COLOR'],
    watched: err.isTTY === true,
    out: text => {
      if (text === '') return
      wipe()
      out.write(out.isTTY ? harmless(text, steersResult) : text)
    },
    err: text => {
      if (!text.startsWith('\r')) wipe()
      err.write(err.isTTY ? harmless(text, steersLine) : text)
      open = err.isTTY === true && !text.endsWith('\n')
    },
    written: async () => {
      if (out.writableNeedDrain) await new Promise<void>(resolve => out.once('drain', resolve))
    },
  }
}

/** Colours and line ends are ours or do no harm; all else that steers a terminal, or turns text around, is written out. */
const steersResult = /(\u001b\[[\d;]*m|\r(?=\n))|[\0-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g
/** Progress lines also go back to their start, and wipe themselves. */
const steersLine = /(\u001b\[[\d;]*[mK]|\r)|[\0-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

function harmless(text: string, steers: RegExp): string {
  return text.replace(steers, (found, ours) => ours ?? `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
