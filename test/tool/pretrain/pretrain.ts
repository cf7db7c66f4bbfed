/*
 * `npm run pretrain [-- decoder]`: makes the embedded encoder, media/models/tiny-encoder, or the decoder, media/models/tiny-decoder,
 * from WordNet's definitions and examples.
 *
 *   --wordnet FOLDER   the database files (Debian: package wordnet-base); /usr/share/wordnet unless said otherwise
 *   --out FOLDER       where the model goes
 *   --steps N          optimizer steps of masked-token training; 0 writes the start alone
 *   --fresh            random weights of the same shape, nothing learnt (what the benchmark compares with)
 *   --threads N        threads inside one operator
 *   --seed N
 *
 * The same seed, steps and thread count give the same weights. The model is written at every evaluation, so one may stop it early.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Failure, failureLine } from '../../../src/core/base/failure.ts'
import { random } from '../../../src/core/base/random.ts'
import type { TokenRows } from '../../../src/core/train/batch.ts'
import { rowLength } from '../../../src/core/train/batch.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { pretrain } from '../../../src/core/train/pretrain.ts'
import type { EncodedRows } from '../../../src/core/train/tasks/encoded.ts'
import { none } from '../../../src/core/train/tasks/language.ts'
import { hiddenTokens } from '../../../src/core/train/tasks/masked.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { writeCard } from './card.ts'
import { encodeCorpus, everydaySenses, sequences, split, wordWeights } from './corpus.ts'
import { pretrainDecoder } from './decoder.ts'
import { neighbourEmbeddings } from './embedding.ts'
import { configJson, encoderSpecs, freshWeights, shape, writeModel } from './model.ts'
import { decoderRecipe, recipe } from './recipe.ts'
import { readWordNet, wordCounts, wordNetLicence } from './wordnet.ts'
import { specialTokens, trainWordPiece } from './wordPiece.ts'

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    wordnet: { type: 'string', default: '/usr/share/wordnet' },
    out: { type: 'string' },
    steps: { type: 'string' },
    fresh: { type: 'boolean', default: false },
    threads: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(recipe.seed) },
  },
})

async function main(): Promise<void> {
  const began = performance.now()
  const say = (text: string) =>
    process.stderr.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${text}\n`)
  const seed = Number(given.seed)
  if (positionals[0] === 'decoder') {
    const { wordnet, fresh } = given
    const out = given.out ?? 'media/models/tiny-decoder'
    const steps = Number(given.steps ?? decoderRecipe.steps)
    return pretrainDecoder({ wordnet, out, steps, threads: Number(given.threads), seed, fresh, say })
  }
  const steps = Number(given.steps ?? recipe.steps)
  const out = given.out ?? 'media/models/tiny-encoder'
  const synsets = readWordNet(given.wordnet)
  const everyday = readFileSync(join(process.cwd(), 'test/tool/pretrain/everyday.txt'), 'utf8')
  const vocabulary = trainWordPiece(wordWeights(synsets, wordCounts(given.wordnet), everyday), {
    size: shape.vocabulary,
    words: shape.words,
  })
  say(`${synsets.length} senses, ${vocabulary.length} pieces`)
  const weights = freshWeights(encoderSpecs(vocabulary.length), random(`tiny-encoder ${seed}`))
  if (given.fresh) {
    writeModel(out, vocabulary, weights)
    say(`random weights in ${out}`)
    return
  }
  const backbone = openBackbone(configJson(vocabulary.length), 'config.json')
  const table = backbone.embeddings[0] as string
  weights.set(
    table,
    neighbourEmbeddings(encodeCorpus(synsets, vocabulary), {
      vocabulary: vocabulary.length,
      width: shape.hidden,
      ...recipe.embedding,
      random: random(`neighbours ${seed}`),
    }),
  )
  writeModel(out, vocabulary, weights)
  say('word vectors from neighbours')
  if (steps === 0) return

  const lines = encodeCorpus(everydaySenses(synsets), vocabulary)
  const { train, held } = split(sequences(lines, recipe.tokens, 0), recipe.held)
  say(
    `${train.starts.length - 1} sequences to learn from, ${held.starts.length - 1} held out, of ${recipe.tokens} tokens`,
  )
  const { runtime } = await openRuntime({ provider: 'cpu', threads: Number(given.threads) })
  const save = (parameters: readonly { readonly name: string; readonly data: Float32Array }[]) =>
    writeModel(out, vocabulary, new Map(parameters.map(p => [p.name, p.data])))
  const model = { backbone, classes: vocabulary.length }
  const { kind, rate, warmup } = recipe.schedule
  const events = pretrain({
    runtime,
    model,
    rows: maskedRows(train),
    held: maskedRows(held),
    choose: (rows, use) => hiddenTokens(model, rows, { seed: use === 'held' ? 'held' : seed, share: recipe.share }),
    schedule: { kind, rate, warmup, epochs: 1, steps },
    optimizer: recipe.optimizer,
    batch: { rows: recipe.rows, tokens: recipe.tokens },
    evaluate: recipe.evaluate,
    dropout: recipe.dropout,
    seed,
    initial: encoderSpecs(vocabulary.length).map(s => ({ ...s, data: weights.get(s.name)! })),
    rateOf: name => (name === table ? recipe.embedding.rate : 1),
    onSave: (_, parameters) => save(parameters),
    now: () => Date.now(),
    clock: () => performance.now(),
    stopped: () => false,
  })
  const curve: { step: number; loss: number }[] = []
  let sum = 0
  let count = 0
  for (;;) {
    const next = await events.next()
    if (next.done) {
      save(next.value)
      break
    }
    const event = next.value
    if (event.kind === 'step') {
      sum += event.loss
      count++
    } else if (event.kind === 'evaluated') {
      curve.push({ step: event.step, loss: event.scores['loss']! })
      say(`step ${event.step}: loss ${(sum / count).toFixed(4)}, held out ${event.scores['loss']!.toFixed(4)}`)
      writeCard(out, { licence: wordNetLicence(given.wordnet), curve, seed, steps, pieces: vocabulary.length })
      sum = count = 0
    } else if (event.kind === 'warned') say(event.message)
  }
}

/** Sequences whose words may all be hidden. */
function maskedRows(tokens: TokenRows): EncodedRows {
  return {
    tokens,
    lengths: Int32Array.from({ length: tokens.starts.length - 1 }, (_, i) => rowLength(tokens, i)),
    pad: specialTokens.indexOf('[PAD]'),
    mask: specialTokens.indexOf('[MASK]'),
    targets: tokens.ids.map(id => (id < specialTokens.length ? none : id)),
    cut: 0,
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Failure ? failureLine(error) : ((error as Error).stack ?? String(error))}\n`)
  process.exit(error instanceof Failure ? 2 : 1)
})
