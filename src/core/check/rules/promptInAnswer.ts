import { rowRule } from '../rowRule.ts'
import type { Hit, RowView } from '../scan/look.ts'
import { speakerOf } from '../scan/turns.ts'

/** A shorter question may well be the beginning of its answer. */
const least = 20

export const promptInAnswer = rowRule({
  meta: {
    id: 'prompt-in-answer',
    title: 'Answer that repeats its question',
    severity: 'warning',
    what: 'An answer that begins with the whole prompt (of 20 characters at least), word for word, or is nothing else.',
    why: `That is what a base model's output looks like when the prompt was not cut off. Trained on it, a model repeats every question
before it answers.`,
    fix: 'Remove the prompt from the answer, where something is left of it. Not part of "fix all".',
    example: `\`\`\`jsonl
{"prompt": "What is the capital of France?", "completion": "What is the capital of France? Paris."}
\`\`\`
Row 0: \`The answer begins with the prompt, word for word.\``,
    options: {},
  },

  look: () => ({
    row(row, add) {
      const prompt = row.text('prompt') ?? row.turns('prompt')?.at(-1)?.content
      if (prompt !== undefined)
        for (const role of ['completion', 'chosen', 'rejected'] as const) {
          const turns = row.turns(role)
          const answer = row.text(role) ?? turns?.at(-1)?.content
          const column = row.column(role)
          if (answer === undefined || column === undefined) continue
          const turn = turns && turns.length - 1
          // A whole conversation repeats the prompt by design, in a turn of its own.
          judge(row, { column, ...(turn === undefined ? {} : { turn }), prompt, answer }, add)
        }
      const turns = row.turns('messages')
      const column = row.column('messages')
      if (!turns || column === undefined) return
      for (let t = 1; t < turns.length; t++)
        if (speakerOf(turns[t]!) === 'assistant' && speakerOf(turns[t - 1]!) === 'user')
          judge(row, { column, turn: t, prompt: turns[t - 1]!.content, answer: turns[t]!.content }, add)
    },
  }),
})

interface Pair {
  readonly column: string
  readonly turn?: number
  readonly prompt: string
  readonly answer: string
}

function judge(row: RowView, { column, turn, prompt, answer }: Pair, add: (hit: Hit) => void): void {
  const asked = prompt.trim()
  const start = answer.length - answer.trimStart().length
  if (asked.length < least || !answer.startsWith(asked, start)) return
  const rest = answer.slice(start + asked.length)
  // It goes on in the middle of a word or of a number: it does not repeat, it continues.
  if (/^[\p{L}\p{N}]/u.test(rest)) return
  const end = answer.length - rest.trimStart().length
  const nothing = rest.trim() === ''
  add({
    column,
    turn,
    start,
    end: start + asked.length,
    message: nothing ? 'The answer is the prompt, word for word.' : 'The answer begins with the prompt, word for word.',
    key: row.all(),
    ...(nothing
      ? { remove: { preferred: false } }
      : {
          fix: { title: 'Remove the prompt from the answer', preferred: false, changes: [{ start: 0, end, text: '' }] },
        }),
  })
}
