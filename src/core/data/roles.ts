import type { Role, Roles } from './dataset.ts'
import { turnOf, turnsOf } from './messages.ts'
import { type Reading, readAtOnce } from './reading.ts'
import type { Table, Value } from './table.ts'

/** What the rows of a dataset are made for. */
export type Schema = 'classification' | 'chat' | 'preference' | 'prompt-completion' | 'text' | 'unknown'

/** Rows looked at, spread over all tables: enough for the share of distinct values, cheap for a million rows. */
const sampleRows = 20_000

const names: { readonly [R in Role]: RegExp } = {
  messages: /^(messages|conversations?|dialog(ue)?|chat|turns)$/i,
  chosen: /^(chosen(_(messages|response))?|preferred_output|response_chosen|accepted)$/i,
  rejected: /^(rejected(_(messages|response))?|non_preferred_output|response_rejected)$/i,
  prompt: /^(prompt|instruction|question|query|input|source|context|problem)$/i,
  completion: /^(completion|output|response|answer|target|reply|summary|solution|response_text|target_text)$/i,
  label:
    /^(label|labels|category|class|intent|target|sentiment|topic|emotion|tag|label_text|gold(_label)?|ground_truth|coarse_label|fine_label|rating|star|stars|y)$/i,
  text: /^(text|sentence|content|review|comment|tweet|utterance|query|question|message|body|document|article|description|abstract|headline|title|passage|premise|sentence1|input|prompt|news|news_title|review_text|review_body|tweet_text|x)$/i,
  id: /^(id|_id|idx|index|uid|uuid|guid|row_id|example_id|.*[_-]id)$/i,
}

/** Columns that tell where a row comes from: few values, and still no label. */
const description =
  /^(split|file|filename|path|images?|audios?|videos?|source|url|link|date|created|added|lang(uage)?|license|version|author|weight|.*_(split|file|path|row|copies|url|date))$/i

interface Column {
  readonly name: string
  rows: number
  strings: number
  numbers: number
  characters: number
  readonly distinct: Set<string>
  turns: number
  /** Cells that are arrays or objects. */
  lists: number
}

/**
 * Which column plays which part, from names first and content where names are silent. `given` always wins. A column is
 * a label by content when it has at most 20 % distinct values and fewer than 1,000, or at most 10 (the rule of the
 * Hugging Face dataset viewer), and its values repeat.
 */
export function inferRoles(tables: readonly Table[], given: Roles = {}): Roles {
  return readAtOnce(rolesOf(tables, given))
}

/** As `inferRoles`, in steps: the sample of a large file is read row by row. */
export function* rolesOf(tables: readonly Table[], given: Roles = {}): Reading<Roles> {
  const columns = yield* look(tables)
  const taken = new Set(Object.values(given))
  const free = () => columns.filter(column => !taken.has(column.name))
  const roles: { [R in Role]?: string } = {}
  const give = (role: Role, column: Column | undefined) => {
    if (!column || given[role] !== undefined) return
    roles[role] = column.name
    taken.add(column.name)
  }
  const named = (role: Role, fits: (column: Column) => boolean) => pick(free(), names[role], fits)

  give(
    'chosen',
    named('chosen', () => true),
  )
  give(
    'rejected',
    named('rejected', () => true),
  )
  const preference = has('chosen') && has('rejected')
  give('messages', free().find(isChat) ?? named('messages', column => column.lists > column.rows / 2))
  if (!has('messages') || preference) {
    if (!has('messages')) {
      const label = has('label') ? undefined : named('label', isNamedLabel)
      const completion = named('completion', column => isProse(column) && column !== label)
      const prompt = named('prompt', column => isText(column) && column !== completion)
      if (preference) give('prompt', prompt)
      else if (completion && prompt && (!(label && isLabel(label)) || isInstruction(prompt, completion))) {
        give('prompt', prompt)
        give('completion', completion)
      }
    }
  }
  const instructed = has('prompt') && has('completion')
  if (!preference) give('label', named('label', isNamedLabel))
  if (!preference && !instructed && !has('messages')) {
    give('text', named('text', column => isText(column) && !isLabel(column)) ?? named('text', isText))
    const prose = () => free().filter(column => isText(column) && !names.id.test(column.name))
    // A dataset has a text before it has a label: the longest column that is no certain label, or else the longest.
    const texts = prose().filter(column => !isCertainLabel(column))
    if (!has('text')) give('text', longest(texts.length ? texts : prose()))
    if (!has('label')) give('label', byLabel(free().filter(isLabel)) ?? free().find(one => isLabelList(one, columns)))
    // Numbers under this name are compared as what they are written.
    if (!has('text'))
      give(
        'text',
        named('text', column => /^(text|sentence|content)$/i.test(column.name) && column.lists === 0),
      )
  }
  give(
    'id',
    pick(free(), names.id, column => column.distinct.size === column.rows && mean(column) <= 64),
  )
  return { ...roles, ...given }

  function has(role: Role): boolean {
    return (given[role] ?? roles[role]) !== undefined
  }
}

