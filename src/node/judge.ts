import type { Cancel } from '../core/base/cancel.ts'
import { Cancelled } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import type { Vote } from '../core/eval/votes.ts'

/** Two answers to one row. */
export interface JudgedPair {
  readonly file: string
  readonly row: number
  readonly text: string
  readonly gold: string
  readonly a: string
  readonly b: string
}

export interface JudgeOptions {
  /** Base address of an OpenAI-compatible server on this machine or network, `http://127.0.0.1:8080/v1`. */
  readonly address: string
  readonly model?: string
  /** Milliseconds that one answer may take. */
  readonly timeout?: number
  readonly cancel: Cancel
  readonly progress?: (done: number, total: number) => void
}

/** A server that answered nothing usable so often in a row is no judge. */
const patience = 5

/**
 * Asks a model which of two answers is better, twice a row with the places swapped: a winner has to win in both, anything
 * else is a tie (Zheng et al. 2023). Rows leave this machine for the address only. Throws `Failure` (`not-local`, `no-judge`).
 */
export async function judgePairs(pairs: readonly JudgedPair[], options: JudgeOptions): Promise<Vote[]> {
  const url = localAddress(options.address)
  const votes: Vote[] = []
  let silent = 0
  for (const [i, pair] of pairs.entries()) {
    if (options.cancel.aborted) throw new Cancelled()
    options.progress?.(i, pairs.length)
    const first = await ask(url, question(pair, pair.a, pair.b), options)
    const second = await ask(url, question(pair, pair.b, pair.a), options)
    silent = first === undefined || second === undefined ? silent + 1 : 0
    if (silent >= patience)
      throw new Failure(
        'no-judge',
        `${url} gave no verdict on ${patience} rows in a row`,
        'It has to answer A, B or TIE',
      )
    const winner = first === 'A' && second === 'B' ? 'a' : first === 'B' && second === 'A' ? 'b' : 'tie'
    if (first !== undefined && second !== undefined) votes.push({ file: pair.file, row: pair.row, winner, by: 'judge' })
  }
  return votes
}

/** The address of chat completions. Throws `Failure` (`not-local`) for what is neither this machine nor its own network. */
function localAddress(address: string): string {
  let url: URL
  try {
    url = new URL(address)
  } catch (cause) {
    throw new Failure('not-local', `"${address}" is no address`, 'For example http://127.0.0.1:8080/v1', { cause })
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const near =
    /^(localhost|127(\.\d+){3}|::1|10(\.\d+){3}|192\.168(\.\d+){2}|172\.(1[6-9]|2\d|3[01])(\.\d+){2})$/.test(host) ||
    /\.(local|internal|lan)$/.test(host)
  if (!near || !/^https?:$/.test(url.protocol))
    throw new Failure(
      'not-local',
      `${host} is not on this machine or its network`,
      'Rows are sent to a local judge only',
    )
  return `${address.replace(/\/+$/, '')}/chat/completions`
}

const question = ({ text, gold }: JudgedPair, first: string, second: string) =>
  [
    'Two answers to the same request are compared with a reference. Say which is better: more correct, complete and to the point.',
    `Request:\n${text}`,
    `Reference:\n${gold}`,
    `Answer A:\n${first}`,
    `Answer B:\n${second}`,
    'Answer with one word: A, B or TIE.',
  ].join('\n\n')

/** The verdict, or nothing where the answer holds none. Throws `Failure` (`no-judge`) where nobody answers. */
async function ask(
  url: string,
  content: string,
  { model = 'default', timeout = 60_000 }: JudgeOptions,
): Promise<'A' | 'B' | 'TIE' | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, temperature: 0, max_tokens: 8, messages: [{ role: 'user', content }] }),
      redirect: 'error',
      signal: AbortSignal.timeout(timeout),
    })
    if (!response.ok) throw new Error(`it answers ${response.status} ${response.statusText}`)
    const answer = (await response.json()) as { choices?: { message?: { content?: string } }[] }
    const said = answer.choices?.[0]?.message?.content ?? ''
    return /\b(TIE|A|B)\b/.exec(said.toUpperCase())?.[1] as 'A' | 'B' | 'TIE' | undefined
  } catch (cause) {
    const why = (cause as Error).name === 'TimeoutError' ? `no answer in ${timeout / 1000} s` : (cause as Error).message
    throw new Failure('no-judge', `${url} cannot judge: ${why}`, 'Is the server running?', { cause })
  }
}
