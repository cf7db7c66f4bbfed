import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseTable } from '../../../src/core/data/formats.ts'
import { inferRoles, rowText, schemaOf, textColumns } from '../../../src/core/data/roles.ts'
import type { Table } from '../../../src/core/data/table.ts'
import { sourceOf } from './source.ts'

const jsonl = (rows: unknown[]): Table =>
  parseTable(sourceOf('/d/train.jsonl', rows.map(row => JSON.stringify(row)).join('\n')))
const csv = (text: string): Table => parseTable(sourceOf('/d/train.csv', text))
const many = (row: (i: number) => unknown): Table => jsonl(Array.from({ length: 60 }, (_, i) => row(i)))
const words = (i: number) => `this is sentence number ${i} about ${['cards', 'cash', 'loans'][i % 3]}`

describe('inferRoles', () => {
  test.each<[string, Table, object, string]>([
    ['text and label by name', csv('text,label\na b,x\nc d,y\n'), { text: 'text', label: 'label' }, 'classification'],
    [
      'names of other sets',
      csv('utterance,intent\na b,x\nc d,y\n'),
      { text: 'utterance', label: 'intent' },
      'classification',
    ],
    ['by content', many(i => ({ foo: words(i), bar: `k${i % 4}` })), { text: 'foo', label: 'bar' }, 'classification'],
    [
      'few rows by content',
      jsonl([
        ['some words here', 'x'],
        ['some words here', 'x'],
        ['other words', 'y'],
      ]),
      { text: '0', label: '1' },
      'classification',
    ],
    ['arrays by content', many(i => [words(i), `k${i % 4}`]), { text: '0', label: '1' }, 'classification'],
    [
      'question and label',
      many(i => ({ question: words(i), label: i % 5 })),
      { text: 'question', label: 'label' },
      'classification',
    ],
    [
      'label and its text',
      many(i => ({ text: words(i), label: i % 2, label_text: `k${i % 2}` })),
      { text: 'text', label: 'label' },
      'classification',
    ],
    ['an id', many(i => ({ id: `row-${i}`, text: words(i) })), { text: 'text', id: 'id' }, 'text'],
    [
      'metadata is no label',
      many(i => ({ text: words(i), source: `web${i % 2}`, split: 'train' })),
      { text: 'text' },
      'text',
    ],
    [
      'question and answer',
      many(i => ({ question: words(i), answer: `the answer is, in words, ${i}` })),
      { prompt: 'question', completion: 'answer' },
      'prompt-completion',
    ],
    [
      'alpaca',
      many(i => ({ instruction: words(i), input: '', output: `well, ${words(i)}` })),
      { prompt: 'instruction', completion: 'output' },
      'prompt-completion',
    ],
    ['chat', many(i => ({ messages: [{ role: 'user', content: words(i) }] })), { messages: 'messages' }, 'chat'],
    [
      'sharegpt',
      many(i => ({ conversations: [{ from: 'human', value: words(i) }] })),
      { messages: 'conversations' },
      'chat',
    ],
    ['chat under any name', many(i => ({ foo: [{ role: 'user', content: words(i) }] })), { messages: 'foo' }, 'chat'],
    [
      'preference',
      many(i => ({ prompt: words(i), chosen: 'yes', rejected: 'no' })),
      { prompt: 'prompt', chosen: 'chosen', rejected: 'rejected' },
      'preference',
    ],
    [
      'preference over chat',
      many(i => ({
        conversations: [{ from: 'human', value: words(i) }],
        chosen: { from: 'gpt', value: 'a' },
        rejected: { from: 'gpt', value: 'b' },
      })),
      { messages: 'conversations', chosen: 'chosen', rejected: 'rejected' },
      'preference',
    ],
    [
      'KTO',
      many(i => ({ messages: [{ role: 'user', content: words(i) }], label: i % 2 === 0 })),
      { messages: 'messages', label: 'label' },
      'chat',
    ],
    [
      'instructions of kinds',
      many(i => ({ instruction: words(i), context: i % 2 ? words(i) : '', response: words(i), category: `k${i % 4}` })),
      { prompt: 'instruction', completion: 'response', label: 'category' },
      'prompt-completion',
    ],
    [
      'KTO in columns',
      many(i => ({ prompt: words(i), completion: words(i), label: i % 2 === 0 })),
      { prompt: 'prompt', completion: 'completion', label: 'label' },
      'prompt-completion',
    ],
    [
      'lists of labels',
      many(i => ({ text: words(i), labels: i % 2 ? ['a'] : ['a', `k${i % 3}`] })),
      { text: 'text', label: 'labels' },
      'classification',
    ],
    ['labels of words', many(i => ({ tokens: [words(i), 'x'], labels: [i % 2, 1] })), {}, 'unknown'],
    [
      'a body rather than its title',
      many(i => ({ title: `Report ${i % 3}`, abstract: words(i), category: `k${i % 4}` })),
      { text: 'abstract', label: 'category' },
      'classification',
    ],
    ['a name of each row is no label', many(i => ({ text: words(i), label: `t${i}` })), { text: 'text' }, 'text'],
    [
      'numbers called text',
      csv(`text,label\n${'1,a\n22,b\n3,a\n'.repeat(9)}`),
      { text: 'text', label: 'label' },
      'classification',
    ],
    ['one column with few values', csv('foo\na\nb\na\nb\na\n'), { text: 'foo' }, 'text'],
    ['nothing', csv(''), {}, 'unknown'],
  ])('%s', (_, table, roles, schema) => {
    expect(inferRoles([table])).toEqual(roles)
    expect(schemaOf(inferRoles([table]))).toBe(schema)
  })

  test('what is given wins, and the rest is inferred around it', () => {
    const table = csv('text,title,label\na b,t u,x\nc d,v w,y\n')
    expect(inferRoles([table], { text: 'title' })).toEqual({ text: 'title', label: 'label' })
  })

  test('all tables count, and a broken row or a missing column does not matter', () => {
    const without = jsonl([{ text: 'only a text' }])
    const broken = parseTable(sourceOf('/d/test.jsonl', '{"text"\n{"text": "a b", "label": "x"}'))
    expect(inferRoles([without, broken])).toEqual({ text: 'text', label: 'label' })
  })
})

