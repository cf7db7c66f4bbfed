import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext, Script } from 'node:vm'
import { Template } from '@huggingface/jinja'
import { Failure } from '../core/base/failure.ts'
import type { Turn } from '../core/data/messages.ts'
import type { ChatTemplate, MarkedText, Tools } from '../core/train/tasks/chat.ts'

/** How long a template may take for one conversation, in milliseconds. */
const patience = 2000
/** Marks of what the assistant says: characters for private use, which no text has. */
const [open, close] = ['\u{F8F00}', '\u{F8F01}']

/** What the assistant says: its words, then its calls of tools. */
const said = `{{ message['content'] }}{% for call in message.tool_calls or [] %}{{ ('' if loop.first and not message['content'] else '\\n') + '<tool_call>\\n' + (call['function'] or call) | tojson + '\\n</tool_call>' }}{% endfor %}`
const listed = `{% for tool in tools %}{{ tool | tojson + '\\n' }}{% endfor %}`
/** For models with the marks of ChatML in their vocabulary, and for those without. */
export const chatml = `{% if tools %}{{ '<|im_start|>tools\\n' }}${listed}{{ '<|im_end|>\\n' }}{% endif %}{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}{% if message['role'] == 'assistant' %}{% generation %}${said}{{ '<|im_end|>' }}{% endgeneration %}{{ '\\n' }}{% else %}{{ message['content'] + '<|im_end|>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`
const headings = `{% if tools %}{{ '### tools:\\n' }}${listed}{{ '\\n' }}{% endif %}{% for message in messages %}{{ '### ' + message['role'] + ':\\n' }}{% if message['role'] == 'assistant' %}{% generation %}${said}{{ eos_token }}{% endgeneration %}{{ '\\n\\n' }}{% else %}{{ message['content'] + '\\n\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '### assistant:\\n' }}{% endif %}`

export interface ChatOptions {
  /** The model's folder. */
  readonly folder: string
  /** A template in place of the model's own, absolute. */
  readonly file?: string
  /** Does the vocabulary have this token? */
  readonly has: (token: string) => boolean
  /** Milliseconds for one conversation; 2000 where left out. */
  readonly patience?: number
}

/**
 * The chat template of a model: the recipe's file, `chat_template.jinja`, or `chat_template` of `tokenizer_config.json`; a
 * default where it has none. A template is code that came with a model: it runs in the training process, without access
 * to anything but the conversation, and is stopped when it takes too long. Throws `Failure` (`bad-template`).
 */
export function openChatTemplate(options: ChatOptions): ChatTemplate {
  const { folder, file, has } = options
  const config = readConfig(folder)
  const own = join(folder, 'chat_template.jinja')
  const [source, text] =
    file !== undefined
      ? [file, readText(file)]
      : existsSync(own)
        ? [own, readText(own)]
        : (namedTemplate(config, folder) ??
          (has('<|im_start|>') && has('<|im_end|>') ? ['default: ChatML', chatml] : ['default: headings', headings]))
  const end = tokenText(config['eos_token']) ?? (has('</s>') ? '</s>' : has('<|endoftext|>') ? '<|endoftext|>' : '')
  const variables = { bos_token: tokenText(config['bos_token']) ?? '', eos_token: end }
  return chatTemplate(text, { source, variables, patience: options.patience ?? patience })
}

/** A template from its text. */
export function chatTemplate(
  text: string,
  options: {
    readonly source: string
    readonly variables: Readonly<Record<string, unknown>>
    readonly patience: number
  },
): ChatTemplate {
  const { source, variables } = options
  const marks = /\{%(-?)\s*(end)?generation\s*(-?)%\}/g
  // The library knows the marks and passes over them; written out, they tell where the assistant speaks.
  const plain = compile(text, source)
  const marked = marks.test(text)
    ? compile(
        text.replace(marks, (_, before, end, after) => `{{${before} "${end ? close : open}" ${after}}}`),
        source,
      )
    : undefined
  const context = createContext({}) as { render?: () => string }
  const script = new Script('render()')
  const render = (
    template: Template,
    turns: readonly Turn[],
    { ending, tools }: { readonly ending: 'whole' | 'prompt'; readonly tools: Tools | undefined },
  ): string => {
    const values = {
      ...variables,
      messages: turns.map(messageOf),
      add_generation_prompt: ending === 'prompt',
      tools: tools ?? null,
      documents: null,
    }
    context.render = () => template.render(values)
    try {
      return script.runInContext(context, { timeout: options.patience }) as string
    } catch (error) {
      throw failure(error, { source, patience: options.patience })
    }
  }
  return {
    source,
    render: (turns, ending, tools) => render(plain, turns, { ending, tools }),
    ...(marked ? { marked: (turns, tools) => spansOf(render(marked, turns, { ending: 'whole', tools })) } : {}),
  }
}

/** A turn as templates know it. */
const messageOf = ({ role, content, calls, name, call }: Turn) => ({
  role,
  content,
  ...(calls ? { tool_calls: calls } : {}),
  ...(name === undefined ? {} : { name }),
  ...(call === undefined ? {} : { tool_call_id: call }),
})

/** Takes the marks out and tells where they stood. */
function spansOf(text: string): MarkedText {
  const spans: [number, number][] = []
  let plain = ''
  let start = 0
  for (const part of text.split(/(\u{F8F00}|\u{F8F01})/u)) {
    if (part === open) start = plain.length
    else if (part === close) spans.push([start, plain.length])
    else plain += part
  }
  return { text: plain, spans }
}

function compile(text: string, source: string): Template {
  try {
    return new Template(text)
  } catch (error) {
    throw failure(error, { source, patience: 0 })
  }
}

function failure(error: unknown, about: { readonly source: string; readonly patience: number }): Failure {
  const late = (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  const why = late ? `it took more than ${about.patience / 1000} s for one conversation` : (error as Error).message
  return new Failure(
    'bad-template',
    `The chat template (${about.source}) cannot be used: ${why}`,
    'Name another in the recipe: "chat": { "template": "file.jinja" }',
    { cause: error },
  )
}

function namedTemplate(config: Readonly<Record<string, unknown>>, folder: string): [string, string] | undefined {
  const value = config['chat_template']
  const source = join(folder, 'tokenizer_config.json')
  if (typeof value === 'string') return [source, value]
  if (!Array.isArray(value)) return undefined
  const list = value as readonly { readonly name?: string; readonly template?: string }[]
  const found = list.find(one => one.name === 'default') ?? list[0]
  return found?.template === undefined ? undefined : [source, found.template]
}

const tokenText = (token: unknown): string | undefined =>
  typeof token === 'string' ? token : (token as { content?: string } | null | undefined)?.content

function readConfig(folder: string): Readonly<Record<string, unknown>> {
  const path = join(folder, 'tokenizer_config.json')
  if (!existsSync(path)) return {}
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  } catch {
    return {} // The tokenizer says what is wrong with it.
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Failure('bad-template', `${path} cannot be read: ${(cause as Error).message}`, '', { cause })
  }
}
