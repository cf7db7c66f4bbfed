import { diffWordsWithSpace } from 'diff'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { percent, points } from '../../src/core/base/words.ts'
import { newRun, reduce } from '../../src/core/run/run.ts'
import { changes, differences, settingName } from '../../src/core/view/change.ts'
import {
  nearest,
  newSmoothed,
  newThinned,
  niceUp,
  outlierTop,
  smooth,
  smoothedAt,
  spikes,
  thin,
} from '../../src/core/view/curve.ts'
import { column, follow, newCurves, place, reach, smoothedColumn } from '../../src/core/view/curves.ts'
import { runCsv } from '../../src/core/view/runTable.ts'
import { about, duration, probability, small, tick, ticks } from '../../src/core/view/words.ts'
import { legible } from '../../webview/parts/difference.ts'
import { markPlaces } from '../../webview/parts/lineMarks.ts'
import { dice, live, runEvents, runOf } from './fixtures.ts'

test('smoothing is the debiased average, and growing it gives what starting anew gives', () => {
  const direct = (ys: number[], k: number, i: number) => {
    let sum = 0
    let mass = 0
    for (let j = 0; j <= i; j++) {
      sum += k ** (i - j) * (ys[j] as number)
      mass += k ** (i - j)
    }
    return sum / mass
  }
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 60 }),
      fc.double({ min: 0, max: 0.98, noNaN: true }),
      fc.nat(60),
      (ys, k, cut) => {
        const grown = newSmoothed(k)
        smooth(grown, ys.slice(0, cut))
        smooth(grown, ys)
        for (const [i, y] of grown.values.entries()) expect(Math.abs(y - direct(ys, k, i))).toBeLessThan(1e-6)
      },
    ),
  )
})

test('a constant stays constant from the first value on, and a gap stays a gap', () => {
  const into = newSmoothed(0.9)
  smooth(into, [2, 2, Number.NaN, 2])
  expect(Array.from(into.values, v => Math.round(v * 1e9) / 1e9)).toEqual([2, 2, Number.NaN, 2])
})

test('thinning keeps first, last, lowest and highest of every pixel, and grows to the same polyline', () => {
  const random = dice(1)
  const ys = Array.from({ length: 5000 }, () => random() * 10)
  const xs = ys.map((_, i) => i + 1)
  const span = { from: 0, to: 5000, columns: 100 }
  const once = newThinned(span, 0)
  thin(once, xs, ys)
  expect(once.xs.length).toBeLessThanOrEqual(4 * 101)
  for (let c = 0; c < 100; c++) {
    const source = ys.filter((_, i) => Math.floor((xs[i] as number) / 50) === c)
    const drawn = once.ys.filter((_, i) => Math.floor((once.xs[i] as number) / 50) === c)
    expect(Math.max(...drawn)).toBe(Math.max(...source))
    expect(Math.min(...drawn)).toBe(Math.min(...source))
    expect(drawn[0]).toBe(source[0])
    expect(drawn.at(-1)).toBe(source.at(-1))
  }
  const grown = newThinned(span, 0)
  for (let end = 1; end <= 5000; end += 1 + Math.floor(random() * 90)) thin(grown, xs.slice(0, end), ys.slice(0, end))
  thin(grown, xs, ys)
  expect(grown.xs).toEqual(once.xs)
  expect(grown.ys).toEqual(once.ys)
})

test('smoothing on the way draws what smoothing first draws, and one place is found without the others', () => {
  const random = dice(2)
  const ys = Array.from({ length: 3000 }, (_, i) => (i % 97 === 5 ? Number.NaN : random() * 10))
  const xs = ys.map((_, i) => i + 1)
  for (const columns of [50, 5000])
    for (const weight of [0.3, 0.98]) {
      const span = { from: 0, to: 3000, columns }
      const smoothed = newSmoothed(weight)
      smooth(smoothed, ys)
      const first = newThinned(span, 0)
      thin(first, xs, smoothed.values)
      const grown = newThinned(span, weight)
      for (let end = 1; end <= 3000; end += 1 + Math.floor(random() * 90)) thin(grown, xs.slice(0, end), ys)
      thin(grown, xs, ys)
      expect(grown.xs).toEqual(first.xs)
      expect(grown.ys).toEqual(first.ys)
      for (let i = 0; i < 3000; i += 61)
        if (Number.isNaN(ys[i])) expect(smoothedAt(ys, i, weight)).toBeNaN()
        else expect(smoothedAt(ys, i, weight)).toBeCloseTo(smoothed.values[i] as number, 9)
    }
})

