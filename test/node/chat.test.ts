import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseTable } from '../../src/core/data/formats.ts'
import type { Value } from '../../src/core/data/table.ts'
import { inspectRow } from '../../src/core/train/tasks/inspect.ts'
import { instruction } from '../../src/core/train/tasks/instruction.ts'
import { maskConversation } from '../../src/core/train/tasks/mask.ts'
import { bestFit } from '../../src/core/train/tasks/pack.ts'
import type { Sample } from '../../src/core/train/tasks/sample.ts'
import type { EncodeOptions, TaskName } from '../../src/core/train/tasks/task.ts'
import { taskOf } from '../../src/core/train/tasks.ts'
import { chatml, chatTemplate, openChatTemplate } from '../../src/node/chatTemplate.ts'
import { openTokenizer } from '../../src/node/tokenizer.ts'
import { writeTinyDecoder } from './train/tinyDecoder.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-chat-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const encoder = openTokenizer(writeTinyDecoder(join(root, 'decoder')))
const has = (token: string) => encoder.content(token).length === 1
const turns = [
  { role: 'user', content: 'one two' },
  { role: 'assistant', content: 'red  öl' },
  { role: 'user', content: 'after' },
  { role: 'assistant', content: 'blue' },
]
const about = { source: 'test', variables: { eos_token: '<|endoftext|>' }, patience: 300 }
const said = (tokens: ReturnType<typeof maskConversation>) =>
  tokens
    .filter(t => t.kind === 'trained')
    .map(t => t.text)
    .join('')

const plain =
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

describe('which tokens of a conversation are learnt', () => {
  test('the answers with the token that ends them, by marks and by prefixes alike', () => {
    const marked = openChatTemplate({ folder: join(root, 'decoder'), has })
    expect(marked.source).toBe('default: ChatML')
    expect(marked.marked).toBeDefined()
    const prefixed = chatTemplate(plain, about)
    expect(prefixed.marked).toBeUndefined()
    for (const chat of [marked, prefixed]) {
      const all = maskConversation(turns, { chat, encoder, limit: 200, answers: 'all' })
      expect(said(all)).toBe('red  öl<|im_end|>blue<|im_end|>')
      expect(all.map(t => t.text).join('')).toBe(chat.render(turns, 'whole'))
      expect(said(maskConversation(turns, { chat, encoder, limit: 200, answers: 'last' }))).toBe('blue<|im_end|>')
      // Marks of turns are special, what people say is read only.
      expect(all[0]).toMatchObject({ text: '<|im_start|>', kind: 'special' })
      expect(new Set(all.map(t => t.kind))).toEqual(new Set(['special', 'masked', 'trained']))
      const cut = maskConversation(turns, { chat, encoder, limit: 20, answers: 'all' })
      expect(cut.filter(t => t.kind === 'truncated')).toHaveLength(all.length - 20)
    }
  })

  test('a template that writes earlier answers otherwise is followed by their words', () => {
    const trimmed = chatTemplate(
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}{% if m.role == 'assistant' and not loop.last %}{{ '(' + m.content + ')' }}{% else %}{{ m.content }}{% endif %}{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
      about,
    )
    const tokens = maskConversation(turns, { chat: trimmed, encoder, limit: 200, answers: 'all' })
    expect(said(tokens)).toMatch(/^red {2}öl.*blue<\|im_end\|>$/)
  })

  const encode = (chat: EncodeOptions['chat'], limit: number) => {
    const options = { encoder, limit, labels: [], ...(chat ? { chat } : {}) }
    const rows = instruction.encode([{ text: '', gold: '', turns }], options)
    instruction.check?.(rows, options)
    return rows
  }

  test('a run that could learn nothing, or never to stop, does not start', () => {
    const chat = chatTemplate(plain, about)
    expect(encode(chat, 200).empty).toEqual([])
    expect(() => encode(chat, 8)).toThrow(/No row has an answer that fits: 1 row left out/)
    expect(() => encode(chatTemplate(plain.replace('<|im_end|>', ''), about), 200)).toThrow(/never learn to stop/)
  })
})

test('texts, ids and masks are those of Transformers', () => {
  interface Golden {
    readonly name: string
    readonly template: string
    readonly messages: readonly Record<string, Value>[]
    readonly tools?: readonly Value[]
    readonly text: string
    readonly ids: readonly number[]
    readonly mask: readonly number[]
  }
  const here = (path: string) => new URL(path, import.meta.url).pathname
  const golden = JSON.parse(readFileSync(here('../golden/chat.json'), 'utf8')) as Golden[]
  const own = openTokenizer(here('../../media/models/tiny-decoder'))
  expect(golden).toHaveLength(9)
  for (const { name, template, messages, tools, text, ids, mask } of golden) {
    const chat = chatTemplate(template, about)
    // As a row of a file is read: arguments of calls may be text there.
    const asText = (message: Record<string, Value>) =>
      JSON.parse(JSON.stringify(message), (key, value) => (key === 'arguments' ? JSON.stringify(value) : value))
    const row = { messages: messages.map(asText), ...(tools ? { tools } : {}) }
    const table = parseTable({
      uri: '/d/train.jsonl',
      version: 0,
      bytes: Buffer.from(`${JSON.stringify(row)}\n`),
      encoding: 'utf-8',
      bom: false,
    })
    const columns = instruction.columns([table], { messages: 'messages' }, 'd')
    const sample = instruction.read(table, 0, columns) as Sample
    const turns = sample.turns as NonNullable<Sample['turns']>
    expect(chat.render(turns, 'whole', sample.tools), name).toBe(text)
    const options = { chat, encoder: own, limit: 512, answers: 'all', tools: sample.tools } as const
    const tokens = maskConversation(turns, options)
    expect(tokens.map(t => t.id)).toEqual(ids)
    expect(tokens.map(t => (t.kind === 'trained' ? 1 : 0))).toEqual(mask)
  }
})

