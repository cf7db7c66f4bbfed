import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { contentHash } from '../../../src/core/base/hash.ts'
import { random } from '../../../src/core/base/random.ts'
import type { RunData } from '../../../src/core/train/data.ts'
import type { RunEvent } from '../../../src/core/train/event.ts'
import { type RecipeInput, resolveRecipe } from '../../../src/core/train/recipe.ts'
import { writeTinyModel } from './tinyModel.ts'

/** Texts whose label is the order of two words among others. */
export function orderedTexts(count: number, seed: number): { text: string; label: string }[] {
  const draw = random(seed)
  return Array.from({ length: count }, () => {
    const length = 5 + draw.int(8)
    const words = Array.from({ length }, () => `w${5 + draw.int(35)}`)
    const a = draw.int(length)
    let b = draw.int(length)
    while (b === a) b = draw.int(length)
    words[a] = 'w0'
    words[b] = 'w1'
    return { text: words.join(' '), label: a < b ? 'first' : 'second' }
  })
}

/** Writes a workspace with a model and a dataset, and a run folder in it that is ready to start. */
export function writeTinyRun(
  root: string,
  input: Omit<RecipeInput, 'model' | 'data'>,
  counts: { readonly train: number; readonly validation: number; readonly test: number } = {
    train: 128,
    validation: 64,
    test: 64,
  },
): string {
  mkdirSync(root, { recursive: true })
  writeTinyModel(join(root, 'tiny'))
  const files = (['train', 'validation', 'test'] as const).map((split, i) => {
    const rows = orderedTexts(counts[split], 10 + i)
    const path = `${split}.jsonl`
    writeFileSync(join(root, path), rows.map(row => `${JSON.stringify(row)}\n`).join(''))
    return { path, split, hash: contentHash(readFileSync(join(root, path))), rows: rows.length }
  })
  const use = (split: 'train' | 'validation' | 'test') => {
    const file = files.findIndex(f => f.split === split)
    return counts[split] > 0 ? [{ file, ranges: [[0, counts[split]] as const] }] : []
  }
  const data: RunData = {
    version: 1,
    dataset: 'order',
    root,
    files,
    roles: { text: 'text', label: 'label' },
    labels: ['first', 'second'],
    use: { train: use('train'), validation: use('validation'), test: use('test') },
    dropped: [],
    leaked: [
      { file: 2, row: 1 },
      { file: 2, row: 3 },
    ],
  }
  const folder = join(root, '.winnow', 'runs', 'run')
  mkdirSync(folder, { recursive: true })
  const recipe = resolveRecipe({ ...input, model: join(root, 'tiny'), data: { dataset: 'order' } }, { hidden: 32 })
  writeFileSync(join(folder, 'recipe.json'), JSON.stringify(recipe))
  writeFileSync(join(folder, 'data.json'), JSON.stringify(data))
  return folder
}

export const eventsOf = (folder: string): RunEvent[] =>
  readFileSync(join(folder, 'events.jsonl'), 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as RunEvent)

export const lossesOf = (events: readonly RunEvent[]): number[] =>
  events.flatMap(e => (e.kind === 'step' ? [e.loss] : []))
