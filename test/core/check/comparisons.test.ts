import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { Comparisons } from '../../../src/core/check/comparisons.ts'

test('what is remembered of pairs of forms is what was said of them last, whichever is named first', () => {
  const r = random('comparisons')
  const all = new Comparisons()
  const map = new Map<string, { inter: number; union: number; numbers: boolean }>()
  for (let i = 0; i < 8000; i++) {
    const [a, b] = [r.int(3000), r.int(r.int(2) ? 40 : 2 ** 30)]
    const key = `${Math.min(a, b)} ${Math.max(a, b)}`
    expect(all.get(a, b)).toEqual(map.get(key))
    const exact = { inter: r.int(2 ** 30), union: r.int(2 ** 31), numbers: r.int(2) === 1 }
    all.set(b, a, exact)
    map.set(key, exact)
    expect(all.get(a, b)).toEqual(exact)
  }
  expect(all.size).toBe(map.size)
  for (const [key, exact] of map) {
    const [a, b] = key.split(' ').map(Number)
    expect(all.get(b!, a!)).toEqual(exact)
  }
})
