import { describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import {
  benjaminiHochberg,
  holm,
  logGamma,
  mcNemar,
  pairedInterval,
  rowsToDecide,
  smallestDifference,
  wilson,
} from '../../../src/core/eval/significance.ts'

/** The published tables give the difference first minus second: [both, first only, second only, neither]. */
function published(both: number, first: number, second: number, neither: number): number[] {
  const [low, high] = pairedInterval({ stillRight: both, broken: first, fixed: second, stillWrong: neither })
  return [-high, -low]
}

/** The two-sided p of a fair coin by whole numbers. */
function exactCoin(fixed: number, broken: number): number {
  const n = BigInt(fixed + broken)
  let term = 1n
  let sum = 0n
  for (let k = 0n; k <= BigInt(Math.min(fixed, broken)); k++) {
    sum += term
    term = (term * (n - k)) / (k + 1n)
  }
  const whole = 1n << n
  const p = 2n * sum
  // 60 significant bits are more than a double keeps.
  return p >= whole ? 1 : Number((p << 200n) / whole) / 2 ** 200
}

describe('exact McNemar', () => {
  test('textbook values', () => {
    // Cavo 2012 in Fagerland, Lydersen and Laake, "Statistical Analysis of Contingency Tables": 6 against 16.
    expect(mcNemar(16, 6)).toBeCloseTo(0.05248, 5)
    // Bentur 2009, same book: 1 against 7, 18/256.
    expect(mcNemar(1, 7)).toBeCloseTo(18 / 256, 14)
    // Agresti's presidential approval table: 86 against 150.
    expect(mcNemar(150, 86)).toBeCloseTo(exactCoin(150, 86), 14)
    expect(mcNemar(0, 0)).toBe(1)
    expect(mcNemar(0, 5)).toBeCloseTo(2 / 32, 15)
    expect(mcNemar(0, 6)).toBeCloseTo(2 / 64, 15)
  })

  test('every table up to 40 changed rows by enumerating the splits', () => {
    for (let n = 0; n <= 40; n++)
      for (let k = 0; k <= n; k++) {
        const exact = exactCoin(k, n - k)
        expect(Math.abs(mcNemar(k, n - k) - exact) / exact).toBeLessThan(1e-12)
      }
  })

  test('thousands of changed rows', () => {
    for (const [fixed, broken] of [
      [1500, 1400],
      [2500, 2700],
      [900, 1100],
    ] as const) {
      const exact = exactCoin(fixed, broken)
      expect(Math.abs(mcNemar(fixed, broken) - exact) / exact).toBeLessThan(1e-10)
    }
    expect(mcNemar(500_000, 500_000)).toBe(1)
    expect(mcNemar(1_000_000, 0)).toBe(0)
    expect(mcNemar(500_000, 498_000)).toBeGreaterThan(0.045)
    expect(mcNemar(500_000, 498_000)).toBeLessThan(0.0455)
  })
})

test('log gamma: factorials and halves', () => {
  let factorial = 0
  for (let n = 1; n < 300; n++) {
    expect(Math.abs(logGamma(n) - factorial)).toBeLessThan(1e-12 * Math.max(1, factorial))
    factorial += Math.log(n)
  }
  expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 13)
})

test('Wilson: the worked examples of Newcombe 1998 (Statistics in Medicine 17, 857-872)', () => {
  const close = (right: number, rows: number, low: number, high: number) => {
    expect(wilson(right, rows)[0]).toBeCloseTo(low, 4)
    expect(wilson(right, rows)[1]).toBeCloseTo(high, 4)
  }
  close(81, 263, 0.2553, 0.3662)
  close(15, 148, 0.0624, 0.1605)
  close(0, 20, 0, 0.1611)
  close(1, 29, 0.0061, 0.1718)
  expect(wilson(0, 0)).toEqual([0, 1])
  expect(wilson(7, 7)[1]).toBe(1)
})

