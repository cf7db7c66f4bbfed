import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { rules } from '../src/core/check/rules.ts'

const file = new URL('../README.md', import.meta.url).pathname

test('the table of rules in the README is the list in the code', () => {
  const text = readFileSync(file, 'utf8')
  const table = [
    '| rule | worst severity | finds |',
    '|---|---|---|',
    ...rules.map(({ meta }) => `| [\`${meta.id}\`](media/rules/${meta.id}.md) | ${meta.severity} | ${meta.title} |`),
  ].join('\n')
  const next = text.replace(
    /(<!-- rules:[^\n]*-->\n)[\s\S]*?(<!-- \/rules -->)/,
    (_, open, close) => `${open}${table}\n${close}`,
  )
  if (process.env['UPDATE']) writeFileSync(file, next)
  else expect(text).toBe(next)
})

test('the README promises no figure that is still to be measured', () => {
  expect(readFileSync(file, 'utf8')).not.toMatch(/^(MEASURED|TODO|TBD)/m)
})