/** The schema that the roles make. */
export function schemaOf(roles: Roles): Schema {
  if (roles.chosen && roles.rejected) return 'preference'
  if (roles.messages) return 'chat'
  if (roles.prompt && roles.completion) return 'prompt-completion'
  if (roles.text && roles.label) return 'classification'
  return roles.text || roles.prompt ? 'text' : 'unknown'
}

/**
 * What a row says, as one text: its `text`; else prompt and completion, or prompt, chosen and rejected; else the turns of
 * its messages, each on its own line. Undefined where the row is broken or has none of them.
 */
export function rowText(table: Table, row: number, roles: Roles): string | undefined {
  if (roles.text !== undefined) return table.text(row, roles.text)
  const parts: string[] = []
  for (const role of ['messages', 'prompt', 'completion', 'chosen', 'rejected'] as const) {
    const column = roles[role]
    if (column === undefined) continue
    const cell = table.cell(row, column)
    if (!cell) continue
    const turns = turnsOf(cell.value) ?? [turnOf(cell.value)].filter(turn => turn !== undefined)
    parts.push(turns.length ? turns.map(turn => turn.content).join('\n') : cell.text)
  }
  return parts.length ? parts.join('\n') : undefined
}

/** The texts of a table's rows by `rowText`, with their bytes where one column that stands there as it is tells them. */
export function textsOf(table: Table, roles: Roles) {
  const column = roles.text
  const plain = column === undefined ? undefined : plainTexts(table, column)
  return {
    rowCount: table.rowCount,
    text: (row: number) => rowText(table, row, roles),
    ...(plain ? { plain } : {}),
  }
}

/** Of a file that is not held, `bytes` are those that the last span was of: they are asked for after `span`. */
function plainTexts(table: Table, column: string) {
  if (!table.source.windows)
    return table.plainSpan && { bytes: table.source.bytes, span: (row: number) => table.plainSpan!(row, column) }
  let bytes: Uint8Array = new Uint8Array(0)
  return {
    get bytes() {
      return bytes
    },
    span(row: number) {
      const found = table.plainBytes?.(row, column)
      if (found) bytes = found.bytes
      return found?.span
    },
  }
}

/** The columns that `rowText` reads, in its order: where a finding about the whole text is shown is the first of them. */
export function textColumns(roles: Roles): string[] {
  if (roles.text !== undefined) return [roles.text]
  const order = ['messages', 'prompt', 'completion', 'chosen', 'rejected'] as const
  return order.flatMap(role => (roles[role] === undefined ? [] : [roles[role]]))
}

function* look(tables: readonly Table[]): Reading<Column[]> {
  const columns = new Map<string, Column>()
  const total = tables.reduce((sum, table) => sum + table.rowCount, 0)
  const step = Math.max(1, Math.floor(total / sampleRows))
  for (const table of tables) {
    // Wide tables (thousands of columns) are no text datasets; their first columns tell enough.
    const own = table.columns.slice(0, 64).map(name => {
      const column = columns.get(name) ?? newColumn(name)
      columns.set(name, column)
      return { column, values: 0 }
    })
    for (let row = 0, looked = 0; row < table.rowCount; row += step) {
      if (++looked % 64 === 0) yield { phase: 'roles', done: row, total: table.rowCount }
      for (const one of own) {
        const { column } = one
        const text = table.text(row, column.name)
        if (text === undefined || text === '') continue
        // The types of a few hundred values are telling; their texts are counted in all of the sample.
        if (one.values++ < 300) note(column, table.cell(row, column.name)?.value ?? null)
        column.rows++
        column.characters += text.length
        if (column.distinct.size <= sampleRows) column.distinct.add(text)
      }
    }
  }
  return [...columns.values()].filter(column => column.rows > 0)
}

