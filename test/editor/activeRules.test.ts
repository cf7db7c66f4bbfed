import { expect, test } from 'vitest'
import { activeRules } from '../../src/editor/activeRules.ts'

const ids = (...given: Parameters<typeof activeRules>) => activeRules(...given).map(rule => rule.id)

test('rules that somebody has to ask for are no tests until then', () => {
  expect(ids(undefined, {})).toContain('leak')
  for (const id of ['c4', 'gopher', 'fineweb', 'contamination']) expect(ids(undefined, {})).not.toContain(id)
  expect(ids({ profiles: ['c4'] }, {})).toContain('c4')
  expect(ids({ contamination: { files: ['b.jsonl'] } }, {})).toContain('contamination')
  expect(ids({}, { gopher: 'warning' })).toContain('gopher')
})

test('what is off in winnow.json or in the settings is no test; the settings win', () => {
  expect(ids({ rules: { leak: 'off' } }, {})).not.toContain('leak')
  expect(ids({ rules: { leak: { severity: 'off' } } }, {})).not.toContain('leak')
  expect(ids({}, { leak: 'off' })).not.toContain('leak')
  expect(ids({ rules: { leak: 'off' } }, { leak: 'error' })).toContain('leak')
})
