import type { Roles } from '../data/dataset.ts'
import { rowText, textColumns } from '../data/roles.ts'
import { linesOf as readLines, type Table } from '../data/table.ts'
import type { Lines } from '../text/lines.ts'
import type { FoundRow } from './report.ts'

/**
 * Where a row is now. A row whose `text` is known and not at its place is looked for, nearest first, since rows above it
 * may have come and gone; undefined where no row says that any more.
 */
export function findRow(table: Table, roles: Roles, row: number, text?: string): FoundRow | undefined {
  const says = (candidate: number) =>
    candidate >= 0 && candidate < table.rowCount && (text === undefined || rowText(table, candidate, roles) === text)
  let at = says(row) ? row : undefined
  for (let away = 1; at === undefined && text !== undefined && away < table.rowCount; away++) {
    if (says(row - away)) at = row - away
    else if (says(row + away)) at = row + away
  }
  if (at === undefined) return undefined
  const column = textColumns(roles)[0]
  const cell = column === undefined ? undefined : table.cell(at, column)
  const label = roles.label === undefined ? undefined : table.text(at, roles.label)
  return {
    row: at,
    range: linesOf(table).range(cell?.span ?? table.rowSpan(at)),
    text: rowText(table, at, roles) ?? '',
    ...(label === undefined ? {} : { label }),
  }
}

const lines = new WeakMap<Table, Lines>()

function linesOf(table: Table): Lines {
  const known = lines.get(table)
  if (known) return known
  const index = readLines(table)
  lines.set(table, index)
  return index
}
