import { describe, expect, test } from 'vitest'
import { conllStyle } from '../../../src/core/data/conllStyle.ts'
import { ConllTable } from '../../../src/core/data/conllTable.ts'
import { parseTable } from '../../../src/core/data/formats.ts'
import { inferRoles } from '../../../src/core/data/roles.ts'
import { tokenClassification } from '../../../src/core/train/tasks/tokenClassification.ts'
import { applied, sourceOf } from './source.ts'

const tableOf = (text: string, name = '/d/train.txt') => parseTable(sourceOf(name, text))
const news = `-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O
# NN B-NP O
. . O O

Péter NNP B-NP B-PER
Blackburn NNP I-NP I-PER

-DOCSTART- -X- -X- O

BRUSSELS NNP B-NP B-LOC
1996-08-22 CD I-NP O
`

describe('files of words and tags', () => {
  test('are sentences with their words, and a list for each column of tags', () => {
    const table = tableOf(news)
    expect(table).toBeInstanceOf(ConllTable)
    expect(table.columns).toEqual(['text', 'tokens', 'tags', 'pos_tags', 'chunk_tags'])
    expect(table.rowCount).toBe(3)
    expect(table.text(0, 'text')).toBe('EU rejects # .')
    expect(table.cell(0, 'tags')?.value).toEqual(['B-ORG', 'O', 'O', 'O'])
    expect(table.cell(1, 'pos_tags')?.value).toEqual(['NNP', 'NNP'])
    expect(table.text(2, 'tokens')).toBe('["BRUSSELS","1996-08-22"]')
    expect(table.issues).toEqual([])
    expect(inferRoles([table])).toEqual({ text: 'text' })
  })

  test('are what the task of token classification learns from', () => {
    const table = tableOf(news)
    const columns = tokenClassification.columns([table], inferRoles([table]), 'news')
    expect(columns).toEqual({ words: 'tokens', tags: 'tags' })
    expect(tokenClassification.read(table, 1, columns)).toMatchObject({
      words: ['Péter', 'Blackburn'],
      tags: ['B-PER', 'I-PER'],
    })
  })

  test('are cut by tabs where they have them, and ended by any line end', () => {
    const table = tableOf('New York\tB-LOC\r\nis\u00a0it\tO\r\n\r\n\r\nyes\tO')
    expect([0, 1].map(row => table.cell(row, 'tokens')?.value)).toEqual([['New York', 'is\u00a0it'], ['yes']])
    const old = tableOf('a O\rb B-X\r\rc O\r')
    expect([0, 1].map(row => table.cell(row, 'tags')?.value)).toEqual([['B-LOC', 'O'], ['O']])
    expect([0, 1].map(row => old.text(row, 'text'))).toEqual(['a b', 'c'])
    expect(tableOf('a\u00a0b O\nc B-X\n').cell(0, 'tokens')?.value).toEqual(['a\u00a0b', 'c'])
  })

  test('are told by their tags, never found in prose, lists or numbers', () => {
    const style = (text: string) => conllStyle(Buffer.from(text)) !== undefined
    expect(style(news)).toBe(true)
    expect(style('a B-X\nb O\n')).toBe(true)
    for (const prose of [
      '',
      '\n\n',
      'one line\n',
      'two words\nand here\n',
      'O\nO\n',
      'a O\nb O\n',
      'x B-X\nmore words here B-X\n',
      '# a B-X\n',
      'Vitamin B-12\nis a B-12\nand so on\n',
    ])
      expect([prose, style(prose)]).toEqual([prose, false])
  })

  test('have comments, which belong to the sentence behind them', () => {
    const text = '# id 1\na B-X\nb O\n\n# id 2\nc O\nd B-X\n\n'
    const table = tableOf(text, '/d/train.conll')
    expect([table.text(0, 'text'), table.text(1, 'text')]).toEqual(['a b', 'c d'])
    expect(applied(table, table.removeRows([0]))).toBe('# id 2\nc O\nd B-X\n\n')
    expect(applied(table, table.removeRows([1]))).toBe('# id 1\na B-X\nb O\n\n')
    expect(applied(table, table.removeRows([1, 0]))).toBe('')
  })

  test('of Universal Dependencies have their parts of speech as tags', () => {
    const line = (id: string, form: string, pos: string) => `${id}\t${form}\tlemma\t${pos}\tXX\t_\t0\troot\t_\t_`
    const text = [
      '# text = du pain',
      line('1-2', 'du', '_'),
      line('1', 'de', 'ADP'),
      line('2', 'le', 'DET'),
      line('3', 'pain', 'NOUN'),
      '',
      '',
    ].join('\n')
    const table = tableOf(text, '/d/fr-ud-train.conllu')
    expect([table.text(0, 'text'), table.text(0, 'tags')]).toEqual(['de le pain', '["ADP","DET","NOUN"]'])
    expect(applied(table, [table.setCell(0, 'tags', 'ADP X NOUN')])).toBe(text.replace('DET', 'X'))
  })

  test('of which a line is cut in another way are broken there, and only there', () => {
    const table = tableOf('a O\nb B-X\n\nc\n\nd O O\ne O\n\nf B-X\n', '/d/train.conll')
    expect([0, 1, 2, 3].map(row => table.broken(row))).toEqual([false, true, true, false])
    expect(table.issues.map(issue => [issue.code, issue.row])).toEqual([
      ['field-count', 1],
      ['field-count', 2],
    ])
    expect(table.cell(1, 'text')).toBeUndefined()
  })

  test('take tags in their place and leave every other byte; words stay', () => {
    const text = news.replaceAll('\n', '\r\n')
    const table = tableOf(text)
    expect(applied(table, [table.setCell(1, 'tags', '["B-ORG", "I-ORG"]')])).toBe(
      text.replace('B-PER', 'B-ORG').replace('I-PER', 'I-ORG'),
    )
    expect(applied(table, [table.setCell(0, 'pos_tags', 'A B C D')])).toBe(
      text.replace('EU NNP', 'EU A').replace('VBZ', 'B').replace('# NN ', '# C ').replace('. . O', '. D O'),
    )
    expect(() => table.setCell(1, 'tags', 'B-PER')).toThrow(/2 words/)
    expect(() => table.setCell(1, 'text', 'other words')).toThrow(/a line for each word/)
    expect(table.fixed?.('text')).toBe(true)
  })
})
