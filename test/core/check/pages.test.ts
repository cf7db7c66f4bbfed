import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { rulePage } from '../../../src/core/check/pages.ts'
import { rules } from '../../../src/core/check/rules.ts'

const folder = new URL('../../../media/rules/', import.meta.url)

test('the pages of the rules are what the rules say (UPDATE=1 writes them)', () => {
  const pages = new Map(rules.map(rule => [`${rule.meta.id}.md`, rulePage(rule)] as const))
  if (process.env['UPDATE'] === '1') {
    mkdirSync(folder, { recursive: true })
    for (const [name, page] of pages) writeFileSync(new URL(name, folder), page)
  }
  expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort())
  for (const [name, page] of pages) expect(readFileSync(new URL(name, folder), 'utf8')).toBe(page)
})

test('every rule says all there is to say about it', () => {
  expect(new Set(rules.map(rule => rule.meta.id)).size).toBe(rules.length)
  for (const { meta } of rules) {
    expect(meta.id).toMatch(/^[a-z][a-z0-9]*(-[a-z]+)*$/)
    for (const part of [meta.title, meta.what, meta.why, meta.fix, meta.example])
      expect(part.length).toBeGreaterThan(10)
    for (const option of Object.values(meta.options)) expect(() => option.check(option.default)).not.toThrow()
  }
})
