import { type Turn, turnsOf } from '../../data/messages.ts'
import type { Table } from '../../data/table.ts'
import { type Columns, findColumn, needColumn } from './columns.ts'
import type { Unusable } from './sample.ts'
import { brokenRow, cellValue, emptyText, type Sample, unusable } from './sample.ts'
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
  if (given.messages !== undefined) return { messages: needColumn(search, 'messages') }
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
    if (turn.other) return unusable('not-text', `a turn of ${role} says something that is no text`)
    turns.push({ role, content: turn.content })
  }
  const last = turns.findLastIndex(turn => turn.role === 'assistant')
  if (last < 0) return unusable('no-answer', 'the assistant says nothing')
  const kept = turns.slice(0, last + 1)
  const answers = kept.filter(turn => turn.role === 'assistant')
  if (answers.every(turn => turn.content.trim() === '')) return unusable('no-answer', 'the answer is empty')
  return {
    text: kept
      .slice(0, -1)
      .map(turn => turn.content)
      .join('\n'),
    gold: (answers.at(-1) as Turn).content,
    turns: kept,
  }
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