test('below four points a pixel every point is drawn, gaps included', () => {
  const into = newThinned({ from: 0, to: 10, columns: 10 }, 0)
  thin(into, [1, 2, 3, 4], [1, Number.NaN, 3, 4])
  expect(into.ys).toEqual([1, Number.NaN, 3, 4])
})

test('nearest finds the nearest', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1 }),
      fc.integer({ min: -20, max: 520 }),
      (list, at) => {
        const sorted = list.toSorted((a, b) => a - b)
        const found = Math.abs((sorted[nearest(sorted, at)] as number) - at)
        expect(found).toBe(Math.min(...sorted.map(x => Math.abs(x - at))))
      },
    ),
  )
  expect(nearest([], 3)).toBe(-1)
})

test('a spike is found at its top, noise is not', () => {
  expect(spikes(runOf(live).series.norm)).toEqual([267])
  expect(spikes(runOf({ ...live, spike: undefined as never }).series.norm)).toEqual([])
})

test('outliers do not set the end of the axis', () => {
  const ys = Array.from({ length: 1000 }, (_, i) => (i === 500 ? 1000 : 1 + (i % 10) / 10))
  expect(outlierTop([ys])).toBeLessThan(3)
  for (const v of [0.013, 1, 1.01, 9.7, 123]) expect(niceUp(v)).toBeGreaterThanOrEqual(v * 0.999)
})

test('a resume that goes back replaces what was drawn', () => {
  const events = runEvents({ ...live, done: 40, warnings: 0 })
  let run = events.reduce(reduce, newRun('r', 'r'))
  const curves = newCurves(run, 0.5)
  for (const e of events) if (e.kind === 'step' && e.step > 30) run = reduce(run, { ...e, loss: 9, at: e.at + 60_000 })
  const again = follow(curves, run)
  expect(again.restarted).toBe(true)
  expect(smoothedColumn(again, 'loss')).toEqual(smoothedColumn(newCurves(run, 0.5), 'loss'))
})

test('axes: tokens and time add up, the end is foreseen at the pace so far', () => {
  const run = runOf({ ...live, warnings: 0 })
  const curves = newCurves(run, 0)
  const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0)
  expect(column(curves, 'tokens').at(-1)).toBe(sum(run.series.tokens))
  expect(column(curves, 'time').at(-1)).toBeCloseTo(sum(run.series.ms), 6)
  expect(column(curves, 'epochs').at(-1)).toBeCloseTo((3 * 412) / 936, 12)
  expect(reach(curves, 'steps')).toBe(936)
  expect(reach(curves, 'time')).toBeCloseTo((sum(run.series.ms) * 936) / 412, 6)
  expect(place(curves, 'tokens', 10)).toBe(sum(run.series.tokens.slice(0, 10)))
})

test('recipes: what changed, added, removed, and how much is equal', () => {
  const before = { a: 1, method: { kind: 'lora', rank: 8 }, old: true, list: [] }
  const after = { a: 1, method: { kind: 'lora', rank: 16 }, list: ['x', 'y'], learningRate: 0.0002 }
  const { changed, equal } = changes(before, after)
  expect(equal).toBe(2)
  expect(changed).toEqual([
    { kind: 'changed', path: 'method.rank', before: '8', after: '16' },
    { kind: 'changed', path: 'list', before: 'none', after: 'x, y' },
    { kind: 'added', path: 'learningRate', after: '2e-4' },
    { kind: 'removed', path: 'old', before: 'true' },
  ])
  expect(settingName('schedule.learningRate')).toBe('schedule, learning rate')
})

test('numbers as people read them', () => {
  expect([percent(0.904), percent(undefined), points(0.092), points(-0.0004), points(-0.08)]).toEqual([
    '90.4 %',
    '–',
    '+9.2',
    '0.0',
    '\u22128.0',
  ])
  expect([0.55, 1, 0.0312, 2.2e-8, 0.00004].map(probability)).toEqual([
    '0.55',
    '1',
    '0.031',
    '2.2 × 10⁻⁸',
    '4.0 × 10⁻⁵',
  ])
  expect([3.2, 820, 12_400, 72_000, 7_500_000].map(duration)).toEqual([
    '3.2 ms',
    '820 ms',
    '12.4 s',
    '1m 12s',
    '2h 05m',
  ])
  expect([40_400, 72_000].map(about)).toEqual(['40s', '1m 12s'])
  expect([0, 2e-4, 1.523e-4].map(v => small(v, 2))).toEqual(['0', '2e\u22124', '1.52e\u22124'])
  expect([0, 0.25, 25_000, 1_200_000, 0.0002].map(tick)).toEqual(['0', '0.25', '25k', '1.2M', '2e\u22124'])
  // Under one another they have the same decimals, unit and power.
  expect(ticks([0, 0.5, 1, 1.5])).toEqual(['0', '0.5', '1.0', '1.5'])
  expect(ticks([-5, 0, 5])).toEqual(['\u22125', '0', '5'])
  expect(ticks([0, 500, 1500, 2500])).toEqual(['0', '500', '1,500', '2,500'])
  expect(ticks([0, 5000, 10_000, 12_500])).toEqual(['0', '5.0k', '10.0k', '12.5k'])
  expect(ticks([0, 5e-5, 1e-4, 1.5e-4])).toEqual(['0', '0.5e\u22124', '1.0e\u22124', '1.5e\u22124'])
  expect(ticks([0, 5e-4, 1e-3], 1)).toEqual(['0', '0.5e\u22123', '1.0e\u22123'])
  expect(ticks([])).toEqual([])
})

