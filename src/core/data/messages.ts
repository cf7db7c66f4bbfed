import type { Value } from './table.ts'

/** One turn of a conversation, whatever the file calls its parts. */
export interface Turn {
  /** As written: `user`, `human`, `assistant`, `gpt`, … */
  readonly role: string
  readonly content: string
  /** It says something that is no text: calls of tools, pictures. */
  readonly other?: true
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
  const other = hasCalls(item) || (Array.isArray(said) && (said as readonly Value[]).some(isNoText))
  return { role, content: contentOf(said), ...(other ? { other } : {}) }
}

function hasCalls(item: { readonly [key: string]: Value }): boolean {
  const calls = item['tool_calls'] ?? item['function_call'] ?? null
  return Array.isArray(calls) ? calls.length > 0 : calls !== null
}

/** A part of a message such as `{"type": "image_url", …}`. */
function isNoText(part: Value): boolean {
  return isObject(part) && typeof (part['text'] ?? part['value']) !== 'string'
}

/** Text of a message's content: a string, or parts such as `{"type": "text", "text": "…"}`; other parts give nothing. */
function contentOf(content: Value): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return content === null ? '' : JSON.stringify(content)
  return (content as readonly Value[])
    .map(part => (typeof part === 'string' ? part : isObject(part) ? (part['text'] ?? part['value'] ?? '') : ''))
    .filter(part => typeof part === 'string')
    .join('\n')
}

function isObject(value: Value | undefined): value is { readonly [key: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
