import { turnOf, turnsOf } from '../../data/messages.ts'
import { normalForm } from '../../sign/normal.ts'
import type { Work } from '../../sign/progress.ts'
import { contextOf } from '../context.ts'
import type { Corpus, CorpusFile } from '../corpus.ts'
import { LazyFinding } from '../finding.ts'
import { pairKey } from '../keys.ts'
import { milder, type Rule, type RuleContext } from '../rule.ts'
import { signs } from './duplicate.ts'

/** Where more of the rows than this have a prompt that others answer otherwise, several answers are what the dataset is about. */
const meant = 0.3

export const answerConflict: Rule = {
  meta: {
    id: 'answer-conflict',
    title: 'Same prompt, another answer',
    severity: 'warning',
    what: `Rows whose prompts are equal in normal form and in the signs that matter (\`2 + 2\` is not \`2 * 2\`) and whose answers are not: prompt and completion (with the columns \`input\`, \`context\`,
\`system\` and the like, where there are any), or a conversation up to its last answer and that answer. Of each answer but the first the first row is
told as information, beside the first row of the prompt; where the two stand in different splits, as a warning: the evaluation
asks what training has answered. Rows of equal prompt and equal answer are \`duplicate\`. Where more than ${meant * 100} % of the rows share their prompt with another
answer, several answers are meant, and that is told once.`,
    why: `A model that learns two answers to one question learns to choose between them by chance. Often one of them is wrong, or was made by another
version of what made the data.`,
    fix: 'Read both and keep the better one: remove this row, or the other. Nothing is done by "fix all": two good answers may be meant.',
    example: `\`\`\`jsonl
{"prompt": "Name the capital of Australia.", "completion": "Canberra."}
{"prompt": "Name the capital of Australia", "completion": "It is Sydney."}
\`\`\`
Row 1: \`The same prompt has another answer in train.jsonl row 0.\``,
    options: {},
  },

  *check(input) {
    const { corpus } = input
    const { roles } = corpus.dataset
    // Preferences have several answers by their nature; a labelled text has none.
    if (roles.text !== undefined || roles.chosen !== undefined) return
    if (roles.messages === undefined && (roles.prompt === undefined || roles.completion === undefined)) return
    const byPrompt = yield* prompts(corpus)
    const found: { readonly row: number; readonly other: number }[] = []
    for (const rows of byPrompt.values()) {
      const answers = new Set([rows[0]!.answer])
      for (const { row, answer } of rows.slice(1)) {
        if (answers.has(answer)) continue
        answers.add(answer)
        found.push({ row, other: rows[0]!.row })
      }
    }
    found.sort((a, b) => a.row - b.row)
    if (found.length > Math.max(20, corpus.rowCount * meant)) tellOnce(input, found)
    else for (const one of found) tell(input, one)
  },
}

interface Answered {
  readonly row: number
  readonly answer: string
}

/** The rows of each prompt that stands in several rows, ascending. */
function* prompts(corpus: Corpus): Work<Map<string, Answered[]>> {
  const all = new Map<string, Answered[]>()
  const asked = contextOf(corpus)
  for (const file of corpus.files) {
    for (let i = 0; i < file.table.rowCount; i++) {
      if (i % 512 === 511) yield { phase: 'answer-conflict', done: file.base + i, total: corpus.rowCount }
      if (file.table.broken(i)) continue
      const parts = partsOf(corpus, file, i)
      if (!parts) continue
      const prompt = normalForm(parts.prompt)
      const answer = normalForm(parts.answer)
      if (prompt === '' || answer === '') continue
      // The form of `2 + 2` is that of `2 * 2`.
      const key = `${prompt}\0${signs(parts.prompt)}\0${asked(file.base + i)}`
      const list = all.get(key)
      if (list) list.push({ row: file.base + i, answer })
      else all.set(key, [{ row: file.base + i, answer }])
    }
  }
  for (const [key, rows] of all) if (rows.length < 2) all.delete(key)
  return all
}

function partsOf(
  corpus: Corpus,
  { table }: CorpusFile,
  row: number,
): { readonly prompt: string; readonly answer: string } | undefined {
  const { messages, prompt, completion } = corpus.dataset.roles
  if (messages !== undefined) {
    const turns = turnsOf(table.cell(row, messages)?.value ?? null)
    const last = turns?.at(-1)
    if (!turns || !last || turns.length < 2 || last.other || !/^(?:assistant|gpt|model|bot|chatgpt)$/i.test(last.role))
      return undefined
    const asked = turns.slice(0, -1).map(turn => `${turn.role} ${turn.content}`)
    return { prompt: asked.join('\n'), answer: last.content }
  }
  const told = (column: string) => {
    const cell = table.cell(row, column)
    if (!cell) return ''
    const turns = turnsOf(cell.value) ?? [turnOf(cell.value)].filter(turn => turn !== undefined)
    return turns.length > 0 ? turns.map(turn => turn.content).join('\n') : cell.text
  }
  return { prompt: told(prompt!), answer: told(completion!) }
}

function tell(
  { corpus, settings, add }: RuleContext,
  { row, other }: { readonly row: number; readonly other: number },
): void {
  const apart = corpus.split(row) !== corpus.split(other)
  const severity = apart ? settings.severity : milder(settings.severity, 'info')
  const text = apart
    ? `The same prompt stands in ${corpus.name(other)}, of another split, with another answer.`
    : `The same prompt has another answer in ${corpus.name(other)}.`
  add(
    new LazyFinding({ rule: 'answer-conflict', severity, alike: 'answer' }, corpus.rowOf(row), () => ({
      span: corpus.textPlace(row).span,
      message: text,
      related: [corpus.related(other, 'The same prompt with another answer')],
      fixes: [corpus.removal({ kind: 'remove-row', title: 'Remove this row', preferred: false }, [row])],
      key: pairKey('answer-conflict', [corpus.text(row)], [corpus.text(other)]),
    })),
  )
}

function tellOnce(
  { corpus, settings, add }: RuleContext,
  found: readonly { readonly row: number; readonly other: number }[],
): void {
  const { row } = found[0]!
  add({
    rule: 'answer-conflict',
    severity: milder(settings.severity, 'info'),
    alike: 'answer',
    ...corpus.textPlace(row),
    message: `${found.length} of ${corpus.rowCount} rows share their prompt with another answer, as this one does: several answers seem to be meant.`,
    related: found.slice(0, 10).map(({ other }) => corpus.related(other, 'The same prompt with another answer')),
    fixes: [],
    key: corpus.key('answer-conflict', 'meant'),
  })
}
