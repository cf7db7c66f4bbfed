import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { random } from '../../../src/core/base/random.ts'
import { type Banking77, banking77, drawRows, type Examples, select } from '../banking77/data.ts'

/** Labelled texts to learn from and to test on, of either dataset. */
export type Labelled = Banking77

/** CLINC150 without the rows that are out of scope; undefined where it is not there. */
function clinc150(): Labelled | undefined {
  const file = join(process.cwd(), '../shared/data/clinc150/data_full.json')
  if (!existsSync(file)) return undefined
  const read = JSON.parse(readFileSync(file, 'utf8')) as Record<'train' | 'test', [text: string, label: string][]>
  const classes = [...new Set(read.train.map(row => row[1]))].sort()
  const examples = (rows: [string, string][]): Examples => ({
    texts: rows.map(row => row[0]),
    labels: rows.map(row => classes.indexOf(row[1])),
  })
  return { classes, train: examples(read.train), test: examples(read.test) }
}

/** A dataset by name, of at most so many training rows, the same number of each class; undefined where it is not there. */
export function labelled(name: 'banking77' | 'clinc150', rows: number | undefined): Labelled | undefined {
  const data = name === 'banking77' ? banking77() : clinc150()
  if (!data || rows === undefined) return data
  const each = Math.ceil(rows / data.classes.length)
  const chosen = drawRows(data.train.labels, each, random('rows')).sort((a, b) => a - b)
  return { ...data, train: select(data.train, chosen) }
}

/** Labels of which one in ten is another one, drawn evenly among the others. */
export function flip(labels: readonly number[], classes: number, seed: string) {
  const draw = random(seed)
  const wrong = labels.map(() => false)
  for (const row of draw.shuffle([...labels.keys()]).slice(0, Math.round(labels.length / 10))) wrong[row] = true
  const given = labels.map((label, row) => (wrong[row] ? (label + 1 + draw.int(classes - 1)) % classes : label))
  return { wrong, given }
}
