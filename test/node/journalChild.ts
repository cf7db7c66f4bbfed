import { join } from 'node:path'
import { parseTable } from '../../src/core/data/formats.ts'
import type { Edit } from '../../src/core/text/span.ts'
import { planEdits } from '../../src/node/edits.ts'
import { readSource } from '../../src/node/files.ts'
import { applyPlan, undoLast } from '../../src/node/journal.ts'

/** `apply|undo <root> <n>`: does it, and kills itself, as `kill -9` would, at the n-th step. */
const [command, root, at] = process.argv.slice(2) as [string, string, string]
let passed = 0
const step = (name: string) => {
  process.stdout.write(`${name}\n`)
  if (passed++ === Number(at)) process.kill(process.pid, 'SIGKILL')
}

if (command === 'apply') {
  const edits = new Map<string, Edit[]>()
  for (const name of ['a.csv', 'b.jsonl']) {
    const table = parseTable(await readSource(join(root, name)))
    edits.set(table.source.uri, [table.removeRow(table.rowCount - 1)])
  }
  await applyPlan(await planEdits(edits, { root }), root, { step })
} else await undoLast(root, { step })
