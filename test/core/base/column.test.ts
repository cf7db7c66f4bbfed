import fc from 'fast-check'
import { expect, test } from 'vitest'
import { appended, joined, lengthened, noColumn } from '../../../src/core/base/column.ts'

test('a column grows as a list does, one by one, in pieces and back', () => {
  const step = fc.oneof(
    fc.record({ push: fc.double() }),
    fc.record({ join: fc.array(fc.double(), { maxLength: 40 }) }),
    fc.record({ keep: fc.nat(60) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      let column = noColumn
      let list: number[] = []
      for (const s of steps) {
        if ('push' in s) [column, list] = [appended(column, s.push), [...list, s.push]]
        else if ('join' in s) [column, list] = [joined(column, s.join), [...list, ...s.join]]
        else [column, list] = [lengthened(column, Math.min(s.keep, list.length)), list.slice(0, s.keep)]
        expect([...column]).toEqual(list)
      }
    }),
  )
})

test('what was handed out before stays what it was while the column grows', () => {
  const short = joined(noColumn, [1, 2, 3])
  let long = short
  for (let i = 4; i <= 1000; i++) long = appended(long, i)
  expect([...short]).toEqual([1, 2, 3])
  expect(long).toHaveLength(1000)
  // Growing a hundred thousand values one by one takes memory anew a few dozen times, not each time.
  const memories = new Set<ArrayBufferLike>()
  for (let i = 0; i < 100_000; i++) {
    long = appended(long, i)
    memories.add(long.buffer)
  }
  expect(memories.size).toBeLessThan(40)
})
