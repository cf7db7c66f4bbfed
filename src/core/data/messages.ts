import type { Value } from './table.ts'

/** One turn of a conversation, whatever the file calls its parts. */
export interface Turn {
  /** As written: `user`, `human`, `assistant`, `gpt`, … */
  readonly role: string
  readonly content: string
  /** It says something that is no text: calls of tools, pictures. */
  readonly other?: true
  /** Calls of tools, as written: `{"type": "function", "function": {"name": …, "arguments": …}}`; absent beside pictures. */
  readonly calls?: readonly Value[]
  /** What the answer of a tool says about itself: its name, and the call that it answers. */
  readonly name?: string
  readonly call?: string
}

/**
 * The turns of a chat (`role`, `content`, OpenAI) or ShareGPT (`from`, `value`) list; content in parts is joined.
 * Undefined where the value is no such list.
 */
export function turnsOf(value: Value): Turn[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined
  const turns: Turn[] = []
  for (const item of value as readonly Value[]) {
    const turn = turnOf(item)
    if (!turn) return undefined
    turns.push(turn)
  }
  return turns
}

export function turnOf(item: Value): Turn | undefined {
  if (!isObject(item)) return undefined
  const role = item['role'] ?? item['from']
  if (typeof role !== 'string') return undefined
  if (!('content' in item) && !('value' in item) && !('tool_calls' in item)) return undefined
  const said = item['content'] ?? item['value'] ?? null
  const pictures = Array.isArray(said) && (said as readonly Value[]).some(isNoText)
  const calls = callsOf(item)
  const [name, call] = [item['name'], item['tool_call_id']]
  return {
    role,
    content: contentOf(said),
    ...(calls.length > 0 || pictures ? { other: true } : {}),
    ...(calls.length > 0 && !pictures ? { calls } : {}),
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof call === 'string' ? { call } : {}),
  }
}

/** The calls of a message; the older `function_call` is one. */
function callsOf(item: { readonly [key: string]: Value }): readonly Value[] {
  const calls = item['tool_calls'] ?? null
  if (Array.isArray(calls)) return calls as readonly Value[]
  const call = calls ?? item['function_call'] ?? null
  if (call === null) return []
  return [isObject(call) && 'function' in call ? call : { type: 'function', function: call }]
}

/** A part of a message such as `{"type": "image_url", …}`. */
function isNoText(part: Value): boolean {
  return isObject(part) && typeof (part['text'] ?? part['value']) !== 'string'
}

/** Text of a message's content: a string, or parts such as `{"type": "text", "text": "…"}`; other parts give nothing. */
function contentOf(content: Value): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return content === null ? '' : JSON.stringify(content)
  return (
    (content as readonly Value[])
      .map(part => (typeof part === 'string' ? part : isObject(part) ? (part['text'] ?? part['value'] ?? '') : ''))
      // A picture has no text, not an empty one with a line of its own.
      .filter(part => typeof part === 'string' && part !== '')
      .join('\n')
  )
}

function isObject(value: Value | undefined): value is { readonly [key: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
