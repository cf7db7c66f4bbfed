import { existsSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { Failure, failureLine } from '../core/base/failure.ts'
import { nearestWord } from '../core/base/nearest.ts'
import type { Benchmarks } from '../core/check/contamination.ts'
import { type Ignored, nothingIgnored, parseIgnored } from '../core/check/ignore.ts'
import { mergeRules, type RuleSetting, resolveRules } from '../core/check/options.ts'
import { rules as allRules } from '../core/check/rules.ts'
import type { GuessLanguage } from '../core/check/scan/languages.ts'
import type { Dataset, DatasetFiles } from '../core/data/dataset.ts'
import { decodeAll } from '../core/text/decode.ts'
import { readBenchmarks } from './benchmarks.ts'
import { type ConfigFile, configName, failureIn } from './config.ts'
import { discover, loadDataset } from './datasets.ts'
import { type EarlyListener, earlyPages } from './early.ts'
import { readSource, slashed } from './files.ts'
import { openLanguageGuess } from './languageGuess.ts'
import { openTokenizer } from './tokenizer.ts'
import type { Watch } from './watch.ts'

export const ignoreName = 'winnow-ignore.jsonl'

/** What surrounds a check: the settings, and the findings that are ignored. */
export interface CheckSettings {
  readonly rules: { readonly [rule: string]: RuleSetting }
  readonly ignored: Ignored
  readonly benchmarks: Benchmarks | undefined
  readonly guessLanguage: GuessLanguage | undefined
  readonly countTokens: ((text: string) => number) | undefined
  /** Where the settings come from, for messages. */
  readonly where: string
  /** Things about the surroundings that a person should know, and that stop nothing. */
  readonly warnings: readonly string[]
}

/** The settings that govern a folder: its `winnow.json` and the list of ignored findings beside it. */
export async function settingsFor(
  config: ConfigFile | undefined,
  folder: string,
  over: { readonly [rule: string]: RuleSetting } = {},
  overFrom = '--rule',
): Promise<CheckSettings> {
  // What cannot be used is told where it stands, before anything is read.
  for (const [id, setting] of Object.entries(over)) resolveRules(allRules, { [id]: setting }, overFrom)
  for (const [id, setting] of Object.entries(config?.config.rules ?? {}))
    try {
      resolveRules(allRules, { [id]: setting }, configName)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      throw config!.fail(['rules', id], error.message.replace(`${configName}: `, ''), error.hint)
    }
  const path = config ? resolve(config.folder, config.config.ignore ?? ignoreName) : join(folder, ignoreName)
  const warnings: string[] = []
  let ignored = nothingIgnored
  if (existsSync(path)) {
    ignored = parseIgnored(decodeAll((await readSource(path)).bytes))
    for (const { line, message } of ignored.problems)
      warnings.push(`${slashed(path)}:${line}:1: ${message}; it ignores nothing`)
  }
  const rules = mergeRules(mergeRules(profiled(config), config?.config.rules ?? {}), over)
  const known = allRules.map(rule => rule.meta.id)
  // A rule of another version may be switched off, but a misspelt one should not seem to be.
  for (const id of Object.keys(rules).filter(id => !known.includes(id) && isOff(rules[id]))) {
    const near = nearestWord(id, known)
    const words = `There is no rule "${id}" to switch off${near ? `; did you mean "${near}"?` : ''}`
    const inConfig = config?.config.rules?.[id] !== undefined && over[id] === undefined
    warnings.push(inConfig ? config.fail(['rules', id], words).message : words)
  }
  return {
    rules,
    ignored,
    // Its statistics take a tenth of a second to load.
    guessLanguage: isOff(rules['language']) ? undefined : await openLanguageGuess(),
    countTokens: openTokenCounter(rules['length-outlier'], config?.folder ?? folder),
    benchmarks: await readBenchmarks(config),
    where: config?.path ?? 'the rule settings',
    warnings,
  }
}

/** What counts tokens, where the rule names a tokenizer: a `tokenizer.json` or the folder it lies in. */
function openTokenCounter(setting: RuleSetting, folder: string): ((text: string) => number) | undefined {
  const { tokenizer } = (setting ?? {}) as { readonly tokenizer?: unknown }
  if (typeof tokenizer !== 'string' || tokenizer === '' || isOff(setting)) return undefined
  const path = resolve(folder, tokenizer)
  const encoder = openTokenizer(basename(path) === 'tokenizer.json' ? dirname(path) : path)
  const around = encoder.frame.before.length + encoder.frame.after.length
  return text => encoder.content(text).length + around
}

function isOff(setting: RuleSetting): boolean {
  return (setting as { readonly severity?: unknown } | undefined)?.severity === 'off'
}

/** The rules that the profiles of a configuration switch on, with their own settings. */
function profiled(config: ConfigFile | undefined): { [rule: string]: RuleSetting } {
  return Object.fromEntries((config?.config.profiles ?? []).map(profile => [profile, {}]))
}

/** Everything that a command needs to check the datasets at some paths. */
export interface CheckFiles extends CheckSettings {
  readonly files: readonly DatasetFiles[]
  readonly datasets: readonly Dataset[]
  /** How many datasets beside these could not be read; the warnings say why. */
  readonly unread: number
}

/** Finds and reads the datasets at paths that are relative to `cwd`. */
export async function readForCheck(
  paths: readonly string[],
  options: {
    readonly cwd: string
    readonly rules?: { readonly [rule: string]: RuleSetting }
    readonly watch?: Watch
    /** Told of findings in large files while these are read. */
    readonly early?: EarlyListener
  },
): Promise<CheckFiles> {
  const absolute = (paths.length > 0 ? paths : ['.']).map(path => resolve(options.cwd, path))
  const { datasets: files, config } = await discover(absolute)
  const first = absolute[0]!
  const folder = files.some(dataset => Object.values(dataset.splits).flat().includes(slashed(first)))
    ? dirname(first)
    : first
  const settings = await settingsFor(config, folder, options.rules)
  const datasets: Dataset[] = []
  const unread: Failure[] = []
  for (const dataset of files) {
    try {
      const page = options.early && earlyPages(settings, dataset.roles, options.early)
      const watch = options.watch && { ...options.watch, ...(page ? { page } : {}) }
      datasets.push(await loadDataset(dataset, undefined, watch ? { watch } : {}))
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      unread.push(failureIn(config, error))
    }
  }
  // One dataset that cannot be read does not keep the others from being checked.
  if (unread[0] && datasets.length === 0) throw unread[0]
  const warnings = [...settings.warnings, ...unread.map(error => failureLine(error))]
  return { ...settings, files, datasets, warnings, unread: unread.length }
}

/** A path as reports name it: relative to `cwd`, `/` separated. */
export function shownPath(cwd: string, path: string): string {
  return relative(cwd, path).replaceAll('\\', '/') || '.'
}
