import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { evidenceKey } from '../../src/core/check/training.ts'
import type { RunData } from '../../src/core/train/data.ts'
import { command as compare } from '../../src/node/commands/compare.ts'
import { readBytes } from '../../src/node/files.ts'
import { rowsHash } from '../../src/node/labelFile.ts'
import { writeRowHashes } from '../../src/node/rowHashes.ts'
import { RowLosses } from '../../src/node/rowLosses.ts'
import { Witness } from '../../src/node/training.ts'
import { keepVotes, readVotes } from '../../src/node/votes.ts'
import { finishedRun, memoryIo } from './fixture/runFolder.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'winnow-witness-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** A finished run of three rows over two epochs. */
async function trained(): Promise<{ readonly folder: string; readonly file: string }> {
  const file = join(root, 'train.csv')
  writeFileSync(file, 'text,label\nfirst row,card arrival\nsecond row,lost card\nthird row,lost card\n')
  const folder = await finishedRun(root, 'Tickets', { fixed: 12, broken: 2, right: 20, wrong: 6, leaked: 2 })
  const path = join(folder, 'data.json')
  const data = JSON.parse(readFileSync(path, 'utf8')) as RunData
  const hash = await rowsHash(file, await readBytes(file))
  const files = [...data.files, { path: 'train.csv', split: 'train', hash, rows: 3 }]
  const use = { ...data.use, train: [{ file: 1, ranges: [[0, 3]] }] }
  writeFileSync(path, JSON.stringify({ ...data, files, use }))
  const losses = new RowLosses(join(folder, 'rows.bin'), 3, 0)
  const loss = (...p: number[]) => Float32Array.from(p, x => -Math.log(x))
  losses.note(0, Int32Array.of(0, 1, 2), loss(0.5, 0.02, 0.6))
  losses.note(1, Int32Array.of(0, 1, 2), loss(0.9, 0.04, 0.8))
  losses.flush()
  return { folder, file }
}

test('a finished run tells of the rows of its files while these are what they were, each by text and label', async () => {
  const { file } = await trained()
  const witness = new Witness()
  const evidence = (await witness.of([file], root))!
  expect(evidence).toMatchObject({ run: 'Tickets', epochs: 2 })
  expect(evidence.confidence.get(evidenceKey('second row', 'lost card'))).toBeCloseTo(0.03, 6)
  expect(evidence.confidence.get(evidenceKey('first row', 'card arrival'))).toBeCloseTo(0.7, 6)
  expect(evidence.confidence.get(evidenceKey('second row', 'card arrival'))).toBeUndefined()
  expect(await witness.of([join(root, 'other.csv')], root)).toBeUndefined()
  writeFileSync(file, 'text,label\nfirst row,card arrival\nsecond row,card arrival\nthird row,lost card\n')
  // What was read stays; who reads for the first time finds other files.
  expect(await witness.of([file], root)).toBe(evidence)
  expect(await new Witness().of([file], root)).toBeUndefined()
})

test('of a file that was mended since, a run that noted its rows still tells of those that are as they were', async () => {
  const { file, folder } = await trained()
  const samples = [
    ['first row', 'card arrival'],
    ['second row', 'lost card'],
    ['third row', 'lost card'],
  ].map(([said, gold]) => ({ text: said as string, gold: gold as string }))
  writeRowHashes(folder, samples)
  writeFileSync(file, 'text,label\nnew,lost card\nsecond row,card arrival\nthird row,lost card\n')
  const { confidence } = (await new Witness().of([file], root))!
  expect([...confidence.keys()]).toEqual([evidenceKey('third row', 'lost card')])
  expect([...confidence.values()][0]).toBeCloseTo(0.7, 6)
})

test('compare tells slices, as text and as JSON, and which columns there are', async () => {
  await trained()
  const call = async (...args: string[]) => {
    const io = memoryIo(root)
    await compare.run(args, io)
    return io.said.out
  }
  expect(await call('last')).toContain('leaked not leaked')
  const { slices } = JSON.parse(await call('last', '--format', 'json')) as {
    slices: { facet: string; tooFew: boolean }[]
  }
  expect(new Set(slices.map(slice => slice.facet))).toEqual(new Set(['label', 'length', 'leaked']))
  expect(slices.some(slice => slice.tooFew)).toBe(true)
  writeFileSync(join(root, 'test.csv'), 'text,label,channel\na,b,mail\n')
  await expect(call('last', '--slice-by', 'colour')).rejects.toThrow('column "colour"')
})

test('votes are kept by pair; a line cut short is none', async () => {
  const vote = { file: 't', row: 1, winner: 'b', by: 'person' } as const
  await keepVotes(root, { a: 'base', b: 'x' }, [vote])
  await keepVotes(root, { a: 'other', b: 'x' }, [vote])
  writeFileSync(join(root, 'votes.jsonl'), `${readFileSync(join(root, 'votes.jsonl'), 'utf8')}{"a":"ba`)
  expect(await readVotes(root, { a: 'base', b: 'x' })).toEqual([vote])
})
