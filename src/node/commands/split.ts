import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Failure } from '../../core/base/failure.ts'
import { count, counted } from '../../core/base/words.ts'
import { Corpus } from '../../core/check/corpus.ts'
import { Memory } from '../../core/check/memory.ts'
import { type Partition, partition } from '../../core/check/partition.ts'
import type { SplitName } from '../../core/data/dataset.ts'
import { defaultScheme, parseScheme } from '../../core/sign/scheme.ts'
import { parseThreshold } from '../../core/sign/threshold.ts'
import { shownPath } from '../checkInput.ts'
import { discover, filesOf, loadDataset } from '../datasets.ts'
import { drive } from '../drive.ts'
import { openSpill } from '../fileSpill.ts'
import { fileFailure, slashed, writeAtomic } from '../files.ts'
import { alikeBy } from '../regrouping.ts'
import { copiedExtension, copyRows } from '../rowCopy.ts'
import { megabytes, progressOn } from './check.ts'
import type { Command, CommandIo } from './command.ts'
import { readOptions } from './options.ts'
import { watchOf } from './watch.ts'

const names: { readonly [parts: number]: readonly SplitName[] } = {
  2: ['train', 'test'],
  3: ['train', 'validation', 'test'],
}

export const command: Command = {
  name: 'split',
  summary: 'split one file into train, validation and test without leaks',
  usage: `winnow split <file> [options]

Splits the rows of a file into training, validation and test files. Equal and similar rows, and rows that longer ones hold, stay
together, so that nothing leaks; every label has its share in every part; the same seed gives the same parts. The file itself stays as it is, and the
new ones hold its rows byte for byte (those of a Parquet file, or of a folder of texts in folders that are their labels, as JSON Lines). Rows that cannot be read are left out.

  --ratios <a/b[/c]>    shares of train, validation and test, or of train and test (default 0.8/0.1/0.1)
  --to <folder>         where the files are written (default: <file name>-split beside the file)
  --seed <text>         another seed deals the rows otherwise (default 1)
  --group <column>      rows with the same value there stay together too: a user, a document, a conversation
  --threshold <t>       rows at least so similar stay together (default: that of the rule leak, 0.8)
  --shingle <scheme>    how they are compared (default: as that rule compares, ${defaultScheme})
  --memory <MB>         comparing rows holds about so much (default 512), and what is more in a temporary file
  --dry-run             say what would come of it and write nothing

winnow split tickets.csv --ratios 0.9/0.1 --group customer
`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, {
      command: 'split',
      least: 1,
      options: {
        ratios: { type: 'string', default: '0.8/0.1/0.1' },
        to: { type: 'string' },
        seed: { type: 'string', default: '1' },
        group: { type: 'string' },
        threshold: { type: 'string' },
        shingle: { type: 'string' },
        memory: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
      },
    })
    const ratios = readRatios(values.ratios)
    if (values.shingle !== undefined) parseScheme(values.shingle)
    if (values.threshold !== undefined) parseThreshold(values.threshold)
    const budget = megabytes(values.memory)
    const path = slashed(resolve(io.cwd, positionals[0]!))
    const { dataset, alike } = await readOne(path, io)
    const tables = dataset.splits.flatMap(split => [...split.tables])
    const { group } = values
    if (group !== undefined && !tables.some(table => table.columns.includes(group)))
      throw new Failure(
        'no-column',
        `${positionals[0]} has no column "${group}"`,
        `Its columns: ${tables[0]!.columns.slice(0, 20).join(', ')}`,
      )
    const corpus = new Corpus(dataset, new Memory({ incremental: false, spill: openSpill, budget }))
    const { seed, shingle = alike.shingle, threshold = alike.threshold } = values
    const plan = await drive(
      partition(corpus, {
        ratios,
        seed,
        shingle,
        threshold,
        containment: alike.containment,
        ...(group === undefined ? {} : { group }),
      }),
      io.cancel,
      progressOn(io),
    )
    const stem = basename(path)
      .replace(/\.(gz|zst)$/i, '')
      .replace(/\.[a-z0-9]+$/i, '')
    const folder = values.to === undefined ? join(dirname(path), `${stem}-split`) : resolve(io.cwd, values.to)
    const outputs = names[ratios.length]!.map(name => join(folder, `${name}${copiedExtension(tables[0]!)}`))
    if (!values['dry-run']) await writeParts({ corpus, plan, folder, outputs, source: path })
    say(io, { plan, outputs, dry: values['dry-run'] })
    return 0
  },
}

