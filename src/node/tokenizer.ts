import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { Failure } from '../core/base/failure.ts'
import { pieceReader } from './tokenPieces.ts'

/** One encoded text or pair. */
export interface Encoding {
  readonly ids: readonly number[]
  /** 0 for the first text and its special tokens, 1 for the second; all 0 for a single text. */
  readonly types: readonly number[]
  /** Content tokens that did not fit. */
  readonly cut: number
}

/** Text to token ids as the model's own `tokenizer.json` says. */
export interface TextEncoder {
  /** Ids that exist: the largest plus one. */
  readonly size: number
  /** Special tokens by role, where the tokenizer has them. */
  readonly special: {
    readonly pad: number
    readonly mask?: number
    readonly cls?: number
    readonly sep?: number
    readonly unknown?: number
    /** The token that ends a document. */
    readonly end?: number
  }
  /** Tokens that end an answer: the end of a document, and what the usual chat formats end a turn with. */
  readonly ends: ReadonlySet<number>
  isSpecial(id: number): boolean
  /** The special tokens around a single text. */
  readonly frame: { readonly before: readonly number[]; readonly after: readonly number[] }
  /** Ids of the text alone; special tokens that are written in it count as such. */
  content(text: string): readonly number[]
  /** The text of each token as it stands in the text that was encoded. */
  pieces(ids: readonly number[]): readonly string[]
  /** At most `limit` ids, special tokens included. A pair loses tokens from the longer text first. */
  encode(text: string, options: { readonly limit: number; readonly pair?: string }): Encoding
  decode(ids: readonly number[]): string
}

/**
 * Opens `tokenizer.json` and `tokenizer_config.json` of a model folder. Throws `Failure` (`no-tokenizer`,
 * `bad-tokenizer`).
 */
export function openTokenizer(folder: string): TextEncoder {
  const json = readJson(join(folder, 'tokenizer.json'), 'no-tokenizer')
  let config: unknown = {}
  try {
    config = readJson(join(folder, 'tokenizer_config.json'), 'no-tokenizer-config')
  } catch (error) {
    // The file only adds names of special tokens; what it lacks is found in the vocabulary.
    if (!(error instanceof Failure && error.code === 'no-tokenizer-config')) throw error
  }
  // Truncation and padding are ours: the library has neither, and the file's own settings are for another purpose.
  return encoderOf({ ...(json as object), truncation: null, padding: null }, config as object, folder)
}

function encoderOf(json: object, config: object, folder: string): TextEncoder {
  let tokenizer: Tokenizer
  try {
    tokenizer = new Tokenizer(json, config)
  } catch (cause) {
    const message = `${folder}: tokenizer.json cannot be used: ${(cause as Error).message}`
    throw new Failure('bad-tokenizer', message, 'Winnow reads the format of Hugging Face fast tokenizers', { cause })
  }
  const named = config as Record<string, unknown>
  const special = (key: string, ...usual: string[]): number | undefined => {
    const own = named[key]
    const text = typeof own === 'string' ? own : (own as { content?: string } | undefined)?.content
    for (const token of text === undefined ? usual : [text, ...usual]) {
      const id = tokenizer.token_to_id(token)
      if (id !== undefined) return id
    }
    return undefined
  }
  const mask = special('mask_token', '[MASK]', '<mask>')
  const cls = special('cls_token', '[CLS]', '<s>')
  const sep = special('sep_token', '[SEP]', '</s>')
  const unknown = special('unk_token', '[UNK]', '<unk>')
  let size = 0
  for (const id of tokenizer.get_vocab(true).values()) size = Math.max(size, id + 1)
  const around = wrapper(tokenizer, typing(json))
  const end = special('eos_token', '</s>', '<|endoftext|>')
  const added = tokenizer.get_added_tokens_decoder()
  const turnEnds = ['<|im_end|>', '<|eot_id|>', '<|eom_id|>', '<end_of_turn>', '<|end|>', '<|eos|>', '<|end_of_text|>']
  const ends = [end, ...turnEnds.map(token => tokenizer.token_to_id(token))].filter(id => id !== undefined)
  const slots = around.single.slots
  const middle = slots.findIndex(slot => slot.kind === 'a')
  const idsOf = (list: readonly Slot[]) => list.flatMap(slot => (slot.kind === 'id' ? [slot.id] : []))
  const content = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids

  return {
    size,
    special: {
      pad: special('pad_token', '[PAD]', '<pad>') ?? 0,
      ...(mask === undefined ? {} : { mask }),
      ...(cls === undefined ? {} : { cls }),
      ...(sep === undefined ? {} : { sep }),
      ...(unknown === undefined ? {} : { unknown }),
      ...(end === undefined ? {} : { end }),
    },
    ends: new Set(ends),
    isSpecial: id => added.get(id)?.special === true,
    frame: { before: idsOf(slots.slice(0, middle)), after: idsOf(slots.slice(middle + 1)) },
    content,
    pieces: pieceReader({ json, token: id => tokenizer.id_to_token(id), isAdded: id => added.has(id) }),
    encode(text, { limit, pair }) {
      const first = content(text)
      const second = pair === undefined ? undefined : content(pair)
      const frame = second ? around.pair : around.single
      const room = Math.max(0, limit - frame.length)
      let [a, b] = [first.length, second?.length ?? 0]
      const over = Math.max(0, a + b - room)
      // Longest first, in closed form: level the longer one down, then share what is left; it keeps the odd token.
      if (over > 0) {
        const longer = a > b
        const level = Math.min(over, Math.abs(a - b))
        if (longer) a -= level
        else b -= level
        const [more, less] = [Math.ceil((over - level) / 2), Math.floor((over - level) / 2)]
        a -= longer ? less : more
        b -= longer ? more : less
      }
      const ids: number[] = []
      const types: number[] = []
      for (const slot of frame.slots) {
        const part = slot.kind === 'id' ? [slot.id] : slot.kind === 'a' ? first.slice(0, a) : second!.slice(0, b)
        for (const id of part) {
          ids.push(id)
          types.push(slot.type)
        }
      }
      return { ids, types, cut: over }
    },
    decode: ids => (ids.length === 0 ? '' : tokenizer.decode([...ids], { skip_special_tokens: true })),
  }
}

