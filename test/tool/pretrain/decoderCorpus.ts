import { random } from '../../../src/core/base/random.ts'
import type { Sample } from '../../../src/core/train/tasks/sample.ts'
import { linesOf, type Synset } from './wordnet.ts'

/** One document a sense: the words and their meaning, examples, kinds. */
const proseOf = (synset: Synset): string => linesOf(synset).map(sentence).join(' ')

/** `Get well: improve in health.` */
const sentence = (line: string): string => {
  const begun = line.slice(0, 1).toUpperCase() + line.slice(1)
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}

const questions: readonly ((word: string) => string)[] = [
  word => `What does "${word}" mean?`,
  word => `Explain the word "${word}".`,
  word => `What is meant by "${word}"?`,
]

/** A sense as a conversation, so that the model has met the marks of turns before it is tuned. */
function askedOf({ words, definition, examples }: Synset, pick: number): string {
  const word = words[0] as string
  const example = examples[0]
  const [asked, answer] =
    example !== undefined && pick % 2 === 1
      ? [`Give an example of "${word}".`, sentence(example)]
      : [(questions[pick % questions.length] as (typeof questions)[0])(word), sentence(definition)]
  return `<|im_start|>user\n${asked}<|im_end|>\n<|im_start|>assistant\n${answer}<|im_end|>\n`
}

/** The corpus as documents: senses to learn from (an eighth of them as conversations), and senses that are only scored. */
export interface DecoderCorpus {
  readonly train: readonly Sample[]
  readonly held: readonly Sample[]
}

/**
 * Sets every n-th sense aside, `held` of them. The rest, up to six neighbours a document so that the model learns to read
 * on, in an order that the seed decides.
 */
export function decoderCorpus(synsets: readonly Synset[], held: number, seed: number): DecoderCorpus {
  const told = synsets.filter(({ definition }) => definition !== '')
  const every = Math.floor(told.length / held)
  const isHeld = (i: number) => i % every === every - 1 && i < every * held
  const draw = random(`decoder-corpus ${seed}`)
  const sample = (text: string): Sample => ({ text, gold: '' })
  const train: Sample[] = []
  const rest = told.filter((_, i) => !isHeld(i))
  for (let at = 0; at < rest.length; ) {
    const group = rest.slice(at, (at += 1 + draw.int(6)))
    const asked = draw.int(8) === 0
    train.push(sample(asked ? group.map(s => askedOf(s, draw.int(1 << 20))).join('') : group.map(proseOf).join('\n')))
  }
  return { train: draw.shuffle(train), held: told.filter((_, i) => isHeld(i)).map(s => sample(proseOf(s))) }
}

/** How often each token is right by chance of its frequency alone: the loss of a unigram model, add-one smoothed, nats. */
export function unigramLoss(train: Int32Array, held: Int32Array, vocabulary: number): number {
  const counts = new Float64Array(vocabulary).fill(1)
  for (const id of train) counts[id] = (counts[id] as number) + 1
  const total = counts.reduce((a, b) => a + b, 0)
  return held.reduce((sum, id) => sum - Math.log((counts[id] as number) / total), 0) / held.length
}
