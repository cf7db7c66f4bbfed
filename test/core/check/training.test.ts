import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check } from '../../../src/core/check/check.ts'
import { mend } from '../../../src/core/check/mend.ts'
import { evidenceKey } from '../../../src/core/check/training.ts'
import type { Dataset } from '../../../src/core/data/dataset.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { rowText } from '../../../src/core/data/roles.ts'
import type { Source } from '../../../src/core/data/table.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { readForCheck } from '../../../src/node/checkInput.ts'

const folder = join(new URL('../../data/rules/', import.meta.url).pathname, 'label-error')

test('what training did not believe is a label-error that the vote alone does not tell, and the finding says so', async () => {
  const input = await readForCheck([folder], { cwd: folder })
  const table = input.datasets[0]!.splits[0]!.tables[0]!
  const { roles } = input.datasets[0]!
  const found = (training?: Parameters<typeof check>[0]['training']) =>
    finishWork(check({ ...input, training })).findings.filter(f => f.rule === 'label-error')
  const alone = found()
  expect(alone.length).toBeGreaterThan(0)
  expect(alone.every(f => !f.message.includes('In training'))).toBe(true)
  const confidence = new Map<string, number>()
  for (let row = 0; row < table.rowCount; row++)
    confidence.set(evidenceKey(rowText(table, row, roles)!, table.text(row, roles.label!)!), 0.02)
  const heard = found({ run: 'tickets', epochs: 5, confidence })
  expect(heard.length).toBeGreaterThanOrEqual(alone.length)
  expect(heard[0]!.message).toContain('In training (tickets, 5 epochs) the label had a mean probability of 0.02.')
  // A row that was believed is told as before, with what training said.
  for (const key of confidence.keys()) confidence.set(key, 0.9)
  const believed = found({ run: 'tickets', epochs: 5, confidence })
  expect(believed.map(f => f.row)).toEqual(alone.map(f => f.row))
  expect(believed[0]!.message).toContain('0.90')
  // What stood against the label is named, and makes the finding surer.
  const rivals = new Map([...confidence.keys()].map(key => [key, [['refund', 0.7] as const]]))
  const named = found({
    run: 'tickets',
    epochs: 5,
    confidence: new Map([...confidence.keys()].map(k => [k, 0.02])),
    rivals,
  })
  const refund = named.find(f => f.fixes[0]!.title === 'Relabel as "refund"')!
  expect(refund.message).toContain('probability of 0.02, the other one 0.70.')
  expect(refund.confidence).toBeGreaterThan(0.95)
})

test('suggestions are accepted from a bound on, in training rows alone, and once', async () => {
  const input = await readForCheck([folder], { cwd: folder })
  const as = (name: 'train' | 'test'): Dataset[] =>
    input.datasets.map(dataset => ({ ...dataset, splits: dataset.splits.map(split => ({ ...split, name })) }))
  const training = as('train')
  const reread = (source: Source) => parseTables(source, undefined).map(({ table }) => table)
  const mended = (datasets: readonly Dataset[], accept?: number) => {
    const given = { ...input, datasets, only: new Set(['label-error']), ...(accept === undefined ? {} : { accept }) }
    return finishWork(mend({ ...given, reread }))
  }
  const suggested = finishWork(check({ ...input, datasets: training })).findings.filter(f => f.rule === 'label-error')
  const sure = suggested.filter(f => f.confidence! >= 0.95).length
  expect(sure).toBeGreaterThan(0)
  expect(mended(training).counts).toEqual({})
  expect(mended(training, 0.95)).toMatchObject({ counts: { 'label-error': sure }, changed: sure, removed: 0 })
  expect(mended(training, 1).counts).toEqual({})
  expect(mended(as('test'), 0.95).counts).toEqual({})
})
