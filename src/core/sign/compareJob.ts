import { PlainTexts } from './plainTexts.ts'
import { type TableParts, tableOf } from './rowsJob.ts'

/** A table whose rows have the numbers from `base` on. */
export interface NumberedTable {
  readonly base: number
  readonly table: TableParts
}

/** The texts of some pairs of rows are to be compared by `word:1+2`, as they stand in the bytes of their tables. */
export interface CompareJob {
  readonly kind: 'compare'
  /** In the order of their rows, without empty ones. */
  readonly tables: readonly NumberedTable[]
  readonly column: string
  /** Row `rows[2i]` with row `rows[2i + 1]`. */
  readonly rows: Int32Array
}

/** Of each pair what the two have in common and what they have together; -1 where only their normal forms decide. */
export interface Compared {
  readonly kind: 'compare'
  readonly inter: Int32Array
  readonly union: Int32Array
}

export function runCompareJob({ tables, column, rows }: CompareJob): Compared {
  const own = tables.map(({ base, table }) => ({ base, table: tableOf(table) }))
  let last = own[0]!
  const texts = new PlainTexts(row => {
    if (row < last.base || row >= last.base + last.table.rowCount) last = own.findLast(({ base }) => base <= row)!
    return last
  }, column)
  const inter = new Int32Array(rows.length / 2).fill(-1)
  const union = new Int32Array(inter.length)
  for (let i = 0; i < inter.length; i++) {
    const compared = texts.compare(rows[2 * i]!, rows[2 * i + 1]!)
    if (!compared || compared.mayBeNumbers) continue
    inter[i] = compared.inter
    union[i] = compared.union
  }
  return { kind: 'compare', inter, union }
}
