import { expect, test } from 'vitest'
import { NumberLists } from '../../../src/core/base/numberLists.ts'
import { random } from '../../../src/core/base/random.ts'

test('numbers by number, as a map of lists holds them', () => {
  const r = random('number lists')
  const lists = new NumberLists()
  const map = new Map<number, number[]>()
  for (let id = 0; id < 30_000; id++) {
    const key = r.int(r.int(2) ? 500 : 2 ** 32)
    if (r.int(3) === 0) {
      expect(lists.of(key)).toEqual(map.get(key) ?? [])
      expect(lists.take(key)).toEqual(map.get(key) ?? [])
      map.delete(key)
    } else {
      lists.add(key, id)
      map.set(key, [...(map.get(key) ?? []), id])
    }
  }
  expect(map.size).toBeGreaterThan(5000)
  for (const [key, ids] of map) expect(lists.take(key)).toEqual(ids)
  for (const key of map.keys()) expect(lists.take(key)).toEqual([])
  lists.clear()
  expect(lists.of(3)).toEqual([])
  lists.add(3, 5)
  expect(lists.of(3)).toEqual([5])
})
