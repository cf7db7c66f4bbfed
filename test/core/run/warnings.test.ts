import { expect, test } from 'vitest'
import { byGravity } from '../../../src/core/run/warnings.ts'

test('what spoils the numbers comes first, the provider last, and of equals the newest', () => {
  const codes = ['provider-fallback', 'no-test', 'unknown-label', 'disk-full', 'disk-full', 'not-a-number']
  const warned = codes.map((code, at) => ({ code, at }))
  expect(byGravity(warned).map(w => w.at)).toEqual([5, 4, 3, 2, 1, 0])
})
