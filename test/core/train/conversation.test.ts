import { describe, expect, test } from 'vitest'
import { parseTable } from '../../../src/core/data/formats.ts'
import { inferRoles } from '../../../src/core/data/roles.ts'
import { instruction } from '../../../src/core/train/tasks/instruction.ts'
import { isUnusable, type Sample } from '../../../src/core/train/tasks/sample.ts'
import { taskOf, tasks } from '../../../src/core/train/tasks.ts'

const tableOf = (rows: readonly unknown[]) =>
  parseTable({
    uri: '/d/train.jsonl',
    version: 0,
    bytes: Buffer.from(rows.map(row => `${JSON.stringify(row)}\n`).join('')),
    encoding: 'utf-8',
    bom: false,
  })

function read(rows: readonly Record<string, unknown>[], task = instruction) {
  const table = tableOf(rows)
  const columns = task.columns([table], inferRoles([table]), 'd')
  return rows.map((_, row) => task.read(table, row, columns))
}
const turns = (sample: ReturnType<typeof read>[number] | undefined) =>
  (sample as Sample).turns?.map(turn => `${turn.role}: ${turn.content}`)

describe('conversations from every usual file', () => {
  const long = 'It is a long answer that nobody would take for a label.'
  test('OpenAI messages, ShareGPT, alpaca, prompt and completion', () => {
    const said = ['user: Who?', `assistant: ${long}`]
    expect(
      turns(
        read([
          {
            messages: [
              { role: 'user', content: 'Who?' },
              { role: 'assistant', content: long },
            ],
          },
        ])[0],
      ),
    ).toEqual(said)
    expect(
      turns(
        read([
          {
            conversations: [
              { from: 'human', value: 'Who?' },
              { from: 'gpt', value: long },
            ],
          },
        ])[0],
      ),
    ).toEqual(said)
    expect(turns(read([{ prompt: 'Who?', completion: long }])[0])).toEqual(said)
    expect(turns(read([{ question: 'Who?', answer: long }])[0])).toEqual(said)
    const alpaca = [
      { instruction: 'Add.', input: '1 and 2', output: long, system: 'Be kind.' },
      { instruction: 'Sing.', input: '', output: `${long} La.`, system: '' },
    ]
    const [first, second] = read(alpaca)
    expect(turns(first)).toEqual(['system: Be kind.', 'user: Add.\n\n1 and 2', `assistant: ${long}`])
    expect(turns(second)).toEqual(['user: Sing.', `assistant: ${long} La.`])
  })

  test('what comes after the last answer is left out; rows without one say why', () => {
    const chat = (...list: readonly (readonly [string, string])[]) => ({
      messages: list.map(([role, content]) => ({ role, content })),
    })
    const [cut, none, blank, unknown] = read([
      chat(['user', 'a'], ['assistant', 'b'], ['user', 'c']),
      chat(['user', 'a']),
      chat(['user', 'a'], ['assistant', ' ']),
      chat(['user', 'a'], ['narrator', 'b'], ['assistant', 'c']),
    ])
    expect(turns(cut)).toEqual(['user: a', 'assistant: b'])
    for (const [row, rule] of [
      [none, 'no-answer'],
      [blank, 'no-answer'],
      [unknown, 'unknown-role'],
    ] as const)
      expect(row).toMatchObject({ rule })
  })
})

