import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import * as v from 'valibot'
import { Failure } from '../core/base/failure.ts'
import { nearestWord } from '../core/base/nearest.ts'
import { contaminationPresets } from '../core/check/contamination.ts'
import { severities } from '../core/check/finding.ts'
import { decodeAll } from '../core/text/decode.ts'
import { LineIndex } from '../core/text/lines.ts'
import { readSource, slashed } from './files.ts'

export const configName = 'winnow.json'

const files = v.pipe(
  v.union([v.string(), v.array(v.string())]),
  v.description('A file, or several, relative to winnow.json.'),
)
const column = (text: string) => v.optional(v.pipe(v.string(), v.description(text)))
const setting = v.picklist([...severities, 'off'])

/** The shape of `winnow.json`. `media/schema/winnow.schema.json` is printed from it. */
export const configSchema = v.strictObject({
  $schema: v.optional(v.string()),
  datasets: v.optional(
    v.pipe(
      v.array(
        v.strictObject({
          name: v.pipe(v.string(), v.minLength(1), v.description('What the dataset is called everywhere.')),
          splits: v.strictObject({
            train: v.optional(files),
            validation: v.optional(files),
            test: v.optional(files),
          }),
          roles: v.optional(
            v.pipe(
              v.strictObject({
                text: column('The column with the text.'),
                label: column('The column with the label.'),
                prompt: column('The column with the prompt or instruction.'),
                completion: column('The column with the answer to the prompt.'),
                messages: column('The column with the list of chat messages.'),
                chosen: column('The column with the preferred answer.'),
                rejected: column('The column with the answer that was not preferred.'),
                id: column('The column that identifies a row.'),
              }),
              v.description('Which column plays which part; what is not named is inferred.'),
            ),
          ),
          format: v.optional(
            v.pipe(
              v.strictObject({
                delimiter: v.optional(
                  v.pipe(v.string(), v.length(1), v.description('One character between the fields of CSV files.')),
                ),
                header: v.optional(
                  v.pipe(v.boolean(), v.description('Whether the first record of CSV files names the columns.')),
                ),
                quote: v.optional(
                  v.pipe(
                    v.string(),
                    v.maxLength(1),
                    v.description('The quote character of CSV files; empty for none.'),
                  ),
                ),
                row: v.optional(
                  v.pipe(
                    v.literal('file'),
                    v.description('"file": each text file is one row, labelled by the folder it lies in.'),
                  ),
                ),
              }),
              v.description('How files are read; what is not given is detected.'),
            ),
          ),
        }),
      ),
      v.description('The datasets of this workspace. Without it they are found by the names of files and folders.'),
    ),
  ),
  rules: v.optional(
    v.pipe(
      v.record(v.string(), v.union([setting, v.looseObject({ severity: v.optional(setting) })])),
      v.description('Settings by rule: a severity, "off", or an object with a severity and the options of the rule.'),
    ),
  ),
  contamination: v.optional(
    v.pipe(
      v.strictObject({
        files: v.pipe(
          v.array(v.string()),
          v.minLength(1),
          v.description('Benchmark files that training rows must not overlap with, relative to winnow.json.'),
        ),
        preset: v.optional(
          v.pipe(
            v.picklist(contaminationPresets),
            v.description(
              'How an overlap is defined: as for GPT-3, PaLM, GPT-4, or weighted by rarity. Default 13-gram.',
            ),
          ),
        ),
      }),
      v.description('Benchmarks to keep out of training data.'),
    ),
  ),
  profiles: v.optional(
    v.pipe(
      v.array(v.picklist(['c4', 'gopher', 'fineweb'])),
      v.description('Filters made for web pages, to hold every row to: their rules are off otherwise.'),
    ),
  ),
  gates: v.optional(
    v.pipe(
      v.array(
        v.strictObject({
          dataset: v.optional(v.pipe(v.string(), v.description('Only runs on this dataset count.'))),
          run: v.optional(
            v.pipe(
              v.string(),
              v.description('A run by its name or the beginning of its id; the newest where left out.'),
            ),
          ),
          metric: v.pipe(
            v.string(),
            v.description('A score of the run: accuracy, macroF1, mcc, entityF1, perplexity, …'),
          ),
          least: v.optional(v.pipe(v.number(), v.description('The score is at least this.'))),
          most: v.optional(
            v.pipe(v.number(), v.description('The score is at most this: losses, perplexities, errors.')),
          ),
          split: v.optional(
            v.pipe(v.picklist(['validation', 'test']), v.description('Scored on; test where left out.')),
          ),
          withoutLeaks: v.optional(
            v.pipe(v.boolean(), v.description('Judge it without the rows that leak from training.')),
          ),
        }),
      ),
      v.description('What a tuned model has to reach: test items in the editor, exit code 1 of winnow runs --gates.'),
    ),
  ),
  ignore: v.optional(
    v.pipe(v.string(), v.description('The file that lists ignored findings, relative to winnow.json.')),
  ),
})

