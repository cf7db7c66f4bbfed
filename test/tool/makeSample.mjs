// Writes media/sample (train.jsonl, validation.jsonl, test.csv) and test/data/sample-key.json from the phrases in
// test/tool/sample. Same phrases, same seed: same bytes. Usage: node test/tool/makeSample.mjs [output folder [key file]]
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { plant } from './sample/plant.mjs'
import { readBank, writeTicket } from './sample/ticket.mjs'
import { generator, jaccard, shingles } from './sample/tools.mjs'

const seed = 20261
const cleanRows = { train: 965, validation: 189, test: 276 }
/** No two clean rows may be closer than this, in any two splits: well below every threshold a rule uses. */
const closest = 0.65
/** Every `heldOut`-th situation of a label is told in validation and test alone, so that a test row is not a train row reworded. */
const heldOut = 3

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const out = process.argv[2] ?? join(root, 'media', 'sample')
const keyFile = process.argv[3] ?? join(root, 'test', 'data', 'sample-key.json')

const bank = readBank(join(here, 'sample'), readdirSync, readFileSync)
const random = generator(seed)
const weights = {
  refund: 11, delivery: 13, return_exchange: 10, billing: 10, cancellation: 9, login: 10, account_change: 7, bug: 11,
  feature_request: 7, how_to: 9, plan_change: 7, product_question: 8,
} // biome-ignore format: one table
const labels = Object.keys(weights)
const total = labels.reduce((sum, label) => sum + weights[label], 0)

const seen = []
const splits = {}
for (const split of ['train', 'validation', 'test']) {
  splits[split] = labels.flatMap(label => {
    const count = Math.round((cleanRows[split] * weights[label]) / total)
    return clean(split, label, count)
  })
}

function clean(split, label, count) {
  const rows = []
  for (let tries = 0; rows.length < count; tries++) {
    if (tries > 400 * count) throw new Error(`${label} ${split}: the phrases do not yield ${count} different rows`)
    const own = bank.labels[label].situation
    const pool = own.filter((_, i) => (i % heldOut !== heldOut - 1) === (split === 'train' || random.next() < 0.4))
    const text = writeTicket(bank, label, random.pick(pool), random)
    const length = text.split(/\s+/).length
    if (length < 6 || length > 40) continue
    const set = shingles(text)
    if (seen.some(other => jaccard(set, other) >= closest)) continue
    seen.push(set)
    rows.push({ text, label })
  }
  return rows
}

const files = plant(splits, generator(`${seed} plants`), { closest, bank })
mkdirSync(out, { recursive: true })
for (const file of files.data) writeFileSync(join(out, file.name), file.text)
mkdirSync(dirname(keyFile), { recursive: true })
writeFileSync(keyFile, files.key)
