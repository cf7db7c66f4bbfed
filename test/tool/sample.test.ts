import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { normalForm } from '../../src/core/sign/normal.ts'
import { basicTokens } from './pretrain/wordPiece.ts'

const root = new URL('../..', import.meta.url).pathname
const key = JSON.parse(readFileSync(join(root, 'test/data/sample-key.json'), 'utf8')) as {
  rows: Record<string, number>
  planted: { rule: string; file: string; row: number; twin?: { file: string; row: number } }[]
}

test('the script writes the sample and its key as they are', () => {
  const out = mkdtempSync(join(tmpdir(), 'winnow-make-sample-'))
  try {
    execFileSync(process.execPath, [join(root, 'test/tool/makeSample.mjs'), out, join(out, 'key.json')])
    for (const name of readdirSync(out)) {
      const committed = name === 'key.json' ? 'test/data/sample-key.json' : `media/sample/${name}`
      expect(readFileSync(join(out, name)).equals(readFileSync(join(root, committed))), name).toBe(true)
    }
    expect(readdirSync(out)).toHaveLength(4)
  } finally {
    rmSync(out, { recursive: true })
  }
})

test('every kind of problem is planted, each row in one plant', () => {
  const rules = ['broken-row', 'empty-field', 'duplicate', 'near-duplicate', 'leak', 'label-conflict', 'label-typo']
  expect([...new Set(key.planted.map(p => p.rule))]).toEqual(rules)
  expect(new Set(key.planted.map(p => p.file))).toEqual(new Set(Object.keys(key.rows)))
  const rows = key.planted.map(p => `${p.file}:${p.row}`)
  expect(new Set(rows).size).toBe(rows.length)
  for (const p of key.planted) {
    expect(p.row).toBeLessThan(key.rows[p.file] as number)
    if (p.twin?.file === p.file) expect(p.twin.row).toBeLessThan(p.row)
  }
})

test('clean rows are no near-duplicates of each other, and twins are what the key says', () => {
  const texts = new Map<string, string>()
  const lines = (name: string) =>
    readFileSync(join(root, 'media/sample', name), 'utf8')
      .split('\n')
      .slice(0, -1)
  for (const name of ['train.jsonl', 'validation.jsonl']) {
    for (const [i, line] of lines(name).entries()) {
      try {
        texts.set(`${name}:${i}`, (JSON.parse(line) as { text: string }).text)
      } catch {
        expect(key.planted).toContainEqual(expect.objectContaining({ rule: 'broken-row', file: name, row: i }))
      }
    }
  }
  const shingles = new Map(
    [...texts].map(([place, text]) => {
      const words = normalForm(text).split(' ')
      return [place, new Set([...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)])]
    }),
  )
  const jaccard = (a: Set<string>, b: Set<string>) => {
    let both = 0
    for (const x of a) if (b.has(x)) both++
    return both / (a.size + b.size - both)
  }
  const planted = new Set(
    key.planted.flatMap(p => [`${p.file}:${p.row}`, ...(p.twin ? [`${p.twin.file}:${p.twin.row}`] : [])]),
  )
  const clean = [...shingles].filter(([place]) => !planted.has(place)).map(([, set]) => set)
  expect(clean.length).toBeGreaterThan(1000)
  let closest = 0
  for (let i = 0; i < clean.length; i++)
    for (let j = 0; j < i; j++) {
      const [a, b] = [clean[i] as Set<string>, clean[j] as Set<string>]
      if (Math.min(a.size, b.size) / Math.max(a.size, b.size) > closest) closest = Math.max(closest, jaccard(a, b))
    }
  expect(closest).toBeLessThan(0.65)
  for (const p of key.planted) {
    const [here, there] = [texts.get(`${p.file}:${p.row}`), p.twin && texts.get(`${p.twin.file}:${p.twin.row}`)]
    if (here === undefined || there === undefined) continue
    const equal = normalForm(here) === normalForm(there)
    const j = jaccard(shingles.get(`${p.file}:${p.row}`)!, shingles.get(`${p.twin!.file}:${p.twin!.row}`)!)
    if (p.rule === 'duplicate') expect(equal).toBe(true)
    else expect(equal || j >= 0.82, `${p.rule} ${p.file}:${p.row}`).toBe(true)
  }
})

test('tickets are six to forty words long and say nothing about real people', () => {
  const rows = readFileSync(join(root, 'media/sample/train.jsonl'), 'utf8').split('\n')
  for (const row of rows) {
    expect(row).not.toMatch(/@\w|https?:|www\.|\d{7}/)
    const text = /"text": "((?:[^"\\]|\\.)*)", "label"/.exec(row)?.[1]
    if (text && text.trim() !== '') expect(basicTokens(text).length).toBeLessThan(80)
  }
})

test('the script writes the conversations as they are, with calls of tools in more than half of them', () => {
  const out = mkdtempSync(join(tmpdir(), 'winnow-make-chat-'))
  try {
    execFileSync(process.execPath, [join(root, 'test/tool/makeChatSample.mjs'), out])
    expect(readdirSync(out)).toHaveLength(3)
    for (const name of readdirSync(out))
      expect(readFileSync(join(out, name)).equals(readFileSync(join(root, 'media/sample-chat', name))), name).toBe(true)
  } finally {
    rmSync(out, { recursive: true })
  }
  const rows = readFileSync(join(root, 'media/sample-chat/train.jsonl'), 'utf8').trim().split('\n')
  expect(rows.filter(row => row.includes('tool_calls')).length).toBeGreaterThan(rows.length / 2)
})