test('where only signs changed inside a word, whole words are shown as replaced', () => {
  const said = (before: string, after: string) =>
    legible(diffWordsWithSpace(before, after)).map(p => `${p.removed ? '-' : p.added ? '+' : ''}${p.value}`)
  expect(said('my top-up gone', 'my top up gone')).toEqual(['my ', '-top-up', '+top up', ' gone'])
  expect(said('top-up', 'top up')).toEqual(['-top-up', '+top up'])
  expect(said('it goes on. Now', 'it goes on! Now')).toEqual(['it goes ', '-on.', '+on!', ' Now'])
  // Words that came or went are told as they are.
  expect(said('gone through?', 'gone through yet?')).toEqual(['gone through', '+ yet', '?'])
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'b', ' ', '-', '.') }),
      fc.string({ unit: fc.constantFrom('a', ' ', '-') }),
      (a, b) => {
        const parts = legible(diffWordsWithSpace(a, b))
        expect(
          parts
            .filter(p => !p.added)
            .map(p => p.value)
            .join(''),
        ).toBe(a)
        expect(
          parts
            .filter(p => !p.removed)
            .map(p => p.value)
            .join(''),
        ).toBe(b)
      },
    ),
  )
})

test('marks stand at fixed places of the axis, each line at its own, and none where a line is not', () => {
  const xs = Array.from({ length: 100 }, (_, i) => i)
  const line = { xs, ys: xs, color: '', mark: 'dot' as const }
  const places = markPlaces([line, { ...line, mark: undefined }, { ...line, mark: 'ring' as const }], [0, 100], 4)
  expect(places.map(p => [p.mark, p.at])).toEqual([
    ...[12, 37, 62, 87].map(at => ['dot', at]),
    ...[25, 50, 75].map(at => ['ring', at]),
  ])
  // It goes on: what was marked stays marked.
  const before = markPlaces([{ ...line, xs: xs.slice(0, 70), ys: xs.slice(0, 70) }], [0, 100], 4)
  expect(before.map(p => p.at)).toEqual([12, 37, 62])
})

test('the numbers leave as CSV: raw, one line a step, scores on their step', () => {
  const run = runOf({ ...live, done: 62, name: 'a "b", c', warnings: 0 })
  const lines = runCsv([run]).trimEnd().split('\r\n')
  expect(lines).toHaveLength(63)
  expect(lines[0]).toBe(
    'run,step,epoch,at,loss,rate,norm,rows,tokens,ms,validation_loss,validation_accuracy,validation_macroF1,validation_rows',
  )
  const cells = (lines[62] as string).split(',')
  expect(Number(cells[4])).toBe(run.series.loss[61])
  expect(Number(cells[10])).toBe(run.evaluated.find(e => e.step === 62)?.scores['loss'])
  expect((lines[61] as string).split(',')[10]).toBe('')
})

test('of several recipes: the settings that differ, and which runs have which value', () => {
  const recipe = (rank: number, seed: number) => ({ a: 1, method: { kind: 'lora', rank }, seed })
  const { differ, equal } = differences([recipe(8, 1), recipe(8, 2), { ...recipe(16, 1), note: 'x' }])
  expect(equal).toBe(2)
  expect(differ).toEqual([
    {
      path: 'method.rank',
      values: [
        { text: '8', recipes: [0, 1] },
        { text: '16', recipes: [2] },
      ],
    },
    {
      path: 'seed',
      values: [
        { text: '1', recipes: [0, 2] },
        { text: '2', recipes: [1] },
      ],
    },
    {
      path: 'note',
      values: [
        { text: undefined, recipes: [0, 1] },
        { text: 'x', recipes: [2] },
      ],
    },
  ])
})
