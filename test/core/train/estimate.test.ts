import { expect, test } from 'vitest'
import {
  correctedShape,
  estimatePeak,
  estimateSeconds,
  largestBatch,
  rowOperations,
  summarizeTokens,
} from '../../../src/core/train/estimate.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { runMemory } from '../../../src/core/train/models/memory.ts'
import { tinyConfig } from '../../node/train/tinyModel.ts'

const backbone = openBackbone(tinyConfig, 'config.json')

test('lengths in a histogram that loses no row', () => {
  const lengths = Int32Array.of(3, 8, 9, 17, 30, 32, 32)
  const tokens = summarizeTokens({ lengths, cut: 2 }, 32)
  expect(tokens.histogram).toEqual([
    { upTo: 8, rows: 2 },
    { upTo: 16, rows: 1 },
    { upTo: 32, rows: 4 },
  ])
  expect(tokens).toMatchObject({ total: 131, median: 17, longest: 32, limit: 32, cut: 2 })
  // Padded to 8, 8, 12, 24, 32, 32, 32.
  expect(tokens.padding).toBeCloseTo(1 - 131 / 148, 6)
  expect(summarizeTokens({ lengths: Int32Array.of(), cut: 0 }, 32)).toMatchObject({ total: 0, padding: 0 })
})

test('seconds follow the pace of the steps that were tried, and the rows that are scored', () => {
  const lengths = new Int32Array(64).fill(16)
  const batch = { rows: 16, tokens: 32 }
  const operations = 16 * rowOperations(backbone, 16)
  const work = { backbone, lengths, limit: 32, batch, steps: 40, scored: 0, passes: 2 }
  const dry = { timed: [{ seconds: 0.5, operations }] }
  expect(estimateSeconds(work, dry).value).toBeCloseTo(20, 6)
  // A scored row is one pass of the two: 32 of them are a step.
  const scored = estimateSeconds({ ...work, scored: 32 }, dry)
  expect(scored.value).toBeCloseTo(20.5, 6)
  expect(scored.low).toBeLessThan(scored.value)
  expect(scored.high).toBeGreaterThan(scored.value)
})

test('memory grows by row, and what was measured takes the place of shapes', () => {
  const run = { tokens: 32, frozen: 1e6, trained: 1e4, bits: 32, keeps: 'all' as const }
  const shape = runMemory(backbone, run)
  expect(shape.base).toBeGreaterThan(4e6)
  expect(runMemory(backbone, { ...run, keeps: 'nothing' }).perRow).toBeLessThan(shape.perRow)
  expect(estimatePeak(shape, 8).value).toBe(shape.base + 8 * shape.perRow)
  const dry = { timed: [], before: 2e8, peak: 4e8 }
  expect(estimatePeak(shape, 8, dry)).toMatchObject({ low: 4e8 })
  const corrected = correctedShape(shape, 8, dry)
  expect(corrected).toEqual({ base: 2e8, perRow: 2.5e7 })
  expect(largestBatch(corrected, 1e9)).toBe(28)
  expect(largestBatch(corrected, 1e8)).toBe(0)
})
