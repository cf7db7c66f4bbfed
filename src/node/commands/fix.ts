import { Failure } from '../../core/base/failure.ts'
import { nearestWord } from '../../core/base/nearest.ts'
import { counted } from '../../core/check/formats/text.ts'
import { Memory } from '../../core/check/memory.ts'
import { mend } from '../../core/check/mend.ts'
import { rules } from '../../core/check/rules.ts'
import { canChange } from '../../core/check/scan/place.ts'
import type { Dataset, DatasetFiles } from '../../core/data/dataset.ts'
import { parseTables } from '../../core/data/formats.ts'
import { readForCheck, shownPath } from '../checkInput.ts'
import { filesOf } from '../datasets.ts'
import { drive } from '../drive.ts'
import { planEdits, planRewrites, sourceHash } from '../edits.ts'
import { openSpill } from '../fileSpill.ts'
import { applyPlan, recoverJournal } from '../journal.ts'
import { readLarge } from '../largeFiles.ts'
import { findRoot } from '../runs.ts'
import { Witness } from '../training.ts'
import { megabytes, progressOn } from './check.ts'
import type { Command, CommandIo } from './command.ts'
import { readOptions } from './options.ts'
import { watchOf } from './watch.ts'

export const command: Command = {
  name: 'fix',
  summary: 'apply the safe fixes; a diff unless --write is given',
  usage: `winnow fix [<path>...] [options]

Prints what the preferred fixes would change, as a unified diff: copies removed (the first row stays), leaked evaluation
rows removed, labels made one. Nothing is written without --write. What needs a person (near leaks, rows that differ in
numbers only, labels without a majority, broken rows) is left alone. Fixing twice changes nothing.

  --rule <id>   only the findings of this rule; may be repeated
  --accept <p>  training rows: take the suggested label, too, where it is this probable against the row's own (0.95 is usual).
                With a finished run on these files, what training saw counts; rows that are scored on are left to you
  --memory <MB> comparing rows holds about so much (default 512), and what is more in a temporary file
  --write       write the files, each atomically; winnow undo takes it back

winnow fix data
winnow fix data --rule duplicate --rule label-typo --write
winnow fix data --rule label-error --accept 0.95
`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, {
      command: 'fix',
      most: Number.POSITIVE_INFINITY,
      options: {
        rule: { type: 'string', multiple: true },
        write: { type: 'boolean', default: false },
        accept: { type: 'string' },
        memory: { type: 'string' },
      },
    })
    const accept = values.accept === undefined ? undefined : share(values.accept)
    const budget = megabytes(values.memory)
    const only = values.rule ? new Set(values.rule.map(knownRule)) : undefined
    if (values.write)
      for (const file of await recoverJournal(io.cwd))
        io.err(`winnow: ${shownPath(io.cwd, file)} was put back after a fix that had been cut short\n`)
    const input = await readForCheck(positionals, { cwd: io.cwd, watch: watchOf(io) })
    for (const warning of input.warnings) io.err(`winnow: ${warning}\n`)
    sayUnchangeable(input.datasets, io)
    const formats = formatsOf(input.files)
    const memories = new Map<string, Memory>()
    const training =
      accept === undefined ? undefined : await new Witness().of(input.files.flatMap(filesOf), findRoot(io.cwd))
    const mended = await drive(
      mend({
        ...input,
        ...(only ? { only } : {}),
        ...(accept === undefined ? {} : { accept, training }),
        reread: source => parseTables(source, formats.get(source.uri)).map(({ table }) => table),
        rereadLarge: source => readLarge(source, formats.get(source.uri)),
        memory: ({ name }) => {
          const memory = memories.get(name) ?? new Memory({ incremental: true, spill: openSpill, budget })
          memories.set(name, memory)
          return memory
        },
      }),
      io.cancel,
      progressOn(io),
    )
    const tables = input.datasets.flatMap(({ splits }) => splits.flatMap(split => split.tables))
    const sources = new Map(tables.map(({ source }) => [source.uri, source]))
    const isLarge = ([uri]: readonly [string, unknown]) => sources.get(uri)?.windows !== undefined
    const small = new Map([...mended.edits].filter(entry => !isLarge(entry)))
    const checked = new Map([...small.keys()].map(uri => [uri, sourceHash(sources.get(uri)!)]))
    const plan = [
      ...(await planEdits(small, { checked, root: io.cwd })),
      ...planRewrites(new Map([...mended.edits].filter(isLarge)), { sources, root: io.cwd }),
    ]
    const findings = Object.values(mended.counts).reduce((sum, n) => sum + n, 0)
    if (plan.length === 0) {
      io.err('Nothing to fix.\n')
      return 0
    }
    const parts = [
      ...(mended.removed > 0 ? [`${counted(mended.removed, 'row')} removed`] : []),
      ...(mended.changed > 0 ? [`${counted(mended.changed, 'cell')} changed`] : []),
    ]
    const what = `${counted(findings, 'finding')} in ${counted(plan.length, 'file')} (${parts.join(', ')})`
    if (!values.write) {
      for (const { diff } of plan) io.out(diff)
      io.err(`Would fix ${what}. Add --write to do it.\n`)
      return 0
    }
    await applyPlan(plan, io.cwd)
    for (const { path } of plan) io.out(`${shownPath(io.cwd, path)}\n`)
    io.err(`Fixed ${what}. winnow undo takes it back.\n`)
    return 0
  },
}

/** Findings in these files stay, though nothing about them says why. */
function sayUnchangeable(datasets: readonly Dataset[], io: CommandIo): void {
  const tables = datasets.flatMap(({ splits }) => splits.flatMap(split => split.tables))
  const paths = [
    ...new Set(tables.filter(table => !canChange(table)).map(({ source }) => shownPath(io.cwd, source.uri))),
  ]
  if (paths.length === 0) return
  const more = paths.length > 3 ? ` and ${paths.length - 3} more` : ''
  const [are, them] = paths.length === 1 ? ['is', 'it'] : ['are', 'them']
  io.err(
    `winnow: ${paths.slice(0, 3).join(', ')}${more} ${are} read, never written; write ${them} as .jsonl or .csv to fix rows there\n`,
  )
}

/** A probability. Throws `Failure` (`usage`). */
function share(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0.5 && value <= 1) return value
  throw new Failure('usage', `--accept must be a number from 0.5 to 1, not "${text}"`, '0.95 is usual')
}

function knownRule(id: string): string {
  if (rules.some(rule => rule.meta.id === id)) return id
  const ids = rules.map(rule => rule.meta.id)
  const near = nearestWord(id, ids)
  throw new Failure(
    'unknown-rule',
    `There is no rule "${id}"`,
    near ? `Did you mean "${near}"?` : `The rules are ${ids.join(', ')}`,
  )
}

/** How the files of each dataset are to be read. */
function formatsOf(datasets: readonly DatasetFiles[]): Map<string, DatasetFiles['format']> {
  return new Map(datasets.flatMap(dataset => filesOf(dataset).map(path => [path, dataset.format] as const)))
}
