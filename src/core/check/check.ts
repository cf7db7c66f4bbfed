import type { Dataset } from '../data/dataset.ts'
import { sortPairs } from '../sign/postings.ts'
import type { Work } from '../sign/progress.ts'
import type { Shelf } from '../sign/shelf.ts'
import type { OpenSpill } from '../sign/spill.ts'
import type { Threads } from '../sign/threads.ts'
import { containmentOf, HoldersAhead } from './containment.ts'
import type { Benchmarks } from './contamination.ts'
import { Corpus } from './corpus.ts'
import { type Finding, LazyFinding } from './finding.ts'
import { type Ignored, nothingIgnored } from './ignore.ts'
import { keyMatcher } from './keys.ts'
import { forgetLabelRows } from './labelRows.ts'
import { Memory } from './memory.ts'
import { type RuleSetting, resolveRules } from './options.ts'
import type { Rule } from './rule.ts'
import { rules as allRules } from './rules.ts'
import type { GuessLanguage } from './scan/languages.ts'
import type { TrainingEvidence } from './training.ts'

/** What is checked, and how. */
export interface CheckInput {
  readonly datasets: readonly Dataset[]
  /** By rule id: `"off"`, a severity, or `{severity, …options}`. */
  readonly rules?: { readonly [rule: string]: RuleSetting }
  readonly ignored?: Ignored
  readonly benchmarks?: Benchmarks | undefined
  readonly guessLanguage?: GuessLanguage | undefined
  readonly countTokens?: ((text: string) => number) | undefined
  /** What a finished run tells of training rows. */
  readonly training?: TrainingEvidence | undefined
  /** What is known of a dataset from earlier checks; without it every check begins anew. */
  readonly memory?: (dataset: Dataset) => Memory
  /** Find every similar pair, whatever it costs. */
  readonly exact?: boolean
  /** Other threads, which take part in signing and joining many rows. */
  readonly threads?: Threads | undefined
  /** Keeps signed rows for the next check of the same files. */
  readonly shelf?: Shelf | undefined
  /** So many bytes comparing rows may hold, besides some hundred a row; the rest goes through `spill`. */
  readonly budget?: number | undefined
  readonly spill?: OpenSpill | undefined
  /** Where settings come from, for error messages. */
  readonly where?: string
  /** The rules to run; all of them unless a test says otherwise. */
  readonly list?: readonly Rule[]
}

/** One dataset that was checked. */
export interface CheckedDataset {
  readonly dataset: Dataset
  /** Distinct labels, most frequent first; undefined without a label column. */
  readonly labels: readonly { readonly label: string; readonly rows: number }[] | undefined
  /** Where comparing all similar rows was too much: the share of pairs at the threshold that estimating is expected to find. */
  readonly recall?: number
  /** So many texts were not looked for within others, where that was too much for a dataset that is not held in memory. */
  readonly unsearched?: number
}

export interface Checked {
  readonly datasets: readonly CheckedDataset[]
  /** Sorted by file, place and rule; without the ignored ones. */
  readonly findings: readonly Finding[]
  readonly ignored: number
}

/** Runs the rules over datasets. Throws a `Failure` for settings that cannot be used, before any work. */
export function* check(input: CheckInput): Work<Checked> {
  const resolved = resolveRules(input.list ?? allRules, input.rules ?? {}, input.where)
  const ignored = (input.ignored ?? nothingIgnored).keys
  const isIgnored = keyMatcher(ignored)
  const looks = resolved.flatMap(({ rule, settings }) =>
    rule.look
      ? [{ rule: rule.meta.id, key: JSON.stringify([rule.meta.id, settings.options]), look: rule.look(settings) }]
      : [],
  )
  const findings: Finding[] = []
  const datasets: CheckedDataset[] = []
  let hidden = 0
  for (const dataset of input.datasets) {
    const corpus = new Corpus(
      dataset,
      input.memory?.(dataset) ??
        new Memory({
          incremental: false,
          exact: input.exact ?? false,
          threads: input.threads,
          shelf: input.shelf,
          budget: input.budget,
          spill: input.spill,
        }),
      looks,
    )
    const add = (finding: Finding) => {
      // A key costs more than a finding that nobody looks at.
      if (ignored.size > 0 && isIgnored(finding.key)) hidden++
      else findings.push(offered(finding))
    }
    const seeker = resolved.find(({ settings }) => containmentOf(settings).share > 0)
    const ahead = seeker && new HoldersAhead(corpus, seeker.settings)
    corpus.ahead = ahead
    for (const { rule, settings } of resolved)
      yield* beside(
        rule.check({
          corpus,
          settings,
          benchmarks: input.benchmarks,
          guessLanguage: input.guessLanguage,
          countTokens: input.countTokens,
          training: input.training,
          add,
        }),
        ahead,
      )
    ahead?.drop()
    forgetLabelRows(corpus)
    const recall = corpus.recall()
    const labels = yield* countLabels(corpus)
    const { unsearched } = corpus
    datasets.push({
      dataset,
      labels,
      ...(recall === undefined ? {} : { recall }),
      ...(unsearched === 0 ? {} : { unsearched }),
    })
  }
  return { datasets, findings: yield* inOrder(findings, input.datasets), ignored: hidden }
}

