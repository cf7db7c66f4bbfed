import { shownPath } from '../checkInput.ts'
import { undoLast } from '../journal.ts'
import type { Command } from './command.ts'
import { readOptions } from './options.ts'

export const command: Command = {
  name: 'undo',
  summary: 'take back the last winnow fix --write',
  usage: `winnow undo

Puts the files back as they were before the last "winnow fix --write" in this folder, byte for byte. Call it again to go
further back. A file that was edited since is left alone, with an error.
`,
  async run(args, io) {
    readOptions(args, { command: 'undo', options: {} })
    const undone = await undoLast(io.cwd)
    if (!undone) {
      io.err('winnow: nothing to undo in this folder\n')
      return 0
    }
    for (const file of undone.files) io.out(`${shownPath(io.cwd, file)}\n`)
    const files = undone.files.length === 1 ? '1 file is' : `${undone.files.length} files are`
    io.err(`${files} as before ${undone.at}\n`)
    return 0
  },
}
