import { Early } from '../core/check/early.ts'
import type { Finding } from '../core/check/finding.ts'
import type { Ignored } from '../core/check/ignore.ts'
import type { RuleSetting } from '../core/check/options.ts'
import type { Roles } from '../core/data/dataset.ts'
import type { Table } from '../core/data/table.ts'
import { finishWork } from '../core/sign/progress.ts'

/** Told of findings of a file that is still being read; answers whether more are wanted. */
export type EarlyListener = (table: Table, findings: readonly Finding[]) => 'more' | 'enough'

/** For so long reading is held up by looking for first findings. */
const longest = 2000

/** What large files are shown to while they are read, page by page. */
export function earlyPages(
  settings: {
    readonly rules: { readonly [rule: string]: RuleSetting }
    readonly ignored: Ignored
    readonly where: string
  },
  roles: Roles | undefined,
  listener: EarlyListener,
): (table: Table) => void {
  const known = new WeakMap<Table, Early>()
  let spent = 0
  let wanted = true
  return table => {
    if (!wanted || spent > longest) return
    const started = performance.now()
    const early = known.get(table) ?? new Early(settings, roles)
    known.set(table, early)
    const findings = finishWork(early.look(table))
    if (findings.length > 0) wanted = listener(table, findings) === 'more'
    spent += performance.now() - started
  }
}
