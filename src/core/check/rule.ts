import type { Work } from '../sign/progress.ts'
import type { Benchmarks } from './contamination.ts'
import type { Corpus } from './corpus.ts'
import type { Finding, Severity } from './finding.ts'
import type { GuessLanguage } from './scan/languages.ts'
import type { Look } from './scan/look.ts'
import type { TrainingEvidence } from './training.ts'

/** An option of a rule as `winnow.json` gives it. Its default tells its type. */
export interface Option {
  readonly default: number | string
  /** What it does, for the rule's page. */
  readonly what: string
  /** Throws a `Failure` for a value that cannot be used. */
  check(value: unknown): void
}

/** What a rule says about itself: its page and the list of rules are printed from this. */
export interface RuleMeta {
  /** kebab-case; stands in findings, settings and reports. */
  readonly id: string
  readonly title: string
  /** Of its worst findings; some of its findings may be milder. */
  readonly severity: Severity
  /** What it finds, precisely. Markdown. */
  readonly what: string
  /** Why that matters. Markdown. */
  readonly why: string
  /** What is offered, and what "fix all" does. Markdown. */
  readonly fix: string
  /** Rows that it flags, and what it then says. Markdown. */
  readonly example: string
  readonly options: { readonly [name: string]: Option }
  /** None of its fixes is ever preferred, and it costs much: mending leaves it out. */
  readonly adviceOnly?: boolean
  /** Runs only where `winnow.json` or `--rule` asks for it. */
  readonly optIn?: true
}

/** What a rule is given: the rows, its settings, and where its findings go. */
export interface RuleContext {
  readonly corpus: Corpus
  readonly settings: RuleSettings
  /** What training rows must not hold, where somebody named it. */
  readonly benchmarks?: Benchmarks | undefined
  /** Tells languages that function words do not; without it these alone decide. */
  readonly guessLanguage?: GuessLanguage | undefined
  /** Counts the tokens of a text, special ones included, by the tokenizer that the rule `length-outlier` names. */
  readonly countTokens?: ((text: string) => number) | undefined
  /** What a finished run tells of the training rows, where there is one of these very files. */
  readonly training?: TrainingEvidence | undefined
  add(finding: Finding): void
}

/** How a rule is to run. */
export interface RuleSettings {
  readonly severity: Severity
  readonly options: { readonly [name: string]: number | string }
}

/** For rules that judge a row by its own form and the forms that are linked to it: what an edit changes is found near it. */
export interface LocalRule {
  /** The comparison that links forms; undefined where only equal forms count. */
  comparison(settings: RuleSettings): { readonly scheme: string; readonly threshold: string | number } | undefined
  /**
   * What `check` adds about the rows of these forms, which are whole sets of linked forms, but for rows within others
   * (`contained`): those are told by the next check of all.
   */
  about(context: RuleContext, slots: readonly number[]): Work<void>
}

/** Finds one kind of problem. Works on a whole dataset; yields every few milliseconds. */
export interface Rule {
  readonly meta: RuleMeta
  /** What it wants to see of each row in the pass that all rules share; see `rowRule`. */
  readonly look?: (settings: RuleSettings) => Look
  readonly local?: LocalRule
  check(context: RuleContext): Work<void>
}

const order: readonly Severity[] = ['error', 'warning', 'info']

/** The severity of a milder finding of a rule: what it would be by itself, but never above the rule's setting. */
export function milder(setting: Severity, own: Severity): Severity {
  return order[Math.max(order.indexOf(setting), order.indexOf(own))]!
}
