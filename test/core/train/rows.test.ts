import { describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import type { Dataset, SplitName } from '../../../src/core/data/dataset.ts'
import { parseTable } from '../../../src/core/data/formats.ts'
import { expandRows } from '../../../src/core/train/data.ts'
import { type RecipeInput, resolveRecipe } from '../../../src/core/train/recipe.ts'
import { chooseRows, type Flag } from '../../../src/core/train/rows.ts'
import { stratifiedSample } from '../../../src/core/train/sample.ts'

const table = (name: string, csv: string) =>
  parseTable({ uri: `/d/${name}`, version: 0, bytes: Buffer.from(csv), encoding: 'utf-8', bom: false })

function dataset(files: { readonly [S in SplitName]?: string }): Dataset {
  const splits = (['train', 'validation', 'test'] as const).flatMap(name =>
    files[name] === undefined ? [] : [{ name, tables: [table(`${name}.csv`, files[name] as string)] }],
  )
  return { name: 'd', splits, roles: { text: 'text', label: 'label' } }
}

const recipe = (data: RecipeInput['data'] = {}) => resolveRecipe({ model: 'm', data }, { hidden: 128 })

const choose = (files: { readonly [S in SplitName]?: string }, data: RecipeInput['data'] = {}, flags: Flag[] = []) =>
  chooseRows(dataset(files), recipe(data), { flags, textKey: text => text.toLowerCase() })

const train = 'text,label\na,x\nb,y\nc,x\nd,y\n'

test('rows, classes and nothing to say where all is well', () => {
  const { data, warnings } = choose({ train, validation: 'text,label\ne,x\n', test: 'text,label\nf,y\n' })
  expect(data.labels).toEqual(['x', 'y'])
  expect(data.use).toEqual({
    train: [{ file: 0, ranges: [[0, 4]] }],
    validation: [{ file: 1, ranges: [[0, 1]] }],
    test: [{ file: 2, ranges: [[0, 1]] }],
  })
  expect(data.dropped).toEqual([])
  expect(warnings).toEqual([])
})

test('classes do not depend on the order of the rows; numbers go by size', () => {
  expect(choose({ train: 'text,label\na,10\nb,9\nc,-1\n', test: train }).data.labels).toEqual(['-1', '9', '10'])
  expect(choose({ train: 'text,label\na,y\nb,x\n', test: train }).data.labels).toEqual(['x', 'y'])
})

describe('rows left out, each with its reason', () => {
  test('broken, empty and unlabelled rows', () => {
    const csv = 'text,label\na,x\n,y\nb,\n"broken,1\nc,y\n'
    const { data } = choose({ train: csv.replace('"broken,1\n', 'e,x,too many\n'), test: train })
    const rules = data.dropped.filter(d => d.file === 0).map(d => [d.row, d.rule])
    expect(rules).toEqual([
      [1, 'empty-field'],
      [2, 'unlabelled'],
      [3, 'broken-row'],
    ])
    expect(expandRows(data.use.train).map(r => r.row)).toEqual([0, 4])
  })

  test('rules that the recipe drops, in the training split only', () => {
    const flags: Flag[] = [
      { rule: 'duplicate', uri: '/d/train.csv', row: 2 },
      { rule: 'near-duplicate', uri: '/d/train.csv', row: 1 },
      { rule: 'duplicate', uri: '/d/test.csv', row: 0 },
    ]
    const { data } = choose({ train, test: train }, { drop: ['duplicate'] }, flags)
    expect(data.dropped).toEqual([{ file: 0, row: 2, rule: 'duplicate', reason: 'the rule duplicate found it' }])
    expect(expandRows(data.use.test)).toHaveLength(4)
  })

  test('labels that training never has are not scored, and said', () => {
    const { data, warnings } = choose({ train, test: 'text,label\ne,x\nf,q\ng,r\n' })
    expect(expandRows(data.use.test).map(r => r.row)).toEqual([0])
    expect(data.dropped.map(d => [d.row, d.rule])).toEqual([
      [1, 'unknown-label'],
      [2, 'unknown-label'],
    ])
    expect(warnings.find(w => w.code === 'unknown-label')?.message).toBe(
      '2 rows of test have labels that training does not have: "q", "r". They are not scored.',
    )
  })

  test('more rows than wanted: the same share of every label, the same rows for the same seed', () => {
    const csv = `text,label\n${Array.from({ length: 200 }, (_, i) => `t${i},${i % 4 === 0 ? 'rare' : 'often'}`).join('\n')}\n`
    const { data } = choose({ train: csv, test: train }, { maxRows: 40 })
    const kept = expandRows(data.use.train).map(r => r.row)
    expect(kept).toHaveLength(40 - expandRows(data.use.validation).length)
    const all = [...kept, ...expandRows(data.use.validation).map(r => r.row)]
    expect(all.filter(row => row % 4 === 0)).toHaveLength(10)
    expect(choose({ train: csv, test: train }, { maxRows: 40 }).data).toEqual(data)
    expect(data.dropped.filter(d => d.rule === 'max-rows')).toHaveLength(160)
  })
})

describe('leaked rows are scored, and known', () => {
  test('of test and validation', () => {
    const flags: Flag[] = [
      { rule: 'leak', uri: '/d/test.csv', row: 1 },
      { rule: 'leak', uri: '/d/validation.csv', row: 0 },
      { rule: 'leak', uri: '/d/train.csv', row: 0 },
    ]
    const { data } = choose({ train, validation: train, test: train }, {}, flags)
    expect(data.leaked).toEqual([
      { file: 1, row: 0 },
      { file: 2, row: 1 },
    ])
    expect(expandRows(data.use.test)).toHaveLength(4)
    expect(expandRows(data.use.train)).toHaveLength(4)
  })

  test('of rows held out that training has a second time', () => {
    const csv = `text,label\n${Array.from({ length: 40 }, (_, i) => `Same,${i % 2 ? 'x' : 'y'}`).join('\n')}\n`
    const { data } = choose({ train: csv, test: train }, { holdOut: 0.1 })
    expect(expandRows(data.use.validation)).toHaveLength(4)
    expect(data.leaked).toHaveLength(4)
  })
})

describe('a split that is not there', () => {
  const rows = `text,label\n${Array.from({ length: 60 }, (_, i) => `t${i},${i % 3 ? 'x' : 'y'}`).join('\n')}\n`

  test('validation is held out of training, the same share of every label', () => {
    const { data, warnings } = choose({ train: rows, test: train })
    const held = expandRows(data.use.validation)
    expect(held).toHaveLength(6)
    expect(held.filter(r => r.row % 3 === 0)).toHaveLength(2)
    expect(expandRows(data.use.train)).toHaveLength(54)
    expect(warnings.map(w => w.code)).toEqual(['held-out'])
  })

  test('nothing held out, nothing to test on: said, not refused', () => {
    expect(choose({ train: rows }, { holdOut: 0 }).warnings.map(w => w.code)).toEqual(['no-validation', 'no-test'])
  })

  test('labels missing in one split', () => {
    const { warnings } = choose({ train: rows, test: 'text\na\nb\n' })
    expect(warnings.map(w => w.code)).toEqual(['not-scored', 'held-out', 'no-test'])
    expect(() => choose({ train: 'text\na\nb\n', test: rows })).toThrow(/has no column "label"/)
    expect(() => choose({ train: 'text,label\na,\nb,\n', test: rows })).toThrow(/is left: 2 unlabelled/)
  })

  test('no training split, one label, no rows', () => {
    expect(() => choose({ test: rows })).toThrow(/has no training split/)
    expect(() => choose({ train: 'text,label\na,x\nb,x\n' })).toThrow(/All 2 training rows of d have the label "x"/)
    expect(() => choose({ train: 'text,label\n' })).toThrow(/the files have no rows/)
  })
})

describe('a stratified sample', () => {
  test('has the size asked for and the shares of the whole', () => {
    const labels = Array.from({ length: 1000 }, (_, i) => (i % 100 === 0 ? 'rare' : i % 10 === 0 ? 'some' : 'many'))
    for (const count of [3, 17, 100, 999, 1000, 2000]) {
      const sample = stratifiedSample(labels, count, random('s'))
      expect(sample).toHaveLength(Math.min(count, 1000))
      expect(new Set(sample).size).toBe(sample.length)
      expect(new Set(sample.map(i => labels[i])).size).toBe(3)
    }
    const tenth = stratifiedSample(labels, 100, random('s'))
    const of = (label: string) => tenth.filter(i => labels[i] === label).length
    expect([of('rare'), of('some'), of('many')]).toEqual([1, 9, 90])
  })

  test('fewer rows than labels is still the size asked for', () => {
    expect(stratifiedSample(['a', 'b', 'c', 'd'], 2, random('s'))).toHaveLength(2)
  })
})
