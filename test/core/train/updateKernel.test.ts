import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { newUpdateKernel } from '../../../src/core/train/updateKernel.ts'
import { assemble } from '../../tool/assemble.mjs'

test('the kernel that is kept is what its source compiles to', async () => {
  const file = new URL('../../../src/core/train/generated/updateBytes.ts', import.meta.url)
  const bytes = Buffer.from(await assemble('src/core/train/assembly/update.ts'))
  const made = `// Made from ../assembly/update.ts by test/core/train/updateKernel.test.ts with UPDATE=1.
export const updateBytes =
  '${bytes.toString('base64').replace(/=+$/, '')}'
`
  if (process.env['UPDATE']) writeFileSync(file, made)
  expect(readFileSync(file, 'utf8')).toBe(made)
})

const f = Math.fround
const [keepFirst, first, keepSecond, second, keep, size, epsilon] = [0.9, 0.05, 0.999, 0.0005, 0.9999, 1e-3, 1e-8].map(
  f,
) as [number, number, number, number, number, number, number]

test.each([1, 4, 30, 67])('%i numbers move as single precision has it, and no other', n => {
  const kernel = newUpdateKernel(8192)
  if (!kernel) throw new Error('there is no kernel')
  const draw = random(`update ${n}`)
  // A number before and after each list is nobody's.
  const lists = [0, 1, 2, 3, 4].map(i => new Float32Array(kernel.memory, 1024 + 400 * i, n + 2))
  for (const [i, list] of lists.entries())
    for (const j of list.keys()) list[j] = i === 2 ? draw.next() : draw.next() - 0.5
  const [p, m, v, g, e] = lists.map(list => list.slice()) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ]
  const at = (i: number) => 1024 + 400 * i + 4
  const step = (gradient: Float32Array) => {
    for (let i = 1; i <= n; i++) {
      const d = gradient[i] as number
      m[i] = f(f(m[i]! * keepFirst) + f(d * first))
      v[i] = f(f(v[i]! * keepSecond) + f(f(d * d) * second))
      const direction = f(m[i]! / f(f(Math.sqrt(v[i]!)) + epsilon))
      p[i] = f(f(p[i]! * keep) - f(direction * size))
    }
  }
  const squares = g.subarray(1, n + 1).reduce((sum, x) => sum + x * x, 0)
  expect(kernel.squares(at(3), n)).toBeCloseTo(squares, 12)
  kernel.adamw(at(0), at(1), at(2), at(3), n, keepFirst, first, keepSecond, second, keep, size, epsilon)
  step(g)
  expect(lists.slice(0, 4)).toEqual([p, m, v, g])
  kernel.coast(at(0), at(1), at(2), n, keepFirst, keepSecond, keep, size, epsilon)
  step(new Float32Array(n + 2))
  expect(lists.slice(0, 4)).toEqual([p, m, v, g])
  kernel.follow(at(4), at(0), n, 0.25)
  for (let i = 1; i <= n; i++) e[i] = f(e[i]! + f(f(p[i]! - e[i]!) * 0.25))
  expect(lists[4]).toEqual(e)
})

test('what cannot be addressed is not made', () => {
  expect(newUpdateKernel(2 ** 32)).toBeUndefined()
})
