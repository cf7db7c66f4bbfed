import type { Role } from '../../data/dataset.ts'
import type { Turn } from '../../data/messages.ts'

/** Who speaks in a turn, whatever the file calls it. */
export type Speaker = 'system' | 'user' | 'assistant' | 'tool'

const speakers: { readonly [role: string]: Speaker } = {
  ...{ system: 'system', developer: 'system' },
  ...{ user: 'user', human: 'user', prompter: 'user', customer: 'user' },
  ...{
    assistant: 'assistant',
    gpt: 'assistant',
    model: 'assistant',
    bot: 'assistant',
    chatgpt: 'assistant',
    ai: 'assistant',
  },
  ...{ bing: 'assistant', bard: 'assistant', claude: 'assistant', function_call: 'assistant', tool_call: 'assistant' },
  ...{
    tool: 'tool',
    function: 'tool',
    observation: 'tool',
    tool_response: 'tool',
    function_response: 'tool',
    ipython: 'tool',
  },
}

/** Undefined for a role that chat formats do not know. */
export function speakerOf(turn: Turn): Speaker | undefined {
  return speakers[turn.role.trim().toLowerCase().replaceAll('-', '_')]
}

/** Columns that hold turns, where they do. */
export const turnRoles = ['messages', 'prompt', 'chosen', 'rejected', 'completion'] as const

/** What messages call the text of a role. */
export function nounOf(role: Role): string {
  if (role === 'messages') return 'message'
  return role === 'chosen' || role === 'rejected' ? `${role} answer` : role
}
