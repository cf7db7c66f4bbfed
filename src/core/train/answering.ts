/* Answers that a model writes by itself, token after token, beside what it would have said at each place of the right one. */
import type { Cancel } from '../base/cancel.ts'
import { random } from '../base/random.ts'
import type { Generator } from './generate.ts'
import type { NamedTensor } from './learner.ts'
import type { AnswerLimits } from './recipe/evaluate.ts'
import type { Sample } from './tasks/sample.ts'
import type { EncodeOptions } from './tasks/task.ts'

/** Prompts that are read together, and the step in which time is looked at. */
const together = 8

/**
 * Which of `count` rows are answered, in the order in which they are: the same for every model, so that two of them answer the
 * same rows, and spread over all of them wherever time ends it.
 */
export function answeredRows(count: number, most: number): number[] {
  const draw = random('answers')
  const keys = Float64Array.from({ length: count }, () => draw.next())
  return Array.from(keys, (_, i) => i)
    .sort((a, b) => (keys[a] as number) - (keys[b] as number))
    .slice(0, most)
}

/**
 * Writes the last turn of conversations, greedily. Gives the text of each row that got one, by its index; a prompt without
 * room for an answer gets none. Leaves by `Cancelled`. Throws `Failure` (`bad-template`).
 */
export async function writeAnswers(
  generator: Pick<Generator, 'generate' | 'positions'>,
  samples: readonly Sample[],
  options: {
    readonly encoding: Pick<EncodeOptions, 'encoder' | 'chat'>
    readonly limits: AnswerLimits
    readonly values: readonly NamedTensor[]
    /** Milliseconds of a steady clock. */
    readonly clock: () => number
    readonly cancel: Cancel
    readonly progress?: (done: number, total: number) => void
  },
): Promise<Map<number, string>> {
  const { limits, clock, cancel, values } = options
  const { encoder, chat } = options.encoding
  const written = new Map<number, string>()
  if (!chat) return written
  const deadline = clock() + 1000 * limits.seconds
  const rows = answeredRows(samples.length, limits.rows)
  for (let at = 0; at < rows.length && clock() < deadline; at += together) {
    const group = rows.slice(at, at + together).flatMap(row => {
      const { turns, tools } = samples[row] as Sample
      if (!turns) return []
      const prompt = encoder.content(chat.render(turns.slice(0, -1), 'prompt', tools))
      return prompt.length > 0 && prompt.length < generator.positions ? [{ row, prompt }] : []
    })
    const late = () => clock() >= deadline
    const answers = await generator.generate(
      group.map(one => one.prompt),
      values,
      { maxTokens: limits.tokens, stop: [...encoder.ends], ended: late, rows: together, cancel },
    )
    if (late()) break
    group.forEach(({ row }, i) => {
      const ids = (answers[i] as number[]).filter(id => !encoder.ends.has(id))
      written.set(row, ids.length === 0 ? '' : encoder.decode(ids).trim())
    })
    options.progress?.(Math.min(rows.length, at + together), rows.length)
  }
  return written
}
