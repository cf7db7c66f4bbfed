/* What training would see of its rows, before it starts: lengths, what is learnt, what is cut, and a few rows in full. */
import { count, counted } from '../base/words.ts'
import type { RowRef } from './data.ts'
import { inspectRow } from './tasks/inspect.ts'
import type { MaskedToken } from './tasks/mask.ts'
import type { Sample } from './tasks/sample.ts'
import type { EncodeOptions, TaskKind } from './tasks/task.ts'

/** A row in full. */
export interface InspectedRow {
  /** Relative to the workspace folder of the run. */
  readonly file: string
  readonly row: number
  /** How it begins, for people. */
  readonly text: string
  /** Tokens of the whole row, of them learnt, and of them beyond the limit. */
  readonly tokens: number
  readonly trained: number
  readonly truncated: number
  /** Text, id and what training does to it; the middle of a long row is left out, `skipped` tokens of one kind. */
  readonly pieces: readonly (MaskedToken | { readonly skipped: number; readonly kind: MaskedToken['kind'] })[]
}

/** How rows in full are chosen: one of each kind, the longest, those with the fewest learnt tokens, at random. */
export const picks = ['each', 'longest', 'least', 'random'] as const
/** One of `picks`. */
export type Pick = (typeof picks)[number]

/** Why a recipe cannot start, in words, with what would mend it. */
export interface Stop {
  readonly code: 'nothing-to-learn' | 'end-never-trained'
  readonly message: string
  readonly rows: number
  readonly fix?: Fix
}

/** A change of the recipe, or of what is asked of it. */
export type Fix =
  /** Start without the rows. */
  | { readonly kind: 'leave-out'; readonly label: string }
  /** Set `path` of the recipe to `value`; take it out where there is none. */
  | { readonly kind: 'recipe'; readonly label: string; readonly path: readonly string[]; readonly value?: number }

/** One thing that was looked at. */
export interface Check {
  readonly state: 'good' | 'warning' | 'bad'
  readonly message: string
  /** The choice that begins with the rows it speaks of. */
  readonly show?: Pick
}

/** The answer of `winnow tune --inspect`. */
export interface Inspection {
  readonly version: 1
  readonly name: string
  readonly dataset: string
  readonly model: string
  readonly method: string
  readonly task: string
  readonly seed: number
  readonly limit: number
  /** Training rows, and how many of them were looked at: of very many every n-th. */
  readonly rows: number
  readonly looked: number
  /** Does the task learn tokens? Others learn an answer a row, and read every token. */
  readonly learns: 'tokens' | 'answers'
  readonly tokens: {
    readonly total: number
    readonly trained: number
    readonly median: number
    readonly p95: number
    readonly longest: number
  }
  /** Equal bars of `width` tokens from 0; the last one also holds all longer rows. */
  readonly histogram: { readonly width: number; readonly rows: readonly number[] }
  readonly cut: number
  readonly stops: readonly Stop[]
  readonly checks: readonly Check[]
  readonly shown: readonly InspectedRow[]
  /** Which of `shown` belong to which choice. */
  readonly picked: { readonly [P in Pick]: readonly number[] }
}

/** What is inspected. */
export interface InspectInput {
  readonly kind: { readonly [K in 'name' | 'head']: TaskKind[K] }
  readonly samples: readonly Sample[]
  readonly refs: readonly RowRef[]
  readonly files: readonly { readonly path: string }[]
  readonly encoding: EncodeOptions
  readonly about: Omit<Inspection, Counted>
  /** Test rows that were found in training. */
  readonly leaked: number
  /** Does the recipe name a chat template of its own? Most tokens that the model takes. */
  readonly template: 'own' | "model's"
  readonly most: number
  /** A random index below n. */
  readonly random: (n: number) => number
}

type Counted =
  | 'version'
  | 'rows'
  | 'looked'
  | 'learns'
  | 'limit'
  | 'tokens'
  | 'histogram'
  | 'cut'
  | 'stops'
  | 'checks'
  | 'shown'
  | 'picked'

