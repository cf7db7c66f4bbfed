import { expect, test } from 'vitest'
import { parseConfig } from '../../src/node/config.ts'
import { withSplits } from '../../src/node/configEdit.ts'

const splits = { train: 't-split/train.csv', validation: 't-split/validation.csv', test: 't-split/test.csv' }
const given = { name: 't', source: 't.csv', splits }
const read = (text: string) => parseConfig('/w/winnow.json', Buffer.from(text)).config

test('without a file, one that names the dataset', () => {
  expect(read(withSplits(undefined, given))).toEqual({ datasets: [{ name: 't', splits }] })
})

test('the dataset that held the file keeps its name and roles, others and comments stay', () => {
  const text = `{
  // ours
  "rules": { "leak": "error" },
  "datasets": [
    { "name": "other", "splits": { "train": "a.csv" } },
    { "name": "mine", "splits": { "train": ["t.csv"] }, "roles": { "text": "body" } },
  ]
}`
  const after = withSplits(text, given)
  expect(after).toContain('// ours')
  expect(read(after)).toEqual({
    rules: { leak: 'error' },
    datasets: [
      { name: 'other', splits: { train: 'a.csv' } },
      { name: 'mine', splits, roles: { text: 'body' } },
    ],
  })
})

test('a name that is taken gets a number', () => {
  const after = withSplits('{ "datasets": [{ "name": "t", "splits": { "train": "b.csv" } }] }', given)
  expect(read(after).datasets?.map(one => one.name)).toEqual(['t', 't-2'])
})
