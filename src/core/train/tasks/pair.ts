import { classification } from './classification.ts'
import { needColumn } from './columns.ts'
import { emptyText, isUnusable } from './sample.ts'
import type { TaskKind } from './task.ts'

/** One label for each pair of texts, told apart by token types where the model has them. */
export const pair: TaskKind = {
  ...classification,
  name: 'pair',
  columns(tables, given, dataset) {
    const own = classification.columns(tables, given, dataset)
    return { ...own, pair: needColumn({ tables, given: { ...given, ...own }, dataset }, 'pair') }
  },
  read(table, row, columns) {
    const read = classification.read(table, row, columns)
    if (isUnusable(read)) return read
    const second = table.text(row, columns.pair as string) ?? ''
    return second.trim() === '' ? emptyText : { ...read, pair: second }
  },
}