type Slot =
  | { readonly kind: 'id'; readonly id: number; readonly type: number }
  | { readonly kind: 'a' | 'b'; readonly type: number }
interface Frame {
  readonly slots: readonly Slot[]
  /** How many special tokens it adds. */
  readonly length: number
}

/** Which types the tokens of a pair get: as the post-processor tells, all 0, or 1 for those of the second text. */
type Typing = 'told' | 'zero' | 'second'

/** By the post-processor of a `tokenizer.json`: a template tells, RoBERTa's has one type only, others leave them as they are. */
function typing(json: object): Typing {
  const processors = JSON.stringify((json as { post_processor?: unknown }).post_processor ?? {})
  if (/"type":"(TemplateProcessing|BertProcessing)"/.test(processors)) return 'told'
  return processors.includes('"type":"RobertaProcessing"') ? 'zero' : 'second'
}

/**
 * Where the special tokens go, learnt from the tokenizer itself: its post-processor is applied to probe texts, and
 * what surrounds the probes is the frame. So truncation cuts content only, whatever the post-processor is.
 */
function wrapper(tokenizer: Tokenizer, types: Typing): { readonly single: Frame; readonly pair: Frame } {
  const [one, two] = ['a', 'b']
  const bare = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids
  const frame = (pair: string | undefined): Frame => {
    const full = tokenizer.encode(one, {
      add_special_tokens: true,
      ...(pair === undefined ? {} : { text_pair: pair }),
      return_token_type_ids: true,
    })
    const slots: Slot[] = []
    const parts =
      pair === undefined
        ? [{ kind: 'a' as const, ids: bare(one) }]
        : [
            { kind: 'a' as const, ids: bare(one) },
            { kind: 'b' as const, ids: bare(pair) },
          ]
    let extra = 0
    for (let i = 0; i < full.ids.length; ) {
      const part = parts[0]
      // Byte-level post-processors tell no types, whatever the declarations say.
      const told = types === 'told' ? ((full.token_type_ids as number[] | undefined)?.[i] ?? 0) : 0
      const type = types === 'second' && part?.kind === 'b' ? 1 : told
      if (part && part.ids.length > 0 && part.ids.every((id, k) => full.ids[i + k] === id)) {
        slots.push({ kind: part.kind, type })
        i += part.ids.length
        parts.shift()
      } else {
        slots.push({ kind: 'id', id: full.ids[i] as number, type })
        extra++
        i++
      }
    }
    for (const { kind } of parts) slots.push({ kind, type: types === 'second' && kind === 'b' ? 1 : 0 })
    return { slots, length: extra }
  }
  return { single: frame(undefined), pair: frame(two) }
}

function readJson(path: string, missing: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Failure(missing, `${path} cannot be read: ${(cause as Error).message}`, '', { cause })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Failure('bad-tokenizer', `${path} is not JSON: ${(cause as Error).message}`, '', { cause })
  }
}