/** More rows than these are looked at by every n-th. */
const enough = 20_000
const bars = 48
/** Rows of a choice. */
const several = 20
/** So many tokens of a row are shown at its ends. */
const ends = 400

/** Looks at the training rows. Throws what encoding throws (`bad-template`, `template-mask`). */
export function inspectRows(input: InspectInput): Inspection {
  const { kind, samples, encoding, about } = input
  const { limit } = encoding
  const stride = Math.max(1, Math.ceil(samples.length / enough))
  const looked = Array.from({ length: Math.ceil(samples.length / stride) }, (_, i) => i * stride)
  const facts = looked.map(at => factsOf(at, inspectRow(kind, samples[at] as Sample, encoding)))
  const lengths = Int32Array.from(facts, f => f.tokens).sort()
  const at = (share: number) => lengths[Math.min(lengths.length - 1, Math.floor(share * lengths.length))] ?? 0
  const longest = lengths.at(-1) ?? 0
  const learns = kind.name === 'instruction' ? 'tokens' : 'answers'
  const width = Math.max(1, Math.ceil(Math.min(longest, 1.5 * Math.max(limit, at(0.95))) / bars))
  const rows = Array.from({ length: bars }, () => 0)
  for (const n of lengths) {
    const bar = Math.min(bars - 1, Math.floor((n - 1) / width))
    rows[bar] = (rows[bar] ?? 0) + 1
  }
  const chosen = choose(facts, input.random)
  const order = [...new Set(picks.flatMap(pick => chosen[pick]))]
  const cut = facts.filter(f => f.truncated > 0).length
  return {
    ...about,
    version: 1,
    limit,
    rows: samples.length,
    looked: looked.length,
    learns,
    tokens: {
      total: facts.reduce((sum, f) => sum + f.tokens, 0),
      trained: facts.reduce((sum, f) => sum + f.trained, 0),
      median: at(0.5),
      p95: at(0.95),
      longest,
    },
    histogram: { width, rows },
    cut,
    ...judge(facts, input, { learns, cut, longest }),
    shown: order.map(i => shownRow(facts[i] as Facts, input)),
    picked: Object.fromEntries(
      picks.map(pick => [pick, chosen[pick].map(i => order.indexOf(i))]),
    ) as unknown as Inspection['picked'],
  }
}

interface Facts {
  readonly at: number
  readonly tokens: number
  readonly trained: number
  readonly truncated: number
  readonly ended: boolean
}

function factsOf(at: number, tokens: readonly MaskedToken[]): Facts {
  let [trained, truncated, ended] = [0, 0, false]
  tokens.forEach((token, i) => {
    if (token.kind === 'truncated') truncated++
    // The first token is never predicted.
    else if (token.kind === 'trained' && i > 0) {
      trained++
      ended ||= token.end === true
    }
  })
  return { at, tokens: tokens.length, trained, truncated, ended }
}

function choose(facts: readonly Facts[], random: (n: number) => number): { readonly [P in Pick]: readonly number[] } {
  const by = (compare: (a: Facts, b: Facts) => number) =>
    facts.map((_, i) => i).sort((a, b) => compare(facts[a] as Facts, facts[b] as Facts) || a - b)
  const longest = by((a, b) => b.tokens - a.tokens)
  const least = by((a, b) => a.trained - b.trained)
  const common = by((a, b) => a.tokens - b.tokens)[facts.length >> 1]
  const kinds = [
    facts.findIndex(f => f.truncated > 0 && f.trained > 0),
    facts.findIndex(f => f.trained === 0),
    common ?? -1,
    least.findLast(i => (facts[i] as Facts).truncated === 0) ?? -1,
    facts.findIndex(f => f.trained > 0 && !f.ended),
  ]
  return {
    each: [...new Set(kinds.filter(i => i >= 0))],
    longest: longest.slice(0, several),
    least: least.slice(0, several),
    random: facts.length === 0 ? [] : [...new Set(Array.from({ length: 6 }, () => random(facts.length)))],
  }
}

