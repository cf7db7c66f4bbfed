import { type Turn, turnsOf } from '../../data/messages.ts'
import type { Table, Value } from '../../data/table.ts'
import { type Columns, findColumn, needColumn } from './columns.ts'
import type { Unusable } from './sample.ts'
import { brokenRow, cellValue, emptyText, parsedJson, type Sample, unusable } from './sample.ts'
import type { TaskKind } from './task.ts'

/** What files call the parties, by the names that chat templates know. */
const roles: Readonly<Record<string, string>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  prompter: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bot: 'assistant',
  model: 'assistant',
  function_call: 'assistant',
  tool: 'tool',
  function: 'tool',
  observation: 'tool',
  ipython: 'tool',
}

/** Messages, or prompt and completion with what alpaca puts beside them. */
export const conversationColumns: TaskKind['columns'] = (tables, given, dataset) => {
  const search = { tables, given, dataset }
  if (given.messages !== undefined) {
    const messages = needColumn(search, 'messages')
    const tools = findColumn({ ...search, given: { ...given, messages } }, 'tools')
    return { messages, ...(tools === undefined ? {} : { tools }) }
  }
  const own = { prompt: needColumn(search, 'prompt'), completion: needColumn(search, 'completion') }
  const rest = { tables, dataset, given: { ...given, ...own } }
  const [input, system] = [findColumn(rest, 'input'), findColumn(rest, 'system')]
  return { ...own, ...(input === undefined ? {} : { input }), ...(system === undefined ? {} : { system }) }
}

/**
 * A row as a conversation: OpenAI messages, ShareGPT, alpaca, prompt and completion (texts, or lists of messages). It ends
 * with a turn of the assistant; what comes after the last one is left out.
 */
export function readConversation(table: Table, row: number, columns: Columns): Sample | Unusable {
  if (table.broken(row)) return brokenRow
  const read = columns.messages === undefined ? turnsOfPrompt(table, row, columns) : turnsOfCell(table, row, columns)
  if ('rule' in read) return read
  const turns: Turn[] = []
  for (const turn of read) {
    const role = roles[turn.role.toLowerCase()]
    if (role === undefined) return unusable('unknown-role', `nobody knows the role "${turn.role}"`)
    if (turn.other && !turn.calls) return unusable('not-text', `a turn of ${role} says something that is no text`)
    const { other: _, calls, ...rest } = turn
    const called = calls ?? (turn.role === 'function_call' ? callOf(turn.content) : undefined)
    turns.push({
      ...rest,
      role,
      ...(called ? { content: calls ? turn.content : '', calls: called.map(plainCall) } : {}),
    })
  }
  const last = turns.findLastIndex(turn => turn.role === 'assistant')
  if (last < 0) return unusable('no-answer', 'the assistant says nothing')
  const kept = turns.slice(0, last + 1)
  const answers = kept.filter(turn => turn.role === 'assistant')
  if (answers.every(turn => saidBy(turn).trim() === '')) return unusable('no-answer', 'the answer is empty')
  const tools = columns.tools === undefined ? undefined : cellValue(table, row, columns.tools)
  return {
    text: kept.slice(0, -1).map(saidBy).join('\n'),
    gold: saidBy(answers.at(-1) as Turn),
    turns: kept,
    ...(Array.isArray(tools) && tools.length > 0 ? { tools } : {}),
  }
}

/** What a turn says, its calls as most templates write them. */
function saidBy({ content, calls = [] }: Turn): string {
  const called = calls.map(call => `<tool_call>\n${spaced(functionOf(call) ?? call)}\n</tool_call>`)
  return [...(content.trim() === '' && called.length > 0 ? [] : [content]), ...called].join('\n')
}

/** JSON with a blank after commas and colons, as templates and so models write it. */
function spaced(value: Value): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(spaced).join(', ')}]`
  const parts = Object.entries(value).map(([key, part]) => `${JSON.stringify(key)}: ${spaced(part)}`)
  return `{${parts.join(', ')}}`
}

/** A call as templates expect it: arguments as values, also where a file has them as text. */
function plainCall(call: Value): Value {
  const called = functionOf(call)
  if (!called || typeof called['arguments'] !== 'string') return call
  const given = parsedJson(called['arguments'])
  const plain = given === undefined ? called : { ...called, arguments: given }
  return (call as Called).function === undefined ? plain : { ...(call as Called), function: plain }
}

interface Called {
  readonly [key: string]: Value
}

/** Name and arguments of a call. */
function functionOf(call: Value): Called | undefined {
  if (typeof call !== 'object' || call === null || Array.isArray(call)) return undefined
  const called = (call as Called)['function'] ?? call
  return typeof called === 'object' && called !== null && !Array.isArray(called) ? (called as Called) : undefined
}

/** ShareGPT writes a call as text. */
function callOf(text: string): Value[] | undefined {
  const value = parsedJson(text)
  const calls = Array.isArray(value) ? value : value === undefined ? [] : [value]
  const named = (calls as Value[]).flatMap(call =>
    typeof functionOf(call)?.['name'] === 'string' ? [functionOf(call) as Called] : [],
  )
  return named.length > 0 && named.length === calls.length
    ? named.map(called => ({ type: 'function', function: called }))
    : undefined
}

function turnsOfCell(table: Table, row: number, columns: Columns): readonly Turn[] | Unusable {
  const value = cellValue(table, row, columns.messages as string)
  return (value !== undefined && turnsOf(value)) || unusable('empty-field', 'there are no messages')
}

function turnsOfPrompt(table: Table, row: number, columns: Columns): readonly Turn[] | Unusable {
  const side = (column: string, role: string): readonly Turn[] => {
    const value = cellValue(table, row, column)
    const turns = value === undefined ? undefined : turnsOf(value)
    return turns ?? [{ role, content: table.text(row, column) ?? '' }]
  }
  const text = (column: string | undefined) => (column === undefined ? '' : (table.text(row, column) ?? ''))
  const prompt = side(columns.prompt as string, 'user')
  const completion = side(columns.completion as string, 'assistant')
  if (prompt.every(turn => turn.content.trim() === '')) return emptyText
  const [input, system] = [text(columns.input), text(columns.system)]
  const asked = prompt.map((turn, i) =>
    i === prompt.length - 1 && input.trim() !== '' ? { ...turn, content: `${turn.content}\n\n${input}` } : turn,
  )
  return [...(system.trim() === '' ? [] : [{ role: 'system', content: system }]), ...asked, ...completion]
}