test('calls of tools: lists, the older form, ShareGPT; arguments as text become values; pictures are refused', () => {
  const call = { type: 'function', function: { name: 'stock', arguments: { item: 'lamp' } } }
  const asText = { ...call, function: { ...call.function, arguments: '{"item": "lamp"}' } }
  const ask = { role: 'user', content: 'How many?' }
  const answer = { role: 'assistant', content: 'Four of them are left in the shop.' }
  const tool = { role: 'tool', content: '4', tool_call_id: 'a1', name: 'stock' }
  const rows = read([
    {
      messages: [ask, { role: 'assistant', content: null, tool_calls: [asText] }, tool, answer],
      tools: [{ type: 'function' }],
    },
    { messages: [ask, { role: 'assistant', content: null, function_call: asText.function }, tool, answer], tools: [] },
    { messages: [ask, { role: 'assistant', content: 'I look.', tool_calls: [call] }], tools: '[{"type": "function"}]' },
    { messages: [ask, { role: 'assistant', content: [{ type: 'image_url' }], tool_calls: [call] }], tools: null },
  ]) as Sample[]
  for (const row of rows.slice(0, 2))
    expect(row.turns?.[1]).toMatchObject({ role: 'assistant', content: '', calls: [call] })
  expect(rows[0]?.turns?.[2]).toEqual({ role: 'tool', content: '4', name: 'stock', call: 'a1' })
  expect(rows.map(row => row.tools?.length)).toEqual([1, undefined, 1, undefined])
  // What should be said, as models write it.
  expect(rows[2]?.gold).toBe('I look.\n<tool_call>\n{"name": "stock", "arguments": {"item": "lamp"}}\n</tool_call>')
  expect(rows[3]).toMatchObject({ rule: 'not-text' })
  const [shared] = read([
    {
      conversations: [
        { from: 'human', value: 'How many?' },
        { from: 'function_call', value: '{"name": "stock", "arguments": {"item": "lamp"}}' },
        { from: 'observation', value: '4' },
        { from: 'gpt', value: answer.content },
      ],
    },
  ]) as Sample[]
  expect(shared?.turns?.map(turn => turn.role)).toEqual(['user', 'assistant', 'tool', 'assistant'])
  expect(shared?.turns?.[1]?.calls).toEqual([call])
})

describe('rows of the other tasks', () => {
  test('words with tags, and spans of a text, are the same thing', () => {
    const kind = taskOf('token-classification')
    const [tagged] = read([{ tokens: ['Ada', 'Love', 'was', 'here'], ner_tags: ['B-P', 'I-P', 'O', 'O'] }], kind)
    const [spanned] = read([{ text: 'Ada Love was here', spans: [{ start: 0, end: 8, label: 'P' }] }], kind)
    for (const row of [tagged, spanned]) {
      expect((row as Sample).words).toEqual(['Ada', 'Love', 'was', 'here'])
      expect((row as Sample).tags).toEqual(['B-P', 'I-P', 'O', 'O'])
    }
    const odd = read(
      [
        { tokens: ['a', 'b'], ner_tags: ['O'] },
        { tokens: ['a'], ner_tags: ['O'] },
      ],
      kind,
    )
    expect(odd.map(isUnusable)).toEqual([true, false])
  })

  test('labels as a list, as JSON in text, and between commas', () => {
    const kind = taskOf('multi-label')
    const rows = read(
      [
        { text: 'one', labels: ['b', 'a'] },
        { text: 'two', labels: '["a"]' },
        { text: 'three', labels: 'a, b' },
        { text: 'four', labels: [] },
      ],
      kind,
    )
    expect(rows.map(row => (row as Sample).labels)).toEqual([['b', 'a'], ['a'], ['a', 'b'], []])
  })

  test('a number that is none, and a pair of which one half is missing', () => {
    const numbers = read(
      [
        { text: 'a b c', label: '1.5' },
        { text: 'd e f', label: 'many' },
      ],
      taskOf('regression'),
    )
    expect(numbers).toMatchObject([{ value: 1.5 }, { rule: 'not-a-number' }])
    const pairs = read(
      [
        { sentence1: 'a', sentence2: 'b', label: 'x' },
        { sentence1: 'a', sentence2: '', label: 'y' },
      ],
      taskOf('pair'),
    )
    expect(pairs).toMatchObject([{ pair: 'b' }, { rule: 'empty-field' }])
  })

  test('a column that is missing is named, with those that there are', () => {
    for (const kind of tasks)
      expect(() => kind.columns([tableOf([{ a: 1, b: 2 }])], {}, 'd'), kind.name).toThrow(
        /No column of d was recognised/,
      )
  })
})
