import { Failure } from '../base/failure.ts'
import { nearestWord } from '../base/nearest.ts'
import { parseScheme } from '../sign/scheme.ts'
import { parseThreshold } from '../sign/threshold.ts'
import { type Severity, severities } from './finding.ts'
import type { Option, Rule, RuleSettings } from './rule.ts'

/** The options that every rule about similarity has. */
export function similarityOptions(threshold: number): { readonly threshold: Option; readonly shingle: Option } {
  return {
    threshold: {
      default: threshold,
      what: 'The least exact Jaccard similarity, above 0 and up to 1.',
      check: value => void parseThreshold(value as number),
    },
    shingle: {
      default: 'word:1+2',
      what: 'What texts are compared by: `word:1+2` (words and pairs of words), `word:n` or `char:n`.',
      check: value => void parseScheme(String(value)),
    },
  }
}

/** An option that is a number in a range, both ends included. */
export function numberOption(value: number, [low, high]: readonly [number, number], what: string): Option {
  return {
    default: value,
    what,
    check: given => {
      if (typeof given === 'number' && given >= low && given <= high) return
      throw new Failure(
        'bad-option',
        `${JSON.stringify(given)} is out of range`,
        `Give a number from ${low} to ${high}`,
      )
    },
  }
}

/** What a rule may be set to: `"off"`, a severity, or `{severity, …options}`. */
export type RuleSetting = unknown

/**
 * The settings of every rule that is to run. A setting of a rule that does not exist is refused, unless it switches it
 * off. `where` names the place in the message.
 */
export function resolveRules(
  rules: readonly Rule[],
  given: { readonly [rule: string]: RuleSetting },
  where = 'winnow.json',
): { readonly rule: Rule; readonly settings: RuleSettings }[] {
  const known = rules.map(rule => rule.meta.id)
  for (const [id, setting] of Object.entries(given)) {
    if (known.includes(id) || severityOf(setting) === 'off') continue
    const near = nearestWord(id, known)
    throw new Failure(
      'unknown-rule',
      `${where} sets a rule "${id}" that does not exist`,
      near ? `Did you mean "${near}"?` : `The rules are ${known.join(', ')}`,
    )
  }
  const resolved: { rule: Rule; settings: RuleSettings }[] = []
  for (const rule of rules) {
    if (rule.meta.optIn && given[rule.meta.id] === undefined) continue
    const settings = settingsOf(rule, given[rule.meta.id], where)
    if (settings) resolved.push({ rule, settings })
  }
  return resolved
}

/** Two layers of settings: what the upper one says of a rule replaces what the lower one says of the same things. */
export function mergeRules(
  lower: { readonly [rule: string]: RuleSetting },
  upper: { readonly [rule: string]: RuleSetting },
): { [rule: string]: RuleSetting } {
  const merged: { [rule: string]: RuleSetting } = { ...lower }
  for (const [id, setting] of Object.entries(upper)) merged[id] = { ...asObject(lower[id]), ...asObject(setting) }
  return merged
}

function settingsOf(rule: Rule, setting: RuleSetting, where: string): RuleSettings | undefined {
  const { meta } = rule
  const severity = severityOf(setting) ?? meta.severity
  if (severity === 'off') return undefined
  if (!severities.includes(severity as Severity)) {
    const allowed = [...severities, 'off'].join(', ')
    throw new Failure('bad-severity', `${where}: ${meta.id} has the severity "${severity}"`, `Use ${allowed}`)
  }
  const options: { [name: string]: number | string } = {}
  for (const [name, option] of Object.entries(meta.options)) options[name] = option.default
  for (const [name, value] of Object.entries(asObject(setting))) {
    if (name === 'severity') continue
    const option = meta.options[name]
    if (!option) {
      const names = ['severity', ...Object.keys(meta.options)]
      const near = nearestWord(name, names)
      const hint = near ? `Did you mean "${near}"?` : `Its options are ${names.join(', ')}`
      throw new Failure('unknown-option', `${where}: the rule ${meta.id} has no option "${name}"`, hint)
    }
    if (typeof value !== typeof option.default)
      throw new Failure(
        'bad-option',
        `${where}: ${meta.id}.${name} is ${JSON.stringify(value)}`,
        `Give a ${typeof option.default}, such as ${JSON.stringify(option.default)}`,
      )
    try {
      option.check(value)
    } catch (error) {
      if (error instanceof Failure) throw new Failure(error.code, `${where}: ${meta.id}: ${error.message}`, error.hint)
      throw error
    }
    options[name] = value as number | string
  }
  return { severity: severity as Severity, options }
}

function severityOf(setting: RuleSetting): string | undefined {
  const value = asObject(setting)['severity']
  return value === undefined ? undefined : String(value)
}

function asObject(setting: RuleSetting): { readonly [key: string]: unknown } {
  if (typeof setting === 'string') return { severity: setting }
  return typeof setting === 'object' && setting !== null ? (setting as { [key: string]: unknown }) : {}
}

/** The comparison that the options of `similarityOptions` name. */
export function comparisonOf({ options }: RuleSettings): {
  readonly scheme: string
  readonly threshold: string | number
} {
  return { scheme: String(options['shingle']), threshold: options['threshold']! }
}