/** `0.8/0.1/0.1`, `80/20`: positive numbers, taken as shares of their sum. */
function readRatios(text: string): number[] {
  const numbers = text.split(/[/:,]/).map(Number)
  if (!names[numbers.length] || !numbers.every(n => Number.isFinite(n) && n > 0))
    throw new Failure('usage', `--ratios must be two or three positive numbers such as 0.8/0.1/0.1, not "${text}"`)
  const sum = numbers.reduce((a, b) => a + b, 0)
  return numbers.map(n => n / sum)
}

/** The rows of one file, whatever split its name says. Settings of `winnow.json` about it (roles, delimiter) hold. */
async function readOne(path: string, io: CommandIo) {
  const { datasets, config } = await discover([path])
  // A folder of texts, one a file, in a folder for each label is as good as a file of them.
  const texts = datasets.find(dataset => dataset.format?.row === 'file' && datasets.length === 1)
  const files = datasets.find(dataset => filesOf(dataset).includes(path)) ?? texts
  if (!files) throw new Failure('is-folder', `${path} is a folder`, 'Name the one file that is to be split')
  const train = files === texts ? filesOf(files) : [path]
  const dataset = await loadDataset({ ...files, splits: { train } }, undefined, { watch: watchOf(io) })
  const rows = dataset.splits.flatMap(split => split.tables).reduce((sum, table) => sum + table.rowCount, 0)
  if (rows === 0) throw new Failure('no-rows', `${path} holds no rows`, 'There is nothing to split')
  return { dataset, alike: alikeBy(config?.config.rules ?? {}, config?.path) }
}

async function writeParts(about: {
  readonly corpus: Corpus
  readonly plan: Partition
  readonly folder: string
  readonly outputs: readonly string[]
  readonly source: string
}): Promise<void> {
  const { corpus, plan, folder, outputs } = about
  const there = outputs.find(path => existsSync(path))
  if (there !== undefined)
    throw new Failure('exists', `${there} exists`, 'Name another folder with --to, or move the old files away')
  const made = await mkdir(folder, { recursive: true }).catch(error => {
    throw fileFailure(folder, error)
  })
  const written: string[] = []
  try {
    for (const [part, path] of outputs.entries()) {
      const rows = corpus.files.map(({ table, base }) => ({
        table,
        rows: Array.from({ length: table.rowCount }, (_, row) => row).filter(row => plan.of[base + row] === part),
      }))
      await writeAtomic(path, copyRows(rows))
      written.push(path)
    }
  } catch (error) {
    // A training file without its test file would be taken for the whole; the folders that were made here go, too.
    for (const path of written) await rm(path, { force: true })
    if (made !== undefined) await rm(made, { recursive: true, force: true })
    throw error
  }
}

function say(
  io: CommandIo,
  about: { readonly plan: Partition; readonly outputs: readonly string[]; readonly dry: boolean },
): void {
  const { plan, outputs } = about
  const all = plan.parts.reduce((sum, part) => sum + part.rows, 0)
  const shown = outputs.map(path => shownPath(io.cwd, path))
  const width = Math.max(...shown.map(path => path.length))
  const digits = Math.max(...plan.parts.map(part => count(part.rows).length))
  for (const [i, { rows, groups }] of plan.parts.entries()) {
    const share = `${((100 * rows) / all).toFixed(1)} %`.padStart(7)
    io.out(
      `${shown[i]!.padEnd(width)}  ${count(rows).padStart(digits)} ${rows === 1 ? 'row ' : 'rows'} ${share}  ${counted(groups, 'group')}\n`,
    )
  }
  const lines = [
    `${counted(all, 'row')} in ${counted(plan.groups, 'group')} that stay together; the largest has ${counted(plan.largest, 'row')}.`,
  ]
  const empty = plan.parts.flatMap(({ rows }, i) => (rows === 0 ? [shown[i]!] : []))
  if (empty.length > 0)
    lines.push(`Too few ${plan.groups < all ? 'groups' : 'rows'} for these ratios: none in ${empty.join(' and ')}.`)
  else if (plan.worst)
    lines.push(
      plan.worst.off < 1
        ? 'Every label has its share in every part.'
        : `The label furthest from its shares is ${JSON.stringify(plan.worst.label)}: ${counted(Math.round(plan.worst.off), 'row')} of ${count(plan.worst.rows)}.`,
    )
  if (plan.broken > 0)
    lines.push(`${counted(plan.broken, 'row')} that cannot be read ${plan.broken === 1 ? 'is' : 'are'} left out.`)
  if (about.dry) lines.push('Nothing was written.')
  io.err(`${lines.join('\n')}\n`)
}
