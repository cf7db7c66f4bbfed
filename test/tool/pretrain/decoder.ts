/*
 * `npm run pretrain -- decoder`: makes the embedded decoder, media/models/tiny-decoder, from WordNet's definitions and examples.
 * The options are those of the encoder; see pretrain.ts.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { initialTensors } from '../../../src/core/train/models/initial.ts'
import { languageScorer, pretrain } from '../../../src/core/train/pretrain.ts'
import { causal } from '../../../src/core/train/tasks/causal.ts'
import { followers } from '../../../src/core/train/tasks/language.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { openTokenizer } from '../../../src/node/tokenizer.ts'
import { pieces, trainBytePairs } from './bytePairs.ts'
import { writeDecoderCard } from './decoderCard.ts'
import { decoderCorpus, unigramLoss } from './decoderCorpus.ts'
import { decoderConfig, decoderShape, decoderSpecs, writeDecoder, writeDecoderWeights } from './decoderModel.ts'
import { decoderRecipe as recipe } from './recipe.ts'
import { readWordNet, wordNetLicence } from './wordnet.ts'

export interface DecoderOptions {
  readonly wordnet: string
  readonly out: string
  readonly steps: number
  readonly threads: number
  readonly seed: number
  readonly fresh: boolean
  readonly say: (text: string) => void
}

export async function pretrainDecoder(options: DecoderOptions): Promise<void> {
  const { out, seed, steps, say } = options
  const { train, held } = decoderCorpus(readWordNet(options.wordnet), recipe.held, seed)
  const weights = new Map<string, number>()
  for (const { text } of train) for (const piece of pieces(text)) weights.set(piece, (weights.get(piece) ?? 0) + 1)
  const pairs = trainBytePairs(weights, decoderShape.vocabulary)
  writeDecoder(out, pairs)
  say(`${train.length} documents, ${pairs.vocabulary.length} pieces`)
  const backbone = openBackbone(decoderConfig(), 'config.json')
  const model = { backbone, classes: backbone.sizes.vocab }
  const initial = initialTensors(decoderSpecs(), seed, backbone.sizes.initial)
  const save = (parameters: readonly { readonly name: string; readonly data: Float32Array }[]) =>
    writeDecoderWeights(out, new Map(parameters.map(p => [p.name, p.data])))
  save(initial)
  if (options.fresh || steps === 0) return

  const encoder = openTokenizer(out)
  const encode = (samples: typeof train) => causal.encode(samples, { encoder, limit: recipe.tokens, labels: [] })
  const [rows, heldRows] = [encode(train), encode(held)]
  const { runtime } = await openRuntime({ provider: 'cpu', threads: options.threads })
  const scorer = await languageScorer(runtime, { model, rows: heldRows, choose: followers(heldRows) })
  const random = (await scorer.score(initial))['loss'] as number
  await scorer.release()
  const unigram = unigramLoss(rows.tokens.ids, heldRows.tokens.ids, backbone.sizes.vocab)
  say(
    `${rows.tokens.ids.length} tokens in ${rows.lengths.length} sequences, ${held.length} senses held out; perplexity of random weights ${Math.exp(random).toFixed(0)}, of a unigram model ${Math.exp(unigram).toFixed(0)}`,
  )
  const { kind, rate, warmup } = recipe.schedule
  const events = pretrain({
    runtime,
    model,
    rows,
    held: heldRows,
    choose: followers,
    schedule: { kind, rate, warmup, epochs: 1, steps },
    optimizer: recipe.optimizer,
    batch: { rows: recipe.rows, tokens: recipe.tokens },
    evaluate: recipe.evaluate,
    dropout: 0,
    seed,
    initial,
    onSave: (_, parameters) => save(parameters),
    now: () => Date.now(),
    clock: () => performance.now(),
    stopped: () => false,
  })
  let [sum, count, tokens] = [0, 0, 0]
  for (;;) {
    const next = await events.next()
    if (next.done) return save(next.value)
    const event = next.value
    if (event.kind === 'step') {
      sum += event.loss
      count++
      tokens += event.tokens
    } else if (event.kind === 'evaluated') {
      const perplexity = event.scores['perplexity'] as number
      say(`step ${event.step}: loss ${(sum / count).toFixed(4)}, held-out perplexity ${perplexity.toFixed(1)}`)
      const perplexities = { random: Math.exp(random), unigram: Math.exp(unigram), trained: perplexity }
      writeDecoderCard(out, { seed, steps: event.step, tokens, perplexities, held: held.length })
      writeFileSync(
        join(out, 'NOTICE'),
        `The vocabulary and the weights in this folder were derived from WordNet 3.0.\n\n${wordNetLicence(options.wordnet)}\n`,
      )
      sum = count = 0
    } else if (event.kind === 'warned') say(event.message)
  }
}
