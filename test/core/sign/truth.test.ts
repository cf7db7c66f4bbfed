import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseTable } from '../../../src/core/data/formats.ts'
import { Forms } from '../../../src/core/sign/forms.ts'
import { joinPairs } from '../../../src/core/sign/join.ts'
import { Matcher } from '../../../src/core/sign/matcher.ts'
import { buildPostings } from '../../../src/core/sign/postings.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { parseScheme } from '../../../src/core/sign/scheme.ts'
import { parseThreshold, reaches } from '../../../src/core/sign/threshold.ts'

const data = new URL('../../../../shared/data/', import.meta.url)
const has = existsSync(data)
if (!has) console.log('skipped: the optional folder ../shared/data is not there')

/** A text with the name that the key gives its row. */
interface Named {
  readonly name: string
  readonly text: string
}

function csv(file: string): Named[] {
  const bytes = readFileSync(new URL(`banking77/${file}`, data))
  const table = parseTable({ uri: file, version: 0, bytes, encoding: 'utf-8', bom: false })
  return Array.from({ length: table.rowCount }, (_, row) => ({
    name: `${file} ${row}`,
    text: table.text(row, 'text')!,
  }))
}

function clinc(): Named[] {
  const splits = JSON.parse(readFileSync(new URL('clinc150/data_full.json', data), 'utf8')) as Record<
    string,
    [string][]
  >
  return ['train', 'val', 'test', 'oos_train', 'oos_val', 'oos_test'].flatMap(split =>
    splits[split]!.map(([text], row) => ({ name: `data_full.json#${split} ${row}`, text })),
  )
}

function articles(count: number): Named[] {
  const lines = readFileSync(new URL(`minhash-articles/records-${count}.jsonl`, data), 'utf8')
    .trim()
    .split('\n')
  return lines.map(line => {
    const { file, row, text } = JSON.parse(line) as { file: string; row: number; text: string }
    return { name: `${file} ${row}`, text }
  })
}

describe.skipIf(!has)('every near pair of the keys, and no other', () => {
  const sets: [string, () => Named[], string][] = [
    ['banking77', () => [...csv('train.csv'), ...csv('test.csv')], 'banking77/truth-near-'],
    ['clinc150', clinc, 'clinc150/truth-near-'],
    ['100 articles', () => articles(100), 'minhash-articles/truth-100-near-'],
    ['1,000 articles', () => articles(1000), 'minhash-articles/truth-1000-near-'],
  ]
  test.each(sets)('%s', (_, read, key) => {
    const rows = read()
    for (const [scheme, short] of [
      ['word:3', 'w3'],
      ['char:5', 'c5'],
    ] as const) {
      const truth = readFileSync(new URL(`${key}${short}.tsv`, data), 'utf8')
        .trim()
        .split('\n')
        .slice(1)
        .map(line => line.split('\t'))
        .map(f => ({
          inter: Number(f[1]),
          union: Number(f[2]),
          pair: `${f[4]} ${f[5]} ${f[9]} ${f[10]} ${f[1]}/${f[2]}`,
        }))
      for (const threshold of ['0.7', '0.8']) {
        const t = parseThreshold(threshold)
        const forms = new Forms(parseScheme(scheme))
        const first: string[] = []
        for (const row of rows) {
          const slot = forms.add(row.text)
          if (slot >= 0) first[slot] ??= row.name
        }
        const postings = finishWork(buildPostings(forms, t, { alive: () => true, singles: false }))
        const pairs = finishWork(joinPairs(postings, new Matcher(forms, t)))
        const found = Array.from({ length: pairs.length }, (_, i) => {
          const [a, b, inter] = [pairs.a[i]!, pairs.b[i]!, pairs.inter[i]!]
          return `${first[a]} ${first[b]} ${inter}/${forms.size(a) + forms.size(b) - inter}`
        })
        expect(found.sort()).toEqual(
          truth
            .filter(p => reaches(t, p.inter, p.union))
            .map(p => p.pair)
            .sort(),
        )
      }
    }
  })
})
