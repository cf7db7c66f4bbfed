import { linesOf } from '../../core/data/table.ts'
import { shownPath } from '../checkInput.ts'
import type { EarlyListener } from '../early.ts'
import type { CommandIo } from './command.ts'

/** More would hide what else is said. */
const mostLines = 20

/** Writes the first findings of large files to the standard error while these are read. */
export function earlyLines(io: CommandIo): EarlyListener {
  let written = 0
  return (table, findings) => {
    if (written === 0) io.err('winnow: first findings; the report follows when all is read\n')
    const lines = linesOf(table)
    for (const { uri, span, severity, rule, message } of findings.slice(0, mostLines - written)) {
      const { line, column } = lines.position(span.start)
      io.err(`${shownPath(io.cwd, uri)}:${line + 1}:${column + 1} ${severity} ${rule}: ${message}\n`)
    }
    written += findings.length
    return written < mostLines ? 'more' : 'enough'
  }
}
