import { rowRule } from '../rowRule.ts'
import type { Hit } from '../scan/look.ts'
import { speakerOf } from '../scan/turns.ts'

/** A shorter answer may be a name or a phrase, and a shorter last line a title, a signature or a verse. */
const leastAnswer = 100
const leastLine = 60

/** Where a sentence goes on: a letter, a comma, a dash or an opening bracket. */
const open = /[\p{L}\p{M},([{–—-]$/u
/** An item of a list, a heading, a row of a table, a line of code. */
const noProse = /^\s*(?:[-*•+>#|]|\d+[.)]|[a-z][.)]\s|\s{4}|\$|.*[;{}]\s*$)/u
/** Who said it, behind a quotation. */
const byLine = /[\p{P}\s][-–—]\s?\p{Lu}[\p{L}\p{M}. ]*$/u

export const missingStop = rowRule({
  meta: {
    id: 'missing-stop',
    title: 'Answer that stops in the middle',
    severity: 'info',
    what: `An answer (the completion, the preferred answer, the assistant's last message) of ${leastAnswer} characters or more whose last line, prose of ${leastLine}
characters or more, ends with a letter, a comma, a dash or an opening bracket; or in which a block of code is not closed. Lists, tables,
addresses, tags and the name behind a quotation may end as they like. Where more than a tenth of all rows end so, that is how they are written, and nothing is told.`,
    why: `That is what an answer looks like that was cut off at a limit of tokens. Trained on such rows a model learns to stop anywhere, or never
learns how an answer ends.`,
    fix: 'Complete the answer, or remove the row. Not part of "fix all".',
    example: `\`\`\`jsonl
{"prompt": "Why is the sky blue?", "completion": "Sunlight holds all colours. Air scatters the short waves of blue light far more than the long waves of red light, so that wherever we look up into the"}
\`\`\`
Row 0: \`The answer stops in the middle of a sentence.\``,
    options: {},
  },

  usual: 0.1,
  look: () => ({
    row(row, add) {
      for (const role of ['completion', 'chosen', 'messages'] as const) {
        const column = row.column(role)
        if (column === undefined) continue
        const turns = row.turns(role)
        const turn = turns ? turns.length - 1 : undefined
        const last = turns?.at(-1)
        if (last && (last.other || speakerOf(last) !== 'assistant')) continue
        const answer = last?.content ?? row.text(role)
        if (answer !== undefined) judge(answer, { column, turn, key: row.all() }, add)
      }
    },
  }),
})

function judge(answer: string, at: Pick<Hit, 'column' | 'turn' | 'key'>, add: (hit: Hit) => void): void {
  const text = answer.trimEnd()
  if (text.length < leastAnswer) return
  const remove = { preferred: false }
  if ((text.match(/^\s*```/gm)?.length ?? 0) % 2 === 1) {
    add({ ...at, message: 'A block of code in the answer is not closed.', remove })
    return
  }
  const line = text.slice(text.lastIndexOf('\n') + 1)
  const word = line.slice(line.lastIndexOf(' ') + 1)
  if (
    line.length < leastLine ||
    !open.test(line) ||
    noProse.test(line) ||
    /[/@\\_#]|\d/.test(word) ||
    byLine.test(line)
  )
    return
  const start = text.length - word.length
  add({ ...at, start, end: text.length, message: 'The answer stops in the middle of a sentence.', remove })
}