test('calls of tools are learnt, what tools answer is read only, and a template without calls is refused', () => {
  const call = { type: 'function', function: { name: 'stock', arguments: { item: 'lamp' } } }
  const turns = [
    { role: 'user', content: 'one' },
    { role: 'assistant', content: '', calls: [call] },
    { role: 'tool', content: 'two', call: 'a1' },
    { role: 'assistant', content: 'red' },
  ]
  const options = { encoder, limit: 300, answers: 'all' } as const
  const chat = openChatTemplate({ folder: join(root, 'decoder'), has })
  const written = '<tool_call>\n{"name": "stock", "arguments": {"item": "lamp"}}\n</tool_call><|im_end|>red<|im_end|>'
  expect(said(maskConversation(turns, { ...options, chat }))).toBe(written)
  // Without marks the same is told by rendering ever more turns.
  const marks = /\{% (end)?generation %\}/g
  const prefixed = chatTemplate(chatml.replace(marks, ''), about)
  expect(prefixed.marked).toBeUndefined()
  expect(said(maskConversation(turns, { ...options, chat: prefixed }))).toBe(written)
  expect(() => maskConversation(turns, { ...options, chat: chatTemplate(plain, about) })).toThrow(
    /does not write calls of tools: "stock" is not in its text/,
  )
  const headings = openChatTemplate({ folder: join(root, 'none'), has: token => token === '</s>' })
  expect(headings.render(turns, 'whole', [{ name: 'stock' }])).toMatch(
    /^### tools:\n\{"name": "stock"\}\n\n### user:\none[\s\S]*<tool_call>\n[\s\S]*<\/tool_call><\/s>\n\n### tool:\ntwo/,
  )
})

test('every row can be looked at before a run', () => {
  const chat = chatTemplate(plain, about)
  const kinds = (name: TaskName, sample: Sample, limit = 64) =>
    inspectRow(taskOf(name), sample, { encoder, limit, labels: [], chat }).map(t => t.kind)
  const chatted = kinds('instruction', { text: '', gold: '', turns }, 30)
  expect(new Set(chatted)).toEqual(new Set(['special', 'masked', 'trained', 'truncated']))
  expect(new Set(kinds('causal', { text: 'one two red', gold: '' }))).toEqual(new Set(['trained']))
  expect(kinds('classification', { text: 'one two red', gold: 'x' }, 2).slice(0, 3)).toEqual([
    'masked',
    'masked',
    'truncated',
  ])
})

describe('templates are code that came with a model', () => {
  test('one that never ends is stopped', () => {
    const endless = chatTemplate(
      '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}',
      about,
    )
    expect(() => endless.render(turns, 'whole')).toThrow(/took more than 0.3 s/)
  })

  test('one that refuses says why, and one that is none is named', () => {
    const refusing = chatTemplate("{{ raise_exception('roles must alternate') }}", about)
    expect(() => refusing.render(turns, 'whole')).toThrow(/roles must alternate/)
    expect(() => chatTemplate('{% for %}', about)).toThrow(/chat template \(test\) cannot be used/)
  })

  test('the file of the recipe goes before that of the model, that before its config, that before the default', () => {
    const folder = join(root, 'files')
    mkdirSync(folder)
    const source = (file?: string) => openChatTemplate({ folder, has: () => false, ...(file ? { file } : {}) }).source
    expect(source()).toBe('default: headings')
    writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ chat_template: 'a' }))
    expect(source()).toBe(join(folder, 'tokenizer_config.json'))
    writeFileSync(join(folder, 'chat_template.jinja'), 'b')
    expect(source()).toBe(join(folder, 'chat_template.jinja'))
    writeFileSync(join(folder, 'own.jinja'), 'c')
    expect(source(join(folder, 'own.jinja'))).toBe(join(folder, 'own.jinja'))
  })
})

test('documents go where they leave the least room', () => {
  expect(bestFit([5, 3, 8, 2, 4], 10)).toEqual([[2, 3], [0, 4], [1]])
  const lengths = Array.from({ length: 500 }, (_, i) => 1 + ((i * 37) % 64))
  const rows = bestFit(lengths, 64)
  expect(rows.flat().toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i))
  const total = lengths.reduce((a, b) => a + b, 0)
  for (const row of rows) expect(row.reduce((sum, i) => sum + lengths[i]!, 0)).toBeLessThanOrEqual(64)
  expect(rows.length).toBeLessThan((total / 64) * 1.02 + 1)
})