/** Does a piece of work and goes on between two breaths with what other threads began. */
function* beside(work: Work<void>, ahead: HoldersAhead | undefined): Work<void> {
  let finished = false
  try {
    for (let step = work.next(); !step.done; step = work.next()) {
      ahead?.step()
      yield step.value
    }
    finished = true
  } finally {
    if (!finished) {
      work.return()
      ahead?.drop()
    }
  }
}

/** Fixes that change nothing are those of files that cannot be changed. */
function offered(finding: Finding): Finding {
  if (finding instanceof LazyFinding || finding.fixes.every(fix => fix.edits.length > 0)) return finding
  return { ...finding, fixes: finding.fixes.filter(fix => fix.edits.length > 0) }
}

/**
 * Sorted by file, place and rule. Many lie in a few files, so their places are compared as numbers; what lies at one place
 * is then put in order.
 */
function* inOrder(findings: readonly Finding[], datasets: readonly Dataset[]): Work<Finding[]> {
  const tables = new Map(
    datasets.flatMap(({ splits }) =>
      splits.flatMap(split => split.tables.map(table => [table.source.uri + (table.part ?? ''), table] as const)),
    ),
  )
  // Where the row begins: the place in it is only asked for where two findings share a row.
  const placeOf = (finding: Finding) => {
    const { uri, part, row } = finding
    return row === undefined ? finding.span.start : tables.get(uri + (part ?? ''))!.rowSpan(row).start
  }
  const files = [...new Set(findings.map(finding => finding.uri))].sort()
  const number = new Map(files.map((uri, i) => [uri, i]))
  const lists = files.map((): Finding[] => [])
  for (const finding of findings) lists[number.get(finding.uri)!]!.push(finding)
  const out: Finding[] = []
  for (const list of lists) {
    const { length } = list
    const places = new Uint32Array(length)
    const numbers = new Uint32Array(length)
    for (let i = 0; i < length; i++) {
      places[i] = placeOf(list[i]!)
      numbers[i] = i
      if (i % 20_000 === 19_999) yield { phase: 'order', done: i, total: length }
    }
    // Places in a file are below 2³²; those that are equal stay in the order they were found in.
    const { shingles: sorted, slots: order } = yield* sortPairs({ shingles: places, slots: numbers, length })
    let work = 0
    for (let from = 0; from < length; ) {
      let to = from + 1
      while (to < length && sorted[to] === sorted[from]) to++
      if (to - from === 1) out.push(list[order[from]!]!)
      else {
        // What lies in a row is asked of the row, which takes a while.
        const same = Array.from(order.subarray(from, to), i => list[i]!).sort(byPlace)
        for (const finding of same) out.push(finding)
        work += same.length
        if (work > 100) {
          work = 0
          yield { phase: 'order', done: out.length, total: findings.length }
        }
      }
      from = to
    }
    yield { phase: 'order', done: out.length, total: findings.length }
  }
  return out
}

function byPlace(a: Finding, b: Finding): number {
  if (a.uri !== b.uri) return a.uri < b.uri ? -1 : 1
  return a.span.start - b.span.start || a.span.end - b.span.end || (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0)
}

function* countLabels(corpus: Corpus): Work<CheckedDataset['labels']> {
  if (corpus.labelColumn === undefined) return undefined
  const { of, names } = yield* corpus.labels()
  const counts = new Int32Array(names.length)
  for (const label of of) if (label >= 0) counts[label]!++
  return names
    .map((label, i) => ({ label, rows: counts[i]! }))
    .filter(({ rows }) => rows > 0)
    .sort((a, b) => b.rows - a.rows || (a.label < b.label ? -1 : 1))
}

/** How often each rule found something. */
export function countByRule(findings: readonly { readonly rule: string }[]): { [rule: string]: number } {
  const counts: { [rule: string]: number } = {}
  for (const { rule } of findings) counts[rule] = (counts[rule] ?? 0) + 1
  return counts
}