export type Config = v.InferOutput<typeof configSchema>

/** A `winnow.json` that was read. `fail` makes the error for a value in it, with its line and column. */
export interface ConfigFile {
  readonly path: string
  /** The folder its paths are relative to. */
  readonly folder: string
  readonly config: Config
  fail(path: readonly (string | number)[], message: string, hint?: string): Failure
}

/** The nearest `winnow.json` at or above a folder; the search ends at a repository's root. */
export async function findConfig(folder: string): Promise<ConfigFile | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, configName))) return readConfig(join(at, configName))
    if (existsSync(join(at, '.git')) || dirname(at) === at) return undefined
  }
}

/** Reads and checks one `winnow.json` (comments and trailing commas are fine). Throws one `Failure` with file:line:column. */
export async function readConfig(path: string): Promise<ConfigFile> {
  const { bytes } = await readSource(path)
  return parseConfig(slashed(path), bytes)
}

/** As `readConfig`, of bytes. */
export function parseConfig(path: string, bytes: Uint8Array): ConfigFile {
  const text = decodeAll(bytes)
  const lines = new LineIndex(Buffer.from(text))
  const where = (offset: number) => {
    const place = lines.position(Buffer.byteLength(text.slice(0, offset)))
    return `${path}:${place.line + 1}:${place.column + 1}`
  }
  const errors: ParseError[] = []
  const tree = parseTree(text, errors, { allowTrailingComma: true })
  const error = errors[0]
  if (error || !tree) {
    const why = error
      ? printParseErrorCode(error.error)
          .replace(/([a-z])([A-Z])/g, '$1 $2')
          .toLowerCase()
      : 'the file is empty'
    throw new Failure('bad-config', `${where(error?.offset ?? 0)}: ${configName} is not JSON: ${why}`, 'Mend it there')
  }
  const fail = (keys: readonly (string | number)[], message: string, hint = '') =>
    new Failure('bad-config', `${where(nodeAt(tree, keys).offset)}: ${message}`, hint)
  if (tree.type !== 'object')
    throw fail([], `${configName} holds ${article(tree.type)}, expected an object`, 'Correct it')
  const result = v.safeParse(configSchema, plainValue(tree))
  if (!result.success) throw explain(result.issues[0], fail)
  const names = new Set<string>()
  for (const [d, dataset] of (result.output.datasets ?? []).entries()) {
    if (names.has(dataset.name))
      throw fail(['datasets', d, 'name'], `Two datasets are called ${dataset.name}`, 'Rename one')
    names.add(dataset.name)
  }
  return { path, folder: dirname(path), config: result.output, fail }
}