function shownRow({ at, ...counts }: Facts, { kind, samples, refs, files, encoding }: InspectInput): InspectedRow {
  const sample = samples[at] as Sample
  const { file, row } = refs[at] as RowRef
  const tokens = inspectRow(kind, sample, encoding)
  const prompt = sample.turns?.find(turn => turn.role === 'user')?.content ?? sample.text
  return {
    ...{ file: files[file]?.path ?? '', row, text: prompt.replace(/\s+/g, ' ').slice(0, 200) },
    ...{ tokens: counts.tokens, trained: counts.trained, truncated: counts.truncated },
    pieces: folded(tokens, encoding.limit),
  }
}

/** The beginning, what stands around the limit, and the end; each stretch between of one kind as its length. */
function folded(tokens: readonly MaskedToken[], limit: number): InspectedRow['pieces'] {
  const keep = (i: number) => i < ends || i >= tokens.length - ends / 4 || Math.abs(i - limit) <= ends / 8
  const out: (MaskedToken | { skipped: number; kind: MaskedToken['kind'] })[] = []
  tokens.forEach((token, i) => {
    const last = out.at(-1)
    if (keep(i)) out.push(token)
    else if (last && 'skipped' in last && last.kind === token.kind) last.skipped++
    else out.push({ skipped: 1, kind: token.kind })
  })
  return out
}

function judge(
  facts: readonly Facts[],
  { leaked, template, most, encoding }: InspectInput,
  { learns, cut, longest }: { readonly learns: Inspection['learns']; readonly cut: number; readonly longest: number },
): { readonly stops: readonly Stop[]; readonly checks: readonly Check[] } {
  const stops: Stop[] = []
  const checks: Check[] = []
  const rowsOf = (n: number) => counted(n, 'row')
  const all = facts.length
  if (learns === 'tokens') {
    const empty = facts.filter(f => f.trained === 0).length
    const ended = facts.filter(f => f.ended).length
    const longer: Fix | undefined =
      longest > encoding.limit && encoding.limit < most
        ? {
            ...{ kind: 'recipe', path: ['batch', 'tokens'], value: Math.min(most, longest) },
            label: `Take ${Math.min(most, longest)} tokens a row`,
          }
        : undefined
    if (ended === 0 && empty < all) {
      const own: Fix = { kind: 'recipe', label: 'Train the end token', path: ['chat', 'template'] }
      const fix = template === 'own' ? own : longer
      const message = 'The end token is masked in every row: the model would never learn to stop'
      stops.push({ code: 'end-never-trained', rows: all, message, ...(fix ? { fix } : {}) })
      checks.push({ state: 'bad', message: 'The end token is never trained' })
    } else if (empty < all)
      checks.push({ state: 'good', message: `The end token is trained in ${count(ended)} of ${rowsOf(all)}` })
    if (empty > 0) {
      const fix: Fix | undefined = empty < all ? { kind: 'leave-out', label: `Leave out ${rowsOf(empty)}` } : longer
      const message = `${rowsOf(empty)} ${empty === 1 ? 'has' : 'have'} no token to learn from`
      stops.push({ code: 'nothing-to-learn', rows: empty, message, ...(fix ? { fix } : {}) })
      checks.push({
        ...{ state: 'bad', show: 'least' },
        message: `${rowsOf(empty)} ${empty === 1 ? 'has' : 'have'} nothing to learn from`,
      })
    } else checks.push({ state: 'good', message: 'Every row has something to learn from' })
  } else checks.push({ state: 'good', message: 'Every row has an answer to learn' })
  if (cut > 0)
    checks.push({
      ...{ state: 'warning', show: 'longest' },
      message: `${rowsOf(cut)} ${cut === 1 ? 'loses its' : 'lose their'} end`,
    })
  else checks.push({ state: 'good', message: `Every row fits into ${encoding.limit} tokens` })
  checks.push(
    leaked > 0
      ? { state: 'warning', message: `${rowsOf(leaked)} of test or validation stand in training too` }
      : { state: 'good', message: 'No test row was found in training' },
  )
  const order = { bad: 0, warning: 1, good: 2 }
  return { stops, checks: checks.sort((a, b) => order[a.state] - order[b.state]) }
}
