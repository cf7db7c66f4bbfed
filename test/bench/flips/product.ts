import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check } from '../../../src/core/check/check.ts'
import { mend } from '../../../src/core/check/mend.ts'
import { labelError } from '../../../src/core/check/rules/labelError.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import type { RowDynamics } from '../../../src/core/eval/dynamics.ts'
import { sureEnough } from '../../../src/core/label/suggest.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { Pieces } from '../../../src/core/text/pieces.ts'
import { readForCheck } from '../../../src/node/checkInput.ts'
import { heardOf } from '../../../src/node/training.ts'
import type { Examples } from '../banking77/data.ts'

/** What `winnow fix --rule label-error --accept` makes of training rows, and the rows that it doubts and has no sure label for. */
export interface Mended {
  readonly labels: readonly number[]
  readonly doubted: readonly number[]
}

/**
 * Writes the rows into a file, lets the rule `label-error` hear what training told of them, and accepts its suggestions as the product does,
 * from the same bound on.
 */
export async function mendedLabels(
  { texts, labels }: Examples,
  classes: readonly string[],
  dynamics: RowDynamics,
): Promise<Mended> {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-flips-'))
  try {
    const rows = texts.map((text, i) => ({ text, gold: classes[labels[i]!]! }))
    const lines = rows.map(({ text, gold }) => JSON.stringify({ text, label: gold }))
    writeFileSync(join(folder, 'train.jsonl'), `${lines.join('\n')}\n`)
    const training = { run: 'flips', epochs: dynamics.epochs, ...heardOf(dynamics, rows, classes) }
    const doubting = { 'label-error': { confidence: 0.5, probability: 0.5, most: 1e9 } }
    const input = await readForCheck([folder], { cwd: folder })
    const given = { ...input, training, list: [labelError] }
    const fixed = finishWork(
      mend({
        ...given,
        only: new Set(['label-error']),
        accept: sureEnough,
        reread: source => parseTables(source, undefined).map(({ table }) => table),
      }),
    )
    const { source } = input.datasets[0]!.splits[0]!.tables[0]!
    const pieces = new Pieces(source.bytes)
    pieces.apply(fixed.edits.get(source.uri) ?? [])
    const after = new TextDecoder().decode(pieces.bytes()).trim().split('\n')
    const now = after.map(line => classes.indexOf((JSON.parse(line) as { label: string }).label))
    const all = finishWork(check({ ...given, rules: doubting })).findings
    const doubted = all.flatMap(({ row }) => (row === undefined || now[row] !== labels[row] ? [] : [row]))
    return { labels: now, doubted }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
