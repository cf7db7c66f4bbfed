/* What a language model may ask: four questions that read and change nothing. The MCP server and the editor's tools are two doors to
   these functions. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import type { Cancel } from '../core/base/cancel.ts'
import { Failure, failureLine } from '../core/base/failure.ts'
import { nearestWord } from '../core/base/nearest.ts'
import { check } from '../core/check/check.ts'
import { severities } from '../core/check/finding.ts'
import { profileText } from '../core/check/formats/profileText.ts'
import { noPaint } from '../core/check/formats/text.ts'
import { profile } from '../core/check/profile.ts'
import type { Report, ReportedFinding } from '../core/check/report.ts'
import { rules } from '../core/check/rules.ts'
import { Places, reportOf } from '../core/check/toReport.ts'
import { makeLedger } from '../core/eval/ledger.ts'
import { ledgerText } from '../core/eval/text.ts'
import { readForCheck, shownPath } from './checkInput.ts'
import { drive } from './drive.ts'
import { loadPair } from './evaluations.ts'
import { FileShelf } from './fileShelf.ts'
import { findRoot } from './runs.ts'
import { openThreads } from './threads.ts'

/** The folder that questions are about, and the way to give up. */
export interface ToolIo {
  readonly cwd: string
  readonly cancel: Cancel
}

/** A question with its name, its arguments as a JSON schema, and the answer as text. Throws `Failure` for what it cannot answer. */
export interface ReadTool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly inputSchema: { readonly type: 'object'; readonly properties: object; readonly required?: readonly string[] }
  answer(input: unknown, io: ToolIo): Promise<string>
}

const path = {
  type: 'string',
  description: 'A dataset file or folder, relative to the workspace; all of it where left out.',
}
const rule = { type: 'string', description: 'The id of a rule, such as near-duplicate, leak or label-conflict.' }
/** Findings in one answer where the question does not say. */
const usual = 50

export const readTools: readonly ReadTool[] = [
  tool({
    name: 'winnow_profile',
    title: 'Profile a dataset',
    description:
      'What the text datasets of this workspace are made of: splits, columns, labels with their counts, lengths, languages, leaks between splits. Reads only.',
    inputSchema: { type: 'object', properties: { path } },
    shape: v.strictObject({ path: v.optional(v.string()) }),
    async answer(input, io) {
      const read = await readForCheck(pathsOf(input.path, io.cwd), { cwd: io.cwd })
      const profiles = await drive(profile(read), io.cancel, () => {})
      return profileText(profiles, uri => shownPath(io.cwd, uri), noPaint)
    },
  }),
  tool({
    name: 'winnow_findings',
    title: 'Find problems in a dataset',
    description:
      'Checks text datasets for duplicates, leaks between splits, contradicting labels, broken rows and more. Lists findings with file, row (counted from 0) and line. Reads only.',
    inputSchema: {
      type: 'object',
      properties: {
        path,
        rule,
        severity: { type: 'string', enum: [...severities], description: 'Only findings at least so severe.' },
        limit: { type: 'integer', minimum: 1, maximum: 500, description: `At most so many findings (${usual}).` },
      },
    },
    shape: v.strictObject({
      path: v.optional(v.string()),
      rule: v.optional(v.string()),
      severity: v.optional(v.picklist(severities)),
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500))),
    }),
    async answer(input, io) {
      if (input.rule !== undefined) pageOf(input.rule)
      const report = await reportFor(input.path, io)
      const bar = severities.indexOf(input.severity ?? 'info')
      const found = report.findings.filter(
        one => (input.rule === undefined || one.rule === input.rule) && severities.indexOf(one.severity) <= bar,
      )
      const shown = found.slice(0, input.limit ?? usual)
      const counts = Object.entries(countsOf(found)).map(([id, n]) => `${id} ${n}`)
      const head = `${found.length} findings${counts.length > 0 ? `: ${counts.join(', ')}` : ''}`
      const rest = found.length > shown.length ? [`… ${found.length - shown.length} more`] : []
      return `${[head, ...shown.map(one => lineOf(one, io.cwd)), ...rest].join('\n')}\n`
    },
  }),
  tool({
    name: 'winnow_explain_finding',
    title: 'Explain a finding',
    description:
      'What a rule finds, why it matters and how it is mended; with a file and a row, also what it says there, with the other rows concerned. Reads only.',
    inputSchema: {
      type: 'object',
      properties: {
        rule,
        path: { type: 'string', description: 'The file of the finding, relative to the workspace.' },
        row: { type: 'integer', minimum: 0, description: 'The row of the finding, counted from 0.' },
      },
      required: ['rule'],
    },
    shape: v.strictObject({
      rule: v.string(),
      path: v.optional(v.string()),
      row: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    }),
    async answer(input, io) {
      const page = pageOf(input.rule)
      if (input.path === undefined) return page
      const at = pathsOf(input.path, io.cwd)[0] as string
      // The whole workspace: what a row is held against may be in another file.
      const report = await reportFor(undefined, io)
      const here = report.findings.filter(
        one =>
          one.rule === input.rule &&
          resolve(one.uri) === at &&
          (input.row === undefined || one.row === input.row || one.related.some(other => other.row === input.row)),
      )
      const lines = here.slice(0, usual).flatMap(one => [lineOf(one, io.cwd), ...othersOf(one, io.cwd)])
      const none = `${input.rule} finds nothing there now.`
      return `${lines.length > 0 ? lines.join('\n') : none}\n\n${page}`
    },
  }),
  tool({
    name: 'winnow_compare_runs',
    title: 'Compare two runs',
    description:
      'The ledger of two fine-tuning runs, or of one and the model it started from: which test rows were fixed and broken, and whether the difference is more than chance. Reads only.',
    inputSchema: {
      type: 'object',
      properties: {
        a: {
          type: 'string',
          description: 'A run: its id, the beginning of it, or last; :base, :best, :last may follow.',
        },
        b: { type: 'string', description: 'The other run; left out, a is compared with its own base.' },
      },
      required: ['a'],
    },
    shape: v.strictObject({ a: v.string(), b: v.optional(v.string()) }),
    async answer({ a, b }, io) {
      const references = b === undefined ? [a] : [a, b]
      for (const text of references)
        if (!/^[\w.-]+(:\w+)?$/.test(text)) throw new Failure('usage', `"${text}" is no run`, 'Give the id of a run')
      const pair = await loadPair(findRoot(io.cwd), references, { cwd: io.cwd })
      return ledgerText(makeLedger(...pair), { rows: 10, labels: 10 })
    },
  }),
]

