import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { Told } from '../../../src/core/check/told.ts'

test('numbers of findings by form, as a map of lists holds them', () => {
  const r = random('told')
  const told = new Told()
  const map = new Map<number, number[]>()
  for (let id = 0; id < 30_000; id++) {
    const slot = r.int(r.int(2) ? 500 : 8_000_000)
    if (r.int(3) === 0) {
      expect(told.take(slot)).toEqual(map.get(slot) ?? [])
      map.delete(slot)
    } else {
      told.add(slot, id)
      map.set(slot, [...(map.get(slot) ?? []), id])
    }
  }
  expect(map.size).toBeGreaterThan(5000)
  for (const [slot, ids] of map) expect(told.take(slot)).toEqual(ids)
  for (const slot of map.keys()) expect(told.take(slot)).toEqual([])
})
