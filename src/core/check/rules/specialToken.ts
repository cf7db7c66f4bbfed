import { quoted } from '../labels.ts'
import { rowRule } from '../rowRule.ts'
import type { Change } from '../scan/look.ts'
import { nounOf } from '../scan/turns.ts'

/**
 * What templates and tokenizers of known models write between texts. `<s>` and `</s>` strike words out in HTML, so they count at the ends
 * of a text alone.
 */
const token =
  /<\|(?:im_(?:start|end|sep)|endoftext|endofprompt|startoftext|(?:begin|end)_of_text|(?:start|end)_header_id|eo[tm]_id|python_tag|system|user|assistant|observation|tool|end|begin_of_image|fim_(?:prefix|middle|suffix))\|>|<｜[^｜<>\n]{1,40}｜>|\[\/?INST\]|<<\/?SYS>>|<(?:start|end)_of_turn>|<\/?(?:bos|eos|pad|unk)>|\[(?:CLS|SEP|PAD|UNK|BOS|EOS)\]|^\s*<s>|<\/s>\s*$/g

export const specialToken = rowRule({
  meta: {
    id: 'special-token',
    title: 'Mark of a model in the text',
    severity: 'warning',
    what: `What chat templates and tokenizers write between texts, inside one: \`<|im_end|>\`, \`<|endoftext|>\`, \`<|eot_id|>\`, \`[INST]\`,
\`<<SYS>>\`, \`<end_of_turn>\`, \`[SEP]\`, \`<unk>\`, \`<s>\` at the beginning and \`</s>\` at the end, and the like. What more than half of the rows have alike
seems to be meant (texts that were rendered by a template before) and is told once.`,
    why: `A tokenizer may read it as the token itself: the message ends there, and what follows counts as somebody else's. To a model of another
family it is noise that it learns to write. \`<unk>\` stands for a word that an earlier tokenizer lost.`,
    fix: 'Remove it. Not part of "fix all": what follows the mark may be a message of its own.',
    example: `\`\`\`jsonl
{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!<|im_end|>"}]}
\`\`\`
Row 0: \`The message holds "<|im_end|>", which is a mark of a model's template.\``,
    options: {},
  },

  meant: 0.5,
  look: () => ({
    text({ column, role, turn, text }, add) {
      if (role === 'label' || !(text.includes('<') || text.includes('['))) return
      const changes: Change[] = []
      for (const { 0: found, index } of text.matchAll(token))
        changes.push({ start: index, end: index + found.length, text: '' })
      const first = changes[0]
      if (!first) return
      const more = changes.length > 1 ? ` (${changes.length} marks)` : ''
      add({
        column,
        turn,
        start: first.start,
        end: first.end,
        message: `The ${nounOf(role)} holds ${quoted(text.slice(first.start, first.end).trim())}, which is a mark of a model's template${more}.`,
        key: text,
        fix: { title: changes.length > 1 ? 'Remove them' : 'Remove it', preferred: false, changes },
      })
    },
  }),
})