describe('paired difference, method 10', () => {
  test('published values', () => {
    const close = (found: number[], low: number, high: number, digits: number) => {
      expect(found[0]).toBeCloseTo(low, digits)
      expect(found[1]).toBeCloseTo(high, digits)
    }
    // Newcombe 1998, table II.
    close(published(36, 12, 2, 0), 0.0569, 0.3404, 4)
    close(published(54, 0, 0, 0), -0.0664, 0.0664, 4)
    // Fagerland, Lydersen and Laake, chapter 8: Cavo 2012 and Bentur 2009.
    close(published(59, 6, 16, 80), -0.1186, -0.0046, 4)
    close(published(1, 1, 7, 12), -0.507, -0.026, 3)
    // Altman and others, "Statistics with Confidence", page 52: 12.2 %, 1 to 23 %.
    close(published(14, 5, 0, 22), 0.01, 0.23, 2)
  })

  test('every table of up to 14 rows: ordered, holds the estimate, mirrors when the models swap, stays in [-1, 1]', () => {
    for (let n = 1; n <= 14; n++)
      for (let a = 0; a <= n; a++)
        for (let b = 0; a + b <= n; b++)
          for (let c = 0; a + b + c <= n; c++) {
            const counts = { stillRight: a, fixed: b, broken: c, stillWrong: n - a - b - c }
            const [low, high] = pairedInterval(counts)
            const [mirrorLow, mirrorHigh] = pairedInterval({ ...counts, fixed: c, broken: b })
            const difference = (b - c) / n
            expect(low).toBeLessThanOrEqual(difference + 1e-12)
            expect(high).toBeGreaterThanOrEqual(difference - 1e-12)
            expect(low).toBeGreaterThanOrEqual(-1 - 1e-12)
            expect(high).toBeLessThanOrEqual(1 + 1e-12)
            expect(mirrorLow).toBeCloseTo(-high, 12)
            expect(mirrorHigh).toBeCloseTo(-low, 12)
          }
  })

  test('covers the true difference in about 95 of 100 samples', () => {
    const draw = random('coverage')
    let covered = 0
    for (let i = 0; i < 2000; i++) {
      const counts = { stillRight: 0, fixed: 0, broken: 0, stillWrong: 0 }
      for (let row = 0; row < 120; row++) {
        const u = draw.next()
        counts[u < 0.7 ? 'stillRight' : u < 0.82 ? 'fixed' : u < 0.88 ? 'broken' : 'stillWrong']++
      }
      const [low, high] = pairedInterval(counts)
      if (low <= 0.06 && 0.06 <= high) covered++
    }
    expect(covered / 2000).toBeGreaterThan(0.935)
    expect(covered / 2000).toBeLessThan(0.975)
  })
})

describe('rows to decide', () => {
  test('the exact test reaches about 80 % power at that many rows', () => {
    for (const { changed, difference } of [
      { changed: 0.18, difference: 0.05 },
      { changed: 0.3, difference: 0.15 },
    ]) {
      const rows = rowsToDecide({ changed, difference }) as number
      const power = exactPower(rows, changed, difference)
      // Connor's formula is for the test without the exact test's caution.
      expect(power).toBeGreaterThan(0.76)
      expect(power).toBeLessThan(0.83)
    }
  })

  test('the smallest difference is its inverse', () => {
    for (const rows of [60, 500, 3080]) {
      const smallest = smallestDifference(rows, 0.18) as number
      expect(rowsToDecide({ changed: 0.18, difference: smallest })).toBe(rows)
    }
    expect(smallestDifference(60, 11 / 60)).toBeCloseTo(0.152, 3)
  })

  test('nothing to say where nothing changed, or where all changes are too few', () => {
    expect(rowsToDecide({ changed: 0.1, difference: 0 })).toBeUndefined()
    expect(smallestDifference(500, 0)).toBeUndefined()
    expect(smallestDifference(20, 0.1)).toBeUndefined()
  })
})

/** Power of the exact test: all splits of all numbers of changed rows. */
function exactPower(rows: number, changed: number, difference: number): number {
  const pFixed = (changed + difference) / 2 / changed
  const binomial = (n: number, k: number, p: number) =>
    Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) + k * Math.log(p) + (n - k) * Math.log(1 - p))
  let power = 0
  for (let n = 1; n <= rows; n++) {
    const weight = binomial(rows, n, changed)
    if (weight < 1e-10) continue
    for (let k = 0; k <= n; k++) if (mcNemar(k, n - k) < 0.05) power += weight * binomial(n, k, pFixed)
  }
  return power
}

test('many p values: Holm, and Benjamini and Hochberg with the example of their 1995 paper', () => {
  const p = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
  ]
  // The paper rejects four at 0.05; Holm's procedure three.
  expect(benjaminiHochberg(p).filter(q => q <= 0.05)).toHaveLength(4)
  expect(holm(p).filter(q => q <= 0.05)).toHaveLength(3)
  // Order is kept, whatever order they come in.
  const shuffled = [0.01, 0.04, 0.03, 0.005]
  expect(holm(shuffled).map(q => q.toFixed(12))).toEqual([0.03, 0.06, 0.06, 0.02].map(q => q.toFixed(12)))
  expect(benjaminiHochberg(shuffled).map(q => q.toFixed(12))).toEqual([0.02, 0.04, 0.04, 0.02].map(q => q.toFixed(12)))
  expect(holm([])).toEqual([])
})
