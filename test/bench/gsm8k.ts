/*
 * `npm run bench -- gsm8k [rows] [epochs]`: instruction tuning of the embedded decoder on school mathematics, and what it forgets
 * by it. The perplexity of the answers to problems it has not seen beside that of general texts (held-out definitions, and a
 * text of another kind), before tuning, after it, and after it with 5 % and 20 % of the rows being general texts. Without
 * ../shared/data/gsm8k there is nothing to do; without WordNet (Debian: wordnet-base) the other text stands for both.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NamedTensor } from '../../src/core/train/learner.ts'
import { languageScorer } from '../../src/core/train/pretrain.ts'
import { causal } from '../../src/core/train/tasks/causal.ts'
import { followers } from '../../src/core/train/tasks/language.ts'
import { openModel } from '../../src/node/modelFolder.ts'
import { openRuntime } from '../../src/node/ort.ts'
import { prepareRun } from '../../src/node/prepare.ts'
import { readRun } from '../../src/node/runs.ts'
import { readFloats } from '../../src/node/safetensors.ts'
import { openTokenizer } from '../../src/node/tokenizer.ts'
import { train } from '../../src/node/trainer.ts'
import { decoderCorpus } from '../tool/pretrain/decoderCorpus.ts'
import { readWordNet } from '../tool/pretrain/wordnet.ts'

const data = join(process.cwd(), '../shared/data')
const decoder = join(process.cwd(), 'media/models/tiny-decoder')
const wordnet = '/usr/share/wordnet'
const rows = Number(process.argv[2] ?? 1000)
const epochs = Number(process.argv[3] ?? 2)
const say = (text: string) => process.stdout.write(`${text}\n`)

if (!existsSync(join(data, 'gsm8k/train.jsonl'))) {
  say('skipped: there is no ../shared/data/gsm8k')
  process.exit(0)
}

const root = mkdtempSync(join(tmpdir(), 'winnow-gsm8k-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))
const lines = (file: string, count: number) =>
  `${readFileSync(join(data, 'gsm8k', file), 'utf8')
    .split('\n')
    .slice(0, count)
    .join('\n')}\n`
mkdirSync(join(root, 'gsm8k'))
writeFileSync(join(root, 'gsm8k/train.jsonl'), lines('train.jsonl', rows))
writeFileSync(join(root, 'gsm8k/test.jsonl'), lines('test.jsonl', 200))

/** General texts: what the decoder was made from and has not seen, and plays. */
const plays = readFileSync(join(data, 'tinyshakespeare/input.txt'), 'utf8').split(/\n\n+/)
const corpus = existsSync(join(wordnet, 'data.noun')) ? decoderCorpus(readWordNet(wordnet), 500, 1) : undefined
const general = corpus?.held.map(s => s.text) ?? plays.slice(2000, 2500)
const others = plays.slice(0, 150)
const replayed = corpus?.train.map(s => s.text) ?? plays.slice(2500)
writeFileSync(
  join(root, 'general.jsonl'),
  replayed
    .slice(0, 4000)
    .map(text => `${JSON.stringify({ text })}\n`)
    .join(''),
)

const { runtime } = await openRuntime({ provider: 'cpu' })
const encoder = openTokenizer(decoder)

/** Perplexity of texts under the weights of a folder. */
async function perplexity(folder: string, texts: readonly string[]): Promise<number> {
  const { backbone, places } = openModel(folder)
  const values = [...places].map(
    ([name, place]): NamedTensor => ({ name, shape: place.shape, data: readFloats(place) }),
  )
  const samples = texts.map(text => ({ text, gold: '' }))
  const encoded = causal.encode(samples, { encoder, limit: 256, labels: [] })
  const model = { backbone, classes: backbone.sizes.vocab }
  const scorer = await languageScorer(runtime, { model, rows: encoded, choose: followers(encoded) })
  const scores = await scorer.score(values)
  await scorer.release()
  return scores['perplexity'] as number
}

const line = (name: string, ...figures: readonly number[]) =>
  say(`${name.padEnd(34)}${figures.map(x => x.toFixed(1).padStart(12)).join('')}`)
const [before, beforeOther] = [await perplexity(decoder, general), await perplexity(decoder, others)]
say(`${rows} problems, ${epochs} epochs, all weights trained; perplexity, lower is better`)
say(`${''.padEnd(34)}${['answers', 'definitions', 'plays'].map(x => x.padStart(12)).join('')}`)
for (const share of [0, 0.05, 0.2]) {
  const { recipe, data: rowsOf } = await prepareRun(
    {
      model: decoder,
      data: { dataset: 'gsm8k', holdOut: 0, ...(share > 0 ? { replay: { file: 'general.jsonl', share } } : {}) },
      method: { kind: 'full' },
      schedule: { epochs },
      batch: { tokens: 384, rows: 4 },
      dropout: 0,
      device: 'cpu',
    },
    { folder: root, root, cancel: new AbortController().signal },
  )
  const run = join(root, 'runs', `share-${share}`)
  mkdirSync(run, { recursive: true })
  writeFileSync(join(run, 'recipe.json'), JSON.stringify(recipe))
  writeFileSync(join(run, 'data.json'), JSON.stringify(rowsOf))
  const io = { open: openRuntime, models: [], now: () => Date.now(), clock: () => performance.now() }
  const outcome = await train(run, { ...io, ending: () => false })
  const { run: told } = await readRun(run)
  const answers = (of: 'base' | 'best') =>
    told.evaluated.find(e => e.of === of && e.split === 'test')?.scores['perplexity'] ?? Number.NaN
  if (outcome !== 'finished') throw new Error(`the run ${outcome}`)
  if (share === 0) line(`${recipe.task}: before`, answers('base'), before, beforeOther)
  const model = join(run, 'model')
  const name = share === 0 ? 'tuned' : `tuned, ${100 * share} % general texts`
  line(name, answers('best'), await perplexity(model, general), await perplexity(model, others))
}
