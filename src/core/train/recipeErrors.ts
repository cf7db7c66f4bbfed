import type * as v from 'valibot'
import { Failure } from '../base/failure.ts'
import { nearestWord } from '../base/nearest.ts'

type Issue = v.BaseIssue<unknown>

/** What is wrong with a recipe, as one `Failure` (`bad-recipe`) that names the key and, where there is one, the nearest valid word. */
export function recipeFailure(
  issues: readonly [Issue, ...Issue[]],
  { schema, value, where }: { readonly schema: unknown; readonly value: unknown; readonly where: string },
): Failure {
  // An unknown key first: where a key is misspelt, that the right one is missing says less.
  let issue: Issue = issues.find(i => i.expected === 'never') ?? issues[0]
  const keys = (issue.path ?? []).map(part => String(part.key))
  // Of a union take the branch that came further, as an item inside a list.
  for (let inner = deeper(issue); inner; inner = deeper(issue)) {
    issue = inner
    keys.push(...(inner.path ?? []).map(part => String(part.key)))
  }
  const at = keys.join('.')
  const last = keys.at(-1) ?? ''
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const valid = keysAt(schema, keys.slice(0, -1), value)
    const near = nearestWord(last, valid)
    const hint = near ? `Did you mean ${JSON.stringify(near)}?` : `Valid here: ${valid.join(', ')}`
    return new Failure('bad-recipe', `${where}: unknown key ${JSON.stringify(at)}`, hint)
  }
  if (issue.received === 'undefined') return new Failure('bad-recipe', `${where}: ${JSON.stringify(at)} is missing`)
  const expected = plain(issue)
  const options = [...(issue.expected ?? '').matchAll(/"([^"]*)"/g)].map(m => m[1] as string)
  const near = typeof issue.input === 'string' ? nearestWord(issue.input, options) : undefined
  return new Failure(
    'bad-recipe',
    `${where}: ${at ? JSON.stringify(at) : 'a recipe'} must be ${expected}, not ${short(issue.input)}`,
    near ? `Did you mean ${JSON.stringify(near)}?` : '',
  )
}

const deeper = (issue: Issue) => (issue.type === 'union' ? issue.issues?.find(i => i.path !== undefined) : undefined)

const short = (input: unknown): string => {
  const text = JSON.stringify(input) ?? String(input)
  return text.length > 40 ? `${text.slice(0, 37)}...` : text
}

/** What valibot expected, in words. */
function plain(issue: Issue): string {
  const { type, expected, requirement } = issue as Issue & { requirement?: unknown }
  switch (type) {
    case 'integer':
      return 'a whole number'
    case 'min_value':
      return `at least ${requirement}`
    case 'max_value':
      return `at most ${requirement}`
    case 'gt_value':
      return `above ${requirement}`
    case 'lt_value':
      return `below ${requirement}`
    case 'non_empty':
    case 'min_length':
      return 'not empty'
    default:
      return (expected ?? 'something else')
        .replace(/\bObject\b/g, 'an object')
        .replace(/\bArray\b/g, 'a list')
        .replace(/\bnumber\b/g, 'a number')
        .replace(/\bstring\b/g, 'text')
        .replace(/\bboolean\b/g, 'true or false')
        .replace(/^\((.*)\)$/, '$1')
        .replace(/ \| /g, ' or ')
  }
}

type Entries = Readonly<Record<string, unknown>>
interface AnySchema {
  readonly type: string
  readonly entries?: Entries
  readonly wrapped?: AnySchema
  readonly options?: readonly AnySchema[]
}

/** The keys that are valid at a path of the schema; of a variant, those of the option that `value` chose. */
function keysAt(schema: unknown, path: readonly string[], value: unknown): string[] {
  let here = schema as AnySchema
  let input = value as Record<string, unknown> | undefined
  const choose = (s: AnySchema): AnySchema => {
    if (s.wrapped) return choose(s.wrapped)
    if (s.type !== 'variant') return s
    const kinds = s.options ?? []
    const literal = (o: AnySchema) => {
      const kind = o.entries?.['kind'] as { literal?: unknown; wrapped?: { literal?: unknown } } | undefined
      return kind?.wrapped?.literal ?? kind?.literal
    }
    return kinds.find(o => literal(o) === input?.['kind']) ?? (kinds[0] as AnySchema)
  }
  here = choose(here)
  for (const key of path) {
    input = input?.[key] as Record<string, unknown> | undefined
    here = choose(here.entries?.[key] as AnySchema)
  }
  return Object.keys(here.entries ?? {}).filter(key => !key.startsWith('$'))
}
