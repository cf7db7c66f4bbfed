import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { checkCancel } from '../../core/base/cancel.ts'
import { Failure } from '../../core/base/failure.ts'
import { parseBaseline, printBaseline, sinceBaseline } from '../../core/check/baseline.ts'
import { type Checked, check } from '../../core/check/check.ts'
import { severities } from '../../core/check/finding.ts'
import { reportHtml } from '../../core/check/formats/html.ts'
import { reportJson } from '../../core/check/formats/json.ts'
import { reportSarif } from '../../core/check/formats/sarif.ts'
import { ansiPaint, noPaint, reportText } from '../../core/check/formats/text.ts'
import { rules } from '../../core/check/rules.ts'
import { Places, reportOf, streamOf } from '../../core/check/toReport.ts'
import { rowText } from '../../core/data/roles.ts'
import { readForCheck, shownPath } from '../checkInput.ts'
import { filesOf } from '../datasets.ts'
import { drive } from '../drive.ts'
import { FileShelf } from '../fileShelf.ts'
import { openSpill } from '../fileSpill.ts'
import { writeAtomic } from '../files.ts'
import { alikeBy, regroupings, regroupingText } from '../regrouping.ts'
import { findRoot } from '../runs.ts'
import { openThreads } from '../threads.ts'
import { Witness } from '../training.ts'
import { wordDiff } from '../wordDiff.ts'
import type { Command, CommandIo } from './command.ts'
import { earlyLines } from './early.ts'
import { oneOf, readOptions } from './options.ts'

const formats = ['text', 'json', 'sarif', 'html'] as const
const bars = [...severities, 'never'] as const

export const command: Command = {
  name: 'check',
  summary: 'duplicates, leaks, label conflicts and broken rows',
  usage: `winnow check [<path>...] [options]

Checks datasets: files, or folders in which they are found by their names (train.jsonl, test.csv, ...) or by winnow.json.
Without a path, the current folder.

  --format text|json|sarif|html   default text
  --rule <id>=<severity>          error, warning, info or off; may be repeated, and goes before winnow.json
  --exact                         compare all similar rows, whatever it costs
  --memory <MB>                   comparing rows holds about so much (default 512), and what is more in a temporary file
  --fail-on error|warning|info|never
                                  exit 1 where a finding is at or above (default error)
  --baseline <file>               findings that the file lists are old: they are left out and not counted
  --suggest-split                 say, too, which rows would have to move so that no split holds rows of another one
  --write-baseline                lists the findings of now in the file that --baseline names

The rules: ${rules.map(rule => rule.meta.id).join(', ')}.

winnow check train.csv test.csv
winnow check data --rule near-duplicate=off --fail-on warning --format sarif > winnow.sarif
`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, {
      command: 'check',
      most: Number.POSITIVE_INFINITY,
      options: {
        format: { type: 'string', default: 'text' },
        exact: { type: 'boolean', default: false },
        memory: { type: 'string' },
        rule: { type: 'string', multiple: true },
        'fail-on': { type: 'string', default: 'error' },
        baseline: { type: 'string' },
        'write-baseline': { type: 'boolean', default: false },
        'suggest-split': { type: 'boolean', default: false },
      },
    })
    const format = oneOf(values.format, formats, '--format')
    const bar = oneOf(values['fail-on'], bars, '--fail-on')
    const budget = megabytes(values.memory)
    const { baseline, 'write-baseline': writes } = values
    if (writes && baseline === undefined)
      throw new Failure('usage', '--write-baseline needs a file', 'Name it with --baseline')
    const started = performance.now()
    const threads = openThreads()
    const input = await readForCheck(positionals, {
      cwd: io.cwd,
      watch: { cancel: io.cancel, progress: progressOn(io), threads },
      rules: ruleFlags(values.rule ?? []),
      early: baseline === undefined ? earlyLines(io) : () => 'enough',
    })
    for (const warning of input.warnings) io.err(`winnow: ${warning}\n`)
    const paths = input.files.flatMap(filesOf)
    const training = await new Witness().of(paths, findRoot(io.cwd))
    const whole = await drive(
      check({
        ...input,
        training,
        exact: values.exact,
        threads,
        shelf: new FileShelf(),
        spill: openSpill,
        budget,
      }),
      io.cancel,
      progressOn(io),
    )
    for (const { dataset, unsearched } of whole.datasets)
      if (unsearched)
        io.err(
          `winnow: ${dataset.name}: ${unsearched} texts of common words were not looked for within others; --memory allows more\n`,
        )
    if (writes) {
      await writeAtomic(resolve(io.cwd, baseline!), printBaseline(whole.findings))
      io.err(`${whole.findings.length} finding${whole.findings.length === 1 ? '' : 's'} written to ${baseline}\n`)
      return 0
    }
    const findings = baseline === undefined ? whole.findings : await newFindings(whole, baseline, io.cwd)
    const checked = { ...whole, findings }
    const path = (uri: string) => shownPath(io.cwd, uri)
    const moves = values['suggest-split']
      ? await regroupings(input.datasets, alikeBy(input.rules, input.where), io.cancel)
      : undefined
    const stream = () => streamOf(checked, new Places())
    const reporting = () =>
      drive(
        reportOf(checked, () => performance.now() - started, new Places()),
        io.cancel,
        progressOn(io),
      )
    if (format === 'json') await writePieces(reportJson(stream(), path, moves), io)
    else if (format === 'sarif')
      await writePieces(reportSarif(stream(), path, { rules, version: programVersion() }), io)
    else if (format === 'html') {
      const report = await reporting()
      io.out(reportHtml(report, path, { rules, excerpt: excerptOf(checked), diff: wordDiff }))
    } else {
      const report = await reporting()
      io.out(reportText(report, path, io.isTTY ? ansiPaint : noPaint))
      if (checked.ignored > 0) io.out(`${checked.ignored} ignored.\n`)
      const old = whole.findings.length - findings.length
      if (old > 0) io.out(`${old} in the baseline.\n`)
      if (moves) io.out(regroupingText(moves))
    }
    // A dataset that could not be read is an error of the input, whatever the others say.
    if (input.unread > 0) return 2
    const reached = bar === 'never' ? -1 : severities.indexOf(bar)
    return checked.findings.some(finding => severities.indexOf(finding.severity) <= reached) ? 1 : 0
  },
}