function newColumn(name: string): Column {
  return { name, rows: 0, strings: 0, numbers: 0, characters: 0, distinct: new Set(), turns: 0, lists: 0 }
}

function note(column: Column, value: Value): void {
  if (typeof value === 'string') {
    if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(value.trim())) column.numbers++
    else column.strings++
  } else if (typeof value === 'number' || typeof value === 'boolean') column.numbers++
  else if (Array.isArray(value)) {
    column.lists++
    if (turnsOf(value)) column.turns++
  } else if (value !== null) column.lists++
}

/** The first column that the pattern names, in the order of its alternatives, so that `text` goes before `title`. */
function pick(columns: readonly Column[], pattern: RegExp, fits: (column: Column) => boolean): Column | undefined {
  const found = columns.filter(column => pattern.test(column.name) && fits(column))
  if (found.length < 2) return found[0]
  const order = pattern.source.slice(2, -2).split('|')
  const rank = (column: Column) => {
    const at = order.indexOf(column.name.toLowerCase())
    return at < 0 ? order.length : at
  }
  return found.sort((a, b) => rank(a) - rank(b))[0]
}

function byLabel(columns: readonly Column[]): Column | undefined {
  return [...columns].sort((a, b) => a.distinct.size / a.rows - b.distinct.size / b.rows)[0]
}

function longest(columns: readonly Column[]): Column | undefined {
  return [...columns].sort((a, b) => mean(b) - mean(a))[0]
}

function mean(column: Column): number {
  return column.characters / column.rows
}

const isChat = (column: Column) => column.turns > 0 && column.turns >= column.lists / 2
const isText = (column: Column) => column.strings > column.numbers && column.lists === 0
/** Free text rather than a choice: long, or hardly ever the same twice. */
const isProse = (column: Column) => isText(column) && (mean(column) > 30 || column.distinct.size > column.rows / 2)
const isShort = (column: Column) => mean(column) <= 80 && column.lists === 0
/** Several labels a row: a list of a few choices. Lists as long as one of words are labels of these (`tokens`, `ner_tags`). */
const isLabelList = (column: Column, all: readonly Column[]) =>
  /^(labels?|categor(y|ies)|class(es)?|topics?|tags?|genres?|emotions?|intents?)$/i.test(column.name) &&
  column.lists > 0 &&
  column.turns === 0 &&
  mean(column) <= 200 &&
  column.distinct.size < column.rows &&
  !all.some(other => other.lists > 0 && /^(tokens?|words)$/i.test(other.name))
const isLabel = (column: Column) =>
  isShort(column) &&
  !description.test(column.name) &&
  column.distinct.size > 1 &&
  column.distinct.size < column.rows &&
  (column.distinct.size <= 10 || (column.distinct.size <= column.rows / 5 && column.distinct.size < 1000))
/** Named as only instructions and their answers are: a label beside them tells of what kind they are, or whether they are good. */
const isInstruction = (prompt: Column, completion: Column) =>
  /^(instruction|prompt)$/i.test(prompt.name) &&
  /^(completion|output|response|response_text|reply)$/i.test(completion.name)
/** What a name alone makes a label; `target` and its like are as often the text to write, so there the values decide. */
const isNamedLabel = (column: Column) =>
  isShort(column) &&
  !isEachItsOwn(column) &&
  (!/^(target|ground_truth|tag|topic)$/i.test(column.name) || isLabel(column) || !isProse(column))
/** Words of which nearly every row has its own name the row. */
const isEachItsOwn = (column: Column) =>
  column.rows >= 50 && column.strings > column.numbers && column.distinct.size > column.rows * 0.9
/** A label even where nothing is known about the rest: enough rows, and few values among them. */
const isCertainLabel = (column: Column) =>
  isLabel(column) && column.rows >= 50 && column.distinct.size <= column.rows / 5
