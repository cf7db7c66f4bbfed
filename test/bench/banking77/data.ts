import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import type { Random } from '../../../src/core/base/random.ts'

export interface Examples {
  readonly texts: readonly string[]
  /** Class indices. */
  readonly labels: readonly number[]
}

export interface Banking77 {
  readonly classes: readonly string[]
  readonly train: Examples
  readonly test: Examples
}

/** The folder relative to the repository root. */
export const banking77Folder = '../shared/data/banking77'

/** Reads the dataset, or undefined where it is not there. Classes in the order of their names. */
export function banking77(): Banking77 | undefined {
  const file = (name: string) => join(process.cwd(), banking77Folder, name)
  if (!existsSync(file('train.csv'))) return undefined
  const read = (name: string) => parse(readFileSync(file(name)), { from_line: 2 }) as [string, string][]
  const [train, test] = [read('train.csv'), read('test.csv')]
  const classes = [...new Set(train.map(row => row[1]))].sort()
  const examples = (rows: [string, string][]): Examples => ({
    texts: rows.map(row => row[0]),
    labels: rows.map(row => classes.indexOf(row[1])),
  })
  return { classes, train: examples(train), test: examples(test) }
}

/** Row indices of so many rows of each class, drawn by `random`. */
export function drawRows(labels: readonly number[], each: number, random: Random): number[] {
  const order = random.shuffle(labels.map((_, i) => i))
  const taken = new Map<number, number>()
  return order.filter(i => {
    const count = (taken.get(labels[i]!) ?? 0) + 1
    taken.set(labels[i]!, count)
    return count <= each
  })
}

export const select = (examples: Examples, rows: readonly number[]): Examples => ({
  texts: rows.map(i => examples.texts[i]!),
  labels: rows.map(i => examples.labels[i]!),
})