async function newFindings({ findings }: Checked, baseline: string, cwd: string) {
  let text: string
  try {
    text = await readFile(resolve(cwd, baseline), 'utf8')
  } catch {
    throw new Failure('no-baseline', `${baseline} cannot be read`, 'Write it with --write-baseline')
  }
  return sinceBaseline(findings, parseBaseline(text, baseline))
}

/** The value of `--memory` in bytes, where it is given. */
export function megabytes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!(value >= 1 && value <= 1e6))
    throw new Failure('usage', `--memory must be a number of megabytes, not "${text}"`, '512 is usual')
  return value * 1024 * 1024
}

/** `near-duplicate=off` */
export function ruleFlags(flags: readonly string[]): { [rule: string]: string } {
  const settings: { [rule: string]: string } = {}
  for (const flag of flags) {
    const match = /^([a-z0-9-]+)=([a-z]+)$/.exec(flag)
    if (!match)
      throw new Failure(
        'usage',
        `--rule must be <id>=<severity>, not "${flag}"`,
        `Such as --rule ${/^[a-z0-9-]+$/.test(flag) ? flag : 'leak'}=warning, or =off`,
      )
    settings[match[1]!] = match[2]!
  }
  return settings
}

/** Writes a long text piece by piece, no faster than it is read. */
async function writePieces(pieces: Iterable<string>, io: CommandIo): Promise<void> {
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length < pieceLength) continue
    io.out(text)
    text = ''
    await io.written?.()
    // Signals are heard between two turns of the event loop.
    await new Promise(resolve => setImmediate(resolve))
    checkCancel(io.cancel)
  }
  io.out(text)
}

const pieceLength = 1 << 16

/** A line that is written over, on a terminal only, and only for work that takes a moment. */
export function progressOn(io: CommandIo): (state: { phase: string; done: number; total: number }) => void {
  const started = performance.now()
  let last = started
  if (!io.watched) return () => {}
  return ({ phase, done, total }) => {
    const now = performance.now()
    if (now - started < 500 || now - last < 100) return
    last = now
    const share = total > 0 ? ` ${Math.floor((100 * done) / total)} %` : ''
    io.err(`\r${phase}${share}\u001b[K\r`)
  }
}

/** The beginning of a row's text, on one line. */
function excerptOf(checked: Checked): (uri: string, row: number) => string {
  const tables = new Map(
    checked.datasets.flatMap(({ dataset }) =>
      dataset.splits.flatMap(split =>
        split.tables.map(table => [table.source.uri, { table, roles: dataset.roles }] as const),
      ),
    ),
  )
  return (uri, row) => {
    const file = tables.get(uri)
    const text = (file && rowText(file.table, row, file.roles)) ?? ''
    return text.length > 300 ? `${text.slice(0, 299)}…` : text
  }
}

/** Of the program, for reports that name it. Beside the bundle as beside the sources lies the manifest. */
function programVersion(): string {
  for (const up of ['../package.json', '../../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as { version: string }).version
    } catch {
      // not there: the other layout
    }
  }
  return '0.0.0'
}