describe('rowText', () => {
  test('the text; prompt and completion; the turns of a chat', () => {
    expect(rowText(jsonl([{ text: 'a', label: 'x' }]), 0, { text: 'text', label: 'label' })).toBe('a')
    const pair = jsonl([{ prompt: 'a', completion: 'b' }])
    expect(rowText(pair, 0, { prompt: 'prompt', completion: 'completion' })).toBe('a\nb')
    const chat = jsonl([
      {
        m: [
          { role: 'user', content: 'hi' },
          { role: 'assistant', content: [{ type: 'text', text: 'yes' }] },
        ],
      },
    ])
    expect(rowText(chat, 0, { messages: 'm' })).toBe('hi\nyes')
    const preference = jsonl([
      {
        conversations: [{ from: 'human', value: 'q' }],
        chosen: { from: 'gpt', value: 'a' },
        rejected: { from: 'gpt', value: 'b' },
      },
    ])
    const roles = inferRoles([preference])
    expect(rowText(preference, 0, roles)).toBe('q\na\nb')
    expect(textColumns(roles)).toEqual(['conversations', 'chosen', 'rejected'])
    expect(rowText(parseTable(sourceOf('/d/x.jsonl', '{"a"')), 0, { text: 'text' })).toBeUndefined()
  })
})

const shared = new URL('../../../../shared/data', import.meta.url).pathname
describe.skipIf(!existsSync(shared))('real data (needs ../shared/data)', () => {
  test.each([
    ['banking77/train.csv', { text: 'text', label: 'category' }],
    ['gsm8k/train.jsonl', { prompt: 'question', completion: 'answer' }],
    ['african-noisy/hausa_newsclass/dev.tsv', { text: 'news_title', label: 'label' }],
    ['african-noisy/hausa_newsclass/train_noisy.tsv', { text: 'news_title', label: 'label' }],
    ['chat-and-preference/c4_demo.jsonl', { text: 'text' }],
    ['chat-and-preference/v1_sft_demo.jsonl', { messages: 'messages' }],
    ['chat-and-preference/v1_dpo_demo.jsonl', { chosen: 'chosen_messages', rejected: 'rejected_messages' }],
  ])('%s', (path, roles) => {
    const table = parseTable(sourceOf(path, readFileSync(`${shared}/${path}`)))
    expect(table.issues).toEqual([])
    expect(inferRoles([table])).toEqual(roles)
  })
})
