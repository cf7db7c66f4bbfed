import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FastTextTable, fastTextStyle } from '../../../src/core/data/fastText.ts'
import { parseTable } from '../../../src/core/data/formats.ts'
import { readPaged } from '../../../src/core/data/pagedRead.ts'
import { readAtOnce } from '../../../src/core/data/reading.ts'
import { inferRoles } from '../../../src/core/data/roles.ts'
import { windowsOf } from '../../../src/core/text/windows.ts'
import { applied, sourceOf } from './source.ts'

const tableOf = (text: string, name = '/d/train.txt') => parseTable(sourceOf(name, text))
describe('lines of fastText', () => {
  test('are rows with a text and a label', () => {
    const table = tableOf('__label__hi  hello thére\r\n\r\n__label__bye\tgood  bye \r\n__label__none\r\n')
    expect(table).toBeInstanceOf(FastTextTable)
    expect(table.columns).toEqual(['text', 'label'])
    expect([0, 1, 2].map(row => [table.text(row, 'label'), table.text(row, 'text')])).toEqual([
      ['hi', 'hello thére'],
      ['bye', 'good  bye '],
      ['none', ''],
    ])
    expect(inferRoles([table])).toEqual({ text: 'text', label: 'label' })
  })

  test('have a list of labels where some line has several', () => {
    const rest = '__label__c x\n'.repeat(9)
    const table = tableOf(`__label__a __label__b one of two\n__label__b other\nno label at all\n${rest}`)
    expect(table.columns).toEqual(['text', 'labels'])
    expect(table.cell(0, 'labels')?.value).toEqual(['a', 'b'])
    expect(table.text(1, 'labels')).toBe('["b"]')
    expect(table.cell(2, 'labels')).toBeUndefined()
    expect(table.text(2, 'text')).toBe('no label at all')
    expect(inferRoles([table]).label).toBe('labels')
  })

  test('may have their labels behind the text, or a comma between', () => {
    const behind = tableOf('what a day __label__joy\nso late again  __label__anger __label__sad\n')
    expect([behind.text(0, 'text'), behind.text(1, 'labels')]).toEqual(['what a day', '["anger","sad"]'])
    const comma = tableOf('__label__1 , a title , and more\n')
    expect(comma.text(0, 'text')).toBe('a title , and more')
  })

  test('are found by nine lines in ten, never in prose', () => {
    expect(fastTextStyle(Buffer.from('Write __label__x in front of it.\n__label__x so\n'))).toBeUndefined()
    expect(
      fastTextStyle(Buffer.from('__label__x is how a label begins.\nOther lines of this text have none.\n')),
    ).toBeUndefined()
    expect(fastTextStyle(Buffer.from('__label__\n__label__ nothing\n'))).toBeUndefined()
    expect(fastTextStyle(Buffer.from('\n\n __label__x a\n'))).toEqual({ several: false })
    expect(fastTextStyle(Buffer.from(''))).toBeUndefined()
  })

  test('are changed in their own way', () => {
    const text = 'x\n__label__a __label__b one two\n'.replace('x\n', '__label__a x\n')
    const table = tableOf(text)
    expect(applied(table, [table.setCell(1, 'labels', '["c"]')])).toBe('__label__a x\n__label__c one two\n')
    expect(applied(table, [table.setCell(0, 'labels', '["d", "e"]')])).toBe(
      '__label__d __label__e x\n__label__a __label__b one two\n',
    )
    expect(applied(table, [table.setCell(1, 'text', 'three')])).toBe('__label__a x\n__label__a __label__b three\n')
    expect(applied(table, [table.removeRow(0)])).toBe('__label__a __label__b one two\n')
    expect(() => table.setCell(0, 'labels', 'two words')).toThrow(/without white space/)
    expect(() => table.setCell(0, 'text', 'a\nb')).toThrow(/line break/)
  })

  test('keep every byte but those of the cell that is written', () => {
    const word = fc.stringMatching(/^[a-zäß_]{1,6}$/)
    const row = fc.record({
      labels: fc.array(word, { minLength: 1, maxLength: 3 }),
      text: fc.array(word, { minLength: 1, maxLength: 4 }),
    })
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), word, fc.boolean(), (rows, fresh, crlf) => {
        const end = crlf ? '\r\n' : '\n'
        const text = rows.map(r => `${r.labels.map(l => `__label__${l}`).join(' ')} ${r.text.join(' ')}`).join(end)
        const table = tableOf(text) as FastTextTable
        const column = table.columns[1]!
        rows.forEach((r, i) => {
          expect(table.text(i, 'text')).toBe(r.text.join(' '))
          expect(table.text(i, column)).toBe(table.style.several ? JSON.stringify(r.labels) : r.labels[0])
          const lines = text.split(end)
          lines[i] = `__label__${fresh} ${r.text.join(' ')}`
          expect(applied(table, [table.setCell(i, column, fresh)])).toBe(lines.join(end))
        })
      }),
      { numRuns: 60 },
    )
  })

  test('say the same where a file is read page by page', () => {
    const text = Array.from(
      { length: 400 },
      (_, i) => `__label__l${i % 3}${i % 7 === 0 ? ' __label__x' : ''} text nämber ${i}`,
    ).join('\n')
    const source = sourceOf('/d/train.txt', text)
    const whole = parseTable(source)
    const windows = windowsOf(source.bytes)
    const paged = readAtOnce(readPaged({ source: { ...source, bytes: new Uint8Array(0), windows }, pageBytes: 1000 }))
    expect([paged.columns, paged.rowCount]).toEqual([whole.columns, whole.rowCount])
    for (let row = 0; row < whole.rowCount; row++)
      for (const column of whole.columns) {
        expect(paged.cell(row, column)).toEqual(whole.cell(row, column))
        expect(paged.kind!(row, column)).toBe(whole.kind!(row, column))
      }
    expect(paged.setCell(7, 'labels', '["a", "b"]')).toEqual(whole.setCell(7, 'labels', '["a", "b"]'))
  })
})