function article(type: string): string {
  return type === 'null' ? type : /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

function explain(issue: v.BaseIssue<unknown>, fail: ConfigFile['fail']): Failure {
  // Of a union the branch that came furthest knows best what was meant.
  let deepest = issue
  while (deepest.issues?.length) {
    const inner = deepest.issues.filter(i => i.path !== undefined)[0]
    if (!inner) break
    deepest = { ...inner, path: [...(deepest.path ?? []), ...(inner.path ?? [])] as typeof issue.path } as typeof issue
  }
  const keys = (deepest.path ?? []).map(item => item.key as string | number)
  const last = keys.at(-1)
  if (deepest.type === 'strict_object' && deepest.expected === 'never') {
    const known = knownKeys(keys.slice(0, -1))
    const near = nearestWord(String(last), known)
    return fail(keys, `Unknown key "${last}"`, near ? `Did you mean "${near}"?` : `Known keys: ${known.join(', ')}`)
  }
  if (deepest.received === 'undefined') return fail(keys.slice(0, -1), `The key "${last}" is missing`, 'Add it')
  const near = typeof deepest.input === 'string' ? nearestWord(deepest.input, [...severities, 'off']) : undefined
  const name = keys.join('.') || configName
  if (keys[0] === 'rules') {
    const hint = near ? `Did you mean "${near}"?` : `Use ${[...severities, 'off'].join(', ')} or an object`
    return fail(keys, `${name} is ${deepest.received}, which is no severity`, hint)
  }
  // Where the kind is right and the length is not, valibot tells nothing but numbers.
  if (deepest.type.endsWith('length')) {
    const bound = { min_length: 'at least ', max_length: 'at most ' }[deepest.type] ?? ''
    const what = `${typeof deepest.input === 'string' ? 'character' : 'value'}${deepest.requirement === 1 ? '' : 's'}`
    return fail(
      keys,
      `${name} is ${JSON.stringify(deepest.input)}, expected ${bound}${deepest.requirement} ${what}`,
      'Correct it',
    )
  }
  return fail(keys, `${name} is ${deepest.received}, expected ${deepest.expected ?? deepest.requirement}`, 'Correct it')
}

/** As the failure of a dataset that cannot be read, with the place in `winnow.json` where that names the file. */
export function failureIn(config: ConfigFile | undefined, error: Failure): Failure {
  if (!config || !['not-found', 'is-folder'].includes(error.code)) return error
  for (const [d, { splits }] of (config.config.datasets ?? []).entries())
    for (const [split, list = []] of Object.entries(splits))
      for (const [k, name] of (typeof list === 'string' ? [list] : list).entries()) {
        if (!error.message.startsWith(`${slashed(resolve(config.folder, name))} `)) continue
        const hint = /[*?]/.test(name) ? 'Name each file; patterns are not read here' : 'Correct it there'
        return config.fail(
          ['datasets', d, 'splits', split, ...(typeof list === 'string' ? [] : [k])],
          error.message,
          hint,
        )
      }
  return error
}

/** The keys that the schema knows at a place. */
function knownKeys(path: readonly (string | number)[]): string[] {
  // biome-ignore lint/suspicious/noExplicitAny: a walk over the schema's own untyped structure
  let schema: any = configSchema
  const open = () => {
    while (schema?.wrapped) schema = schema.wrapped
  }
  for (const key of path) {
    open()
    schema = typeof key === 'number' ? schema?.item : schema?.entries?.[key]
  }
  open()
  return Object.keys(schema?.entries ?? {}).filter(key => key !== '$schema')
}

/** The node of a path, or of as much of it as there is; for a property of that name, its key. */
function nodeAt(tree: Node, keys: readonly (string | number)[]): Node {
  for (let n = keys.length; n > 0; n--) {
    const node = findNodeAtLocation(tree, keys.slice(0, n))
    if (node) return node.parent?.type === 'property' ? (node.parent.children?.[0] ?? node) : node
  }
  return tree
}

function plainValue(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(plainValue)
  if (node.type !== 'object') return node.value
  const object: Record<string, unknown> = {}
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? []
    if (key && value)
      Object.defineProperty(object, key.value, {
        value: plainValue(value),
        enumerable: true,
        configurable: true,
        writable: true,
      })
  }
  return object
}