/** An answer, or in one line why there is none: what the question or the data is to blame for. */
export interface ToolAnswer {
  readonly text: string
  readonly isError: boolean
}

/** Answers one question. Anything but a `Failure` is a bug and thrown. */
export async function answerTool(name: string, input: unknown, io: ToolIo): Promise<ToolAnswer> {
  try {
    const found = readTools.find(one => one.name === name)
    if (!found) throw new Failure('usage', `There is no tool "${name}"`, readTools.map(one => one.name).join(', '))
    return { text: await found.answer(input, io), isError: false }
  } catch (error) {
    if (error instanceof Failure) return { text: failureLine(error), isError: true }
    throw error
  }
}

function tool<S extends v.GenericSchema>(
  given: Omit<ReadTool, 'answer'> & {
    readonly shape: S
    answer(input: v.InferOutput<S>, io: ToolIo): Promise<string>
  },
): ReadTool {
  const { shape, answer, ...about } = given
  return {
    ...about,
    async answer(input, io) {
      const parsed = v.safeParse(shape, input ?? {})
      if (parsed.success) return answer(parsed.output, io)
      const issue = parsed.issues[0]
      throw new Failure('usage', `${about.name}: ${v.getDotPath(issue) ?? 'the input'}: ${issue.message}`)
    },
  }
}

/** The path asked for, absolute. What lies outside of the workspace, also by a link, is not read. */
function pathsOf(given: string | undefined, cwd: string): string[] {
  const root = realpathSync(cwd)
  const asked = resolve(cwd, given ?? '.')
  if (!existsSync(asked)) throw new Failure('not-found', `${given} does not exist in this workspace`)
  const real = realpathSync(asked)
  if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep))
    throw new Failure('outside', `${given} lies outside of the workspace`, 'Only files of the workspace are read')
  return [asked]
}

async function reportFor(given: string | undefined, io: ToolIo): Promise<Report> {
  const started = performance.now()
  const input = await readForCheck(pathsOf(given, io.cwd), { cwd: io.cwd, watch: { cancel: io.cancel } })
  const checked = await drive(check({ ...input, threads: openThreads(), shelf: new FileShelf() }), io.cancel, () => {})
  return drive(
    reportOf(checked, () => performance.now() - started, new Places()),
    io.cancel,
    () => {},
  )
}

/** The page of a rule. Throws `Failure` (`usage`) that names the nearest where there is none. */
function pageOf(id: string): string {
  const ids = rules.map(one => one.meta.id)
  if (!ids.includes(id)) {
    const near = nearestWord(id, ids)
    throw new Failure('usage', `There is no rule "${id}"`, near ? `Did you mean "${near}"?` : ids.join(', '))
  }
  const places = ['../media/rules', '../../media/rules'].map(up => fileURLToPath(new URL(up, import.meta.url)))
  return readFileSync(join(places.find(existsSync) ?? (places[0] as string), `${id}.md`), 'utf8')
}

function countsOf(findings: readonly ReportedFinding[]): { readonly [rule: string]: number } {
  const counts: { [rule: string]: number } = {}
  for (const { rule } of findings) counts[rule] = (counts[rule] ?? 0) + 1
  return counts
}

function lineOf(one: ReportedFinding, cwd: string): string {
  const row = one.row === undefined ? '' : ` row ${one.row}`
  return `${shownPath(cwd, one.uri)}${row} (line ${one.range.line + 1}) ${one.severity} ${one.rule}: ${one.message}`
}

function othersOf(one: ReportedFinding, cwd: string): string[] {
  return one.related.slice(0, 10).map(other => `  ${shownPath(cwd, other.uri)} row ${other.row}: ${other.message}`)
}
