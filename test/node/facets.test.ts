import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { moreFacets } from '../../src/node/facets.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-facets-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const texts = [
  'My card has not arrived although it was sent two weeks ago',
  'Die Karte ist noch immer nicht angekommen, obwohl sie verschickt wurde',
  'Which exchange rate do you use when I pay in another currency',
]
const rows = Array.from({ length: 120 }, (_, i) => ({
  ...{ id: `${i}`, text: `${texts[i % 3]} (${i})`, label: i % 2 ? 'card' : 'rate', channel: i % 4 ? 'mail' : 'chat' },
}))
const scored = rows.map(({ text, label }, row) => ({
  ...{ file: 'test.jsonl', row, text, gold: label, leaked: false, probabilities: [] },
}))

test('rows are parted by language, topic and the columns that have a few values; not by the label again, nor by what names rows', async () => {
  writeFileSync(join(root, 'test.jsonl'), rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  const facets = await moreFacets(scored, root)
  expect(facets.map(facet => facet.name)).toEqual(['language', 'topic', 'channel'])
  const values = (name: string) => facets.find(facet => facet.name === name)?.values ?? []
  expect(values('language').slice(0, 3)).toEqual(['English', 'German', 'English'])
  expect(values('channel').slice(0, 5)).toEqual(['chat', 'mail', 'mail', 'mail', 'chat'])
  expect(new Set(values('topic')).size).toBeGreaterThan(1)
})

test('without their files rows are still parted by what they say', async () => {
  const facets = await moreFacets(
    scored.map(row => ({ ...row, file: 'gone.jsonl' })),
    root,
  )
  expect(facets.map(facet => facet.name)).toEqual(['language', 'topic'])
})
