import { describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { dataChanges, recipeChanges } from '../../../src/core/run/changes.ts'
import { decimate, smooth } from '../../../src/core/run/series.ts'
import type { RunData } from '../../../src/core/train/data.ts'

describe('smoothing', () => {
  test('starts at the first value and follows the formula', () => {
    const [a, b, c] = smooth([2, 4, 8], 0.6) as [number, number, number]
    expect(a).toBeCloseTo(2, 12)
    expect(b).toBeCloseTo((2 * 0.4 * 0.6 + 4 * 0.4) / (1 - 0.36), 12)
    expect(c).toBeCloseTo((2 * 0.4 * 0.36 + 4 * 0.4 * 0.6 + 8 * 0.4) / (1 - 0.216), 12)
  })

  test('a constant stays exactly what it is; no weight changes nothing', () => {
    expect(smooth([0.1, 0.1, 0.1], 0.99)).toEqual([0.1, 0.1, 0.1])
    expect(smooth([1, 2, 3], 0)).toEqual([1, 2, 3])
    expect(smooth([], 0.6)).toEqual([])
  })

  test('what is not a number is passed through and does not spoil the rest', () => {
    const [a, gap, b] = smooth([1, Number.NaN, 3], 0.5) as [number, number, number]
    expect(a).toBe(1)
    expect(gap).toBeNaN()
    expect(b).toBeCloseTo((0.25 + 1.5) / 0.75, 12)
  })
})

describe('fewer points', () => {
  const draw = random('points')
  const n = 50_000
  const x = Array.from({ length: n }, (_, i) => i)
  const y = x.map(() => draw.normal())

  test('every pixel keeps its first, lowest, highest and last', () => {
    const pixels = 600
    const kept = decimate(x, y, { from: 0, to: n - 1, pixels })
    expect(kept.length).toBeLessThanOrEqual(4 * (pixels + 1))
    expect(new Set(kept).size).toBe(kept.length)
    expect([...kept].sort((a, b) => a - b)).toEqual(kept)
    const inKept = new Set(kept)
    for (let p = 0; p < pixels; p++) {
      const column = x.filter(i => Math.floor((i / (n - 1)) * pixels) === p)
      const values = column.map(i => y[i] as number)
      expect(inKept.has(column[values.indexOf(Math.min(...values))] as number)).toBe(true)
      expect(inKept.has(column[values.indexOf(Math.max(...values))] as number)).toBe(true)
      expect(inKept.has(column[0] as number)).toBe(true)
      expect(inKept.has(column.at(-1) as number)).toBe(true)
    }
  })

  test('few points are all kept, with one on either side of the window', () => {
    expect(decimate(x, y, { from: 100, to: 110, pixels: 600 })).toEqual(Array.from({ length: 13 }, (_, i) => 99 + i))
    expect(decimate([], [], { from: 0, to: 1, pixels: 10 })).toEqual([])
    expect(decimate([5], [1], { from: 5, to: 5, pixels: 10 })).toEqual([0])
  })

  test('gaps do not hide the values around them', () => {
    const holes = y.map((v, i) => (i % 3 === 0 ? Number.NaN : v))
    const kept = decimate(x, holes, { from: 0, to: n - 1, pixels: 100 })
    const finite = holes.filter(Number.isFinite)
    expect(kept.map(i => holes[i])).toContain(Math.max(...finite))
    expect(kept.map(i => holes[i])).toContain(Math.min(...finite))
  })
})

test('what changed between two recipes', () => {
  const a = { model: 'm', schedule: { rate: 1e-4, kind: 'linear' }, method: { kind: 'lora', targets: ['q', 'v'] } }
  const b = { model: 'm', schedule: { rate: 2e-4, kind: 'linear' }, method: { kind: 'full', freeze: true } }
  expect(recipeChanges(a, b)).toEqual([
    { path: 'schedule.rate', a: 1e-4, b: 2e-4 },
    { path: 'method.kind', a: 'lora', b: 'full' },
    { path: 'method.targets', a: ['q', 'v'], b: undefined },
    { path: 'method.freeze', a: undefined, b: true },
  ])
  expect(recipeChanges(a, structuredClone(a))).toEqual([])
})

test('what changed between the data of two runs', () => {
  const data = (hash: string, rows: number, labels: string[]): RunData => ({
    version: 1,
    dataset: 'd',
    root: '/d',
    files: [{ path: 'train.csv', split: 'train', hash, rows }],
    roles: { text: 'text', label: 'label' },
    labels,
    use: { train: [{ file: 0, ranges: [[0, rows]] }], validation: [], test: [] },
    dropped: [],
    leaked: [],
  })
  const old = data('1', 10, ['x', 'y'])
  const mended = { ...data('2', 8, ['x', 'z']) }
  expect(dataChanges(old, mended)).toEqual({
    files: [{ path: 'train.csv', kind: 'changed', rowsA: 10, rowsB: 8 }],
    trainRows: { a: 10, b: 8 },
    labels: { added: ['z'], removed: ['y'] },
  })
  expect(dataChanges(old, old).files).toEqual([])
})
