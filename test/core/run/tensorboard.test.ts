import { expect, test } from 'vitest'
import { eventFile, scalarsCsv, scalarsOf } from '../../../src/core/run/tensorboard/events.ts'
import { crc32c, maskedCrc, record } from '../../../src/core/run/tensorboard/records.ts'
import type { RunEvent } from '../../../src/core/train/event.ts'

const step = (step: number, loss: number): RunEvent => ({
  kind: 'step',
  at: 1_700_000_000_000 + step * 1000,
  step,
  epoch: step / 4,
  loss,
  rate: 1e-3,
  norm: 0.5,
  rows: 8,
  tokens: 100,
  ms: 50,
})
const events: RunEvent[] = [
  step(1, 2),
  step(2, 1.75),
  { kind: 'evaluated', at: 1_700_000_002_500, step: 2, epoch: 0.5, split: 'validation', scores: { accuracy: 0.5 } },
  // Resumed from step 1: what was there before is taken again.
  step(2, 1.5),
  {
    kind: 'evaluated',
    at: 1_700_000_003_000,
    step: 2,
    epoch: 0.5,
    split: 'test',
    of: 'best',
    scores: { accuracy: 0.75 },
    withoutLeaks: { accuracy: 0.625 },
    leaked: 2,
  },
]

test('checksums are those of RFC 3720, masked as TFRecord masks them', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43)
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
  const crc = 0x8a9136aa
  const rotated = ((crc >>> 15) | (crc << 17)) >>> 0
  expect(maskedCrc(new Uint8Array(32))).toBe((rotated + 0xa282ead8) % 2 ** 32)
})

test('each step is there once, as it was taken last; scores say of what', () => {
  const scalars = [...scalarsOf(events)]
  expect(scalars.filter(s => s.tag === 'train/loss').map(s => [s.step, s.value])).toEqual([
    [1, 2],
    [2, 1.5],
  ])
  expect(scalars.filter(s => !s.tag.startsWith('train/')).map(s => [s.tag, s.value])).toEqual([
    ['eval/accuracy', 0.5],
    ['best_test/accuracy', 0.75],
    ['best_test_without_leaks/accuracy', 0.625],
  ])
  expect(scalarsCsv(events).split('\n')[1]).toBe('1,train/loss,2,2023-11-14T22:13:21.000Z')
})

test('the bytes of an event file: the version, then a record for each moment', () => {
  const bytes = eventFile(events)
  const hex = (part: Uint8Array) => Buffer.from(part).toString('hex')
  // wall_time 1700000001 as a double, then field 3: "brain.Event:2".
  const version = Buffer.concat([
    Buffer.from([0x09]),
    doubles(1_700_000_001),
    Buffer.from('\x1a\x0dbrain.Event:2', 'latin1'),
  ])
  expect(hex(bytes.subarray(0, 16 + version.length))).toBe(hex(record(version)))
  const records: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = Number(Buffer.from(bytes.subarray(at, at + 8)).readBigUInt64LE())
    const data = bytes.subarray(at + 12, at + 12 + length)
    expect(hex(bytes.subarray(at, at + 16 + length))).toBe(hex(record(data)))
    records.push(Buffer.from(data))
    at += 16 + length
  }
  expect(records).toHaveLength(5)
  // Step 1, and the summary's first value: tag "train/loss", simple_value 2.
  expect(records[1]?.toString('hex')).toContain('1001')
  expect(records[1]?.toString('hex')).toContain(`0a0a${Buffer.from('train/loss').toString('hex')}1500000040`)
})

function doubles(x: number): Buffer {
  const out = Buffer.alloc(8)
  out.writeDoubleLE(x)
  return out
}
