import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { check } from '../../../src/core/check/check.ts'
import { readLabelSets } from '../../../src/core/check/labelSets.ts'
import { labelFold } from '../../../src/core/check/labels.ts'
import { duplicate } from '../../../src/core/check/rules/duplicate.ts'
import { labelConflict } from '../../../src/core/check/rules/labelConflict.ts'
import { labelError } from '../../../src/core/check/rules/labelError.ts'
import { labelTypo } from '../../../src/core/check/rules/labelTypo.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'

test('cells of several labels are read as lists or by the separator of their column', () => {
  expect(readLabelSets(['["a", "b c"]', "['a', 'x, y']", '[]'])).toEqual([['a', 'b c'], ['a', 'x, y'], []])
  expect(readLabelSets(['news; rain', 'rain', 'sport;news', ''])).toEqual([
    ['news', 'rain'],
    ['rain'],
    ['sport', 'news'],
    [],
  ])
  expect(readLabelSets(['a|b', 'b, c|a', 'c'])).toEqual([['a', 'b'], ['b, c', 'a'], ['c']])
})

test('the order of several labels makes no other label, and what differs in one of them is no misspelling', () => {
  expect(labelFold("['b c', 'a']")).toBe(labelFold('["A", "b_c"]'))
  expect(labelFold('x|y; z')).toBe(labelFold('z|y|x'))
  expect(labelFold('["sport"]')).toBe(labelFold('sport'))
  expect(labelFold('[1,2]')).not.toBe(labelFold('[1,3]'))
  const rows = Array.from({ length: 60 }, (_, i) => ({
    text: `row ${i}`,
    labels: i % 2 ? ['brands', 'dogs'] : ['cats'],
  }))
  rows.push({ text: 'row 1', labels: ['dogs', 'brands'] }, { text: 'other', labels: ['brands', 'fogs'] })
  const bytes = Buffer.from(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  const [file] = parseTables({ uri: '/d/train.jsonl', version: 0, bytes, encoding: 'utf-8', bom: false })
  const splits = [{ name: 'train' as const, tables: [file!.table] }]
  const dataset = { name: 'd', splits, roles: { text: 'text', label: 'labels' } }
  const { findings } = finishWork(check({ datasets: [dataset], list: [labelTypo, labelConflict, duplicate] }))
  expect(findings.map(({ rule, row }) => [rule, row])).toEqual([['duplicate', 60]])
})

const words = {
  weather: 'rain sun wind snow storm cloud thunder frost fog hail'.split(' '),
  food: 'soup cheese bread onion pepper cake salad rice bean stew'.split(' '),
  sport: 'race swim medal goal team match coach sprint league ball'.split(' '),
  money: 'bank loan rate stock price wage budget tax fund debt'.split(' '),
}
type Topic = keyof typeof words
const topics = Object.keys(words) as Topic[]
const filler = 'we they had it there was some more again later often still while many other'.split(' ')

/** 600 rows of one to three topics; every 20th row lacks one of its labels or carries a wrong one. */
function rows() {
  const r = random('label sets')
  const wrong = new Map<number, { label: Topic; carried: boolean }>()
  const all = Array.from({ length: 600 }, (_, row) => {
    const own = topics.filter(() => r.next() < 0.4)
    if (own.length === 0) own.push(topics[r.int(4)]!)
    const text = own.flatMap(topic => Array.from({ length: 5 }, () => words[topic][r.int(10)]!))
    for (let i = 0; i < 6; i++) text.splice(r.int(text.length), 0, filler[r.int(filler.length)]!)
    let given = [...own]
    if (row % 20 === 7) {
      const label = topics[r.int(4)]!
      const carried = !own.includes(label)
      given = carried ? [...own, label] : own.filter(topic => topic !== label)
      if (given.length === 0) given = own
      else wrong.set(row, { label, carried })
    }
    return { text: text.join(' '), labels: given }
  })
  return { all, wrong }
}

test('labels that are wrongly carried or lacking are found, with what both opinions say', () => {
  const { all, wrong } = rows()
  const bytes = Buffer.from(all.map(row => `${JSON.stringify(row)}\n`).join(''))
  const tables = parseTables({ uri: '/d/train.jsonl', version: 0, bytes, encoding: 'utf-8', bom: false })
  const dataset = {
    name: 'd',
    splits: [{ name: 'train' as const, tables: tables.map(({ table }) => table) }],
    roles: { text: 'text', label: 'labels' },
  }
  const { findings } = finishWork(check({ datasets: [dataset], list: [labelError] }))
  const said = findings.map(({ row, message }) => {
    const carried =
      /^The text does not fit its label "(\w+)": the classifier gives it 0\.\d\d, the nearest rows 0\.\d\d\.$/
    const lacking =
      /^The text fits "(\w+)" too, which is not among its labels: the classifier gives it 0\.\d\d, the nearest rows 0\.\d\d\.$/
    const match = carried.exec(message) ?? lacking.exec(message)
    return { row: row!, label: match?.[1], carried: carried.test(message) }
  })
  const right = said.filter(
    ({ row, label, carried }) => wrong.get(row)?.label === label && wrong.get(row)?.carried === carried,
  )
  expect(wrong.size).toBeGreaterThan(20)
  expect(right.length / said.length).toBeGreaterThan(0.9)
  expect(right.length / wrong.size).toBeGreaterThan(0.85)
})

test.each([
  ['one label a row', (r: ReturnType<typeof random>) => topics[r.int(2)]!],
  ['several', (r: ReturnType<typeof random>) => topics.filter(() => r.next() < 0.5)],
])('labels that nothing in the texts explains are not called wrong: %s', (_, labelled) => {
  const r = random('nothing to learn')
  const all = rows().all.map(({ text }) => ({ text, label: labelled(r) }))
  const bytes = Buffer.from(all.map(row => `${JSON.stringify(row)}\n`).join(''))
  const [file] = parseTables({ uri: '/d/train.jsonl', version: 0, bytes, encoding: 'utf-8', bom: false })
  const dataset = {
    name: 'd',
    splits: [{ name: 'train' as const, tables: [file!.table] }],
    roles: { text: 'text', label: 'label' },
  }
  expect(finishWork(check({ datasets: [dataset], list: [labelError] })).findings).toEqual([])
})
