import { Failure } from '../../base/failure.ts'
import type { Table } from '../../data/table.ts'

/** The parts that columns play for the tasks, beyond the roles that checking knows. */
export const columnParts = [
  'text',
  'label',
  'pair',
  'words',
  'tags',
  'spans',
  'prompt',
  'input',
  'completion',
  'messages',
  'system',
  'tools',
] as const
/** One of `columnParts`. */
export type ColumnPart = (typeof columnParts)[number]
/** Which column plays which part. */
export type Columns = { readonly [P in ColumnPart]?: string }

/** How people call columns of the parts that no role finds. */
const usual: { readonly [P in ColumnPart]?: RegExp } = {
  // Lists of labels are no label that checking knows.
  label: /^(labels?|categories|topics|emotions|tags|genres)$/i,
  pair: /^(pair|text[_-]?(b|2|pair)|sentence[_-]?(b|2)|hypothesis|question[_-]?2|passage|context|second|premise)$/i,
  words: /^(words|tokens)$/i,
  tags: /^(tags|ner_tags|ner|pos_tags|chunk_tags|labels?)$/i,
  spans: /^(spans|entities|annotations)$/i,
  input: /^input$/i,
  system: /^(system|system_prompt)$/i,
  tools: /^(tools|functions)$/i,
}

const whats: { readonly [P in ColumnPart]: string } = {
  text: 'the text',
  label: 'the label',
  pair: 'the second text',
  words: 'the words',
  tags: 'the tags of the words',
  spans: 'the spans of the text',
  prompt: 'the prompt',
  input: 'the input',
  completion: 'the completion',
  messages: 'the messages',
  system: 'the system message',
  tools: 'the tools',
}

/** What a search for columns needs. */
export interface ColumnSearch {
  /** The training tables. */
  readonly tables: readonly Table[]
  /** What the recipe, `winnow.json` or the content said. */
  readonly given: Columns
  /** The dataset's name, for messages. */
  readonly dataset: string
}

/** All columns of the tables, in order of appearance. */
export const allColumns = (tables: readonly Table[]): string[] => [...new Set(tables.flatMap(t => t.columns))]

/** The column of a part, where it was given or has a usual name that no other part took. */
export function findColumn({ tables, given }: ColumnSearch, part: ColumnPart): string | undefined {
  const columns = allColumns(tables)
  const own = given[part]
  if (own !== undefined) return columns.includes(own) ? own : undefined
  const taken = new Set(Object.values(given))
  return columns.find(name => !taken.has(name) && usual[part]?.test(name))
}

/** The column of a part. Throws `Failure` (`no-<part>`) with the columns that there are. */
export function needColumn(search: ColumnSearch, part: ColumnPart): string {
  const found = findColumn(search, part)
  if (found !== undefined) return found
  const { tables, given, dataset } = search
  const columns = allColumns(tables)
  const has = `Its columns: ${columns.slice(0, 20).join(', ')}${columns.length > 20 ? ', …' : ''}`
  const own = given[part]
  throw new Failure(
    `no-${part}`,
    own === undefined
      ? `No column of ${dataset} was recognised as ${whats[part]}`
      : `The training split of ${dataset} has no column "${own}"`,
    `Name it in the recipe: "data": { "${part}": "…" }. ${has}`,
  )
}
