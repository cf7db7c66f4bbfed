import type { Lines } from '../text/lines.ts'
import { linesOf, type Table } from './table.ts'

const known = new WeakMap<Table, Lines>()

/** Where places of a table are in lines, read once for as long as the table lives. */
export function tableLines(table: Table): Lines {
  const lines = known.get(table) ?? linesOf(table)
  known.set(table, lines)
  return lines
}
