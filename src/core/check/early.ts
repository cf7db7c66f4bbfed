import type { Roles } from '../data/dataset.ts'
import { inferRoles } from '../data/roles.ts'
import { RowsView } from '../data/rowsView.ts'
import type { Table } from '../data/table.ts'
import type { Work } from '../sign/progress.ts'
import { type CheckInput, check } from './check.ts'
import type { Finding } from './finding.ts'
import { rules } from './rules.ts'

/** The rules that need no other row than the one they judge. */
const rowRules = rules.filter(rule => 'look' in rule)

/** Rows that are looked at in one go: nobody can ask for anything meanwhile. */
const mostRows = 250

/**
 * Findings of a large file while it is read: what the rules say that judge each row by itself. The check of the whole file says
 * them again, together with what needs all of it.
 */
export class Early {
  private readonly input: Pick<CheckInput, 'rules' | 'ignored' | 'where'>
  private readonly given: Roles | undefined
  private roles: Roles | undefined
  private rows = 0

  constructor(input: Pick<CheckInput, 'rules' | 'ignored' | 'where'>, given?: Roles) {
    const known = new Set<string>(rowRules.map(rule => rule.meta.id))
    const settings = Object.entries(input.rules ?? {}).filter(([id]) => known.has(id))
    this.input = { ...input, rules: Object.fromEntries(settings) }
    this.given = given
  }

  /** The findings of the first of the rows that were read since the last call. */
  *look(table: Table): Work<Finding[]> {
    const from = this.rows
    const view = new RowsView(table, from, Math.min(table.rowCount, from + mostRows))
    if (view.rowCount === 0) return []
    this.rows = table.rowCount
    this.roles ??= inferRoles([view], this.given)
    const datasets = [{ name: '', splits: [{ name: 'train' as const, tables: [view] }], roles: this.roles }]
    const { findings } = yield* check({ ...this.input, datasets, list: rowRules })
    return findings.map(finding => (finding.row === undefined ? finding : { ...finding, row: finding.row + from }))
  }
}
