import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { shownPath } from '../checkInput.ts'
import { undoLast } from '../journal.ts'
import type { Command } from './command.ts'
import { readOptions } from './options.ts'

/** The nearest folder above that keeps fixes: a fix may have been made from there. */
function above(folder: string): string | undefined {
  for (let at = dirname(folder); ; at = dirname(at)) {
    const journal = join(at, '.winnow', 'journal')
    if (existsSync(journal) && readdirSync(journal).some(name => /^\d{6}-/.test(name))) return at
    if (dirname(at) === at) return undefined
  }
}

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
      const other = above(io.cwd)
      io.err(
        `winnow: nothing to undo in this folder${other === undefined ? '' : `; ${other} has fixes that can be undone there`}\n`,
      )
      return 0
    }
    if (undone.files.length === 0) {
      io.err(
        `winnow: the fix of ${undone.at} ended before it changed a file; it is forgotten, and undo again takes back the one before\n`,
      )
      return 0
    }
    for (const file of undone.files) io.out(`${shownPath(io.cwd, file)}\n`)
    const files = undone.files.length === 1 ? '1 file is' : `${undone.files.length} files are`
    io.err(`${files} as before ${undone.at}\n`)
    return 0
  },
}
