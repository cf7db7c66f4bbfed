import { join } from 'node:path'
import { parseTable } from '../../src/core/data/formats.ts'
import type { Edit } from '../../src/core/text/span.ts'
import { planEdits, planRewrites } from '../../src/node/edits.ts'
import { readSource } from '../../src/node/files.ts'
import { applyPlan, undoLast } from '../../src/node/journal.ts'
import { readTables } from '../../src/node/tables.ts'

/** `apply|undo <root> <n>`: does it, and kills itself, as `kill -9` would, at the n-th step. */
const [command, root, at] = process.argv.slice(2) as [string, string, string]
let passed = 0
const step = (name: string) => {
  process.stdout.write(`${name}\n`)
  if (passed++ === Number(at)) process.kill(process.pid, 'SIGKILL')
}

if (command === 'apply') {
  const a = parseTable(await readSource(join(root, 'a.csv')))
  const small = new Map<string, Edit[]>([[a.source.uri, [a.removeRow(a.rowCount - 1)]]])
  // The second file as one that is too large to be held.
  const [b] = await readTables(join(root, 'b.jsonl'), undefined, { cancel: { aborted: false }, held: 0 })
  const { source } = b!.table
  const large = new Map<string, Edit[]>([[source.uri, [b!.table.removeRow(b!.table.rowCount - 1)]]])
  const sources = new Map([[source.uri, source]])
  const plan = [...(await planEdits(small, { root })), ...planRewrites(large, { sources, root })]
  await applyPlan(plan, root, { step })
} else await undoLast(root, { step })
