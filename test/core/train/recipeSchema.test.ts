import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { recipeJsonSchema } from '../../../src/core/train/recipeSchema.ts'

const file = join(import.meta.dirname, '../../../media/schema/recipe.schema.json')

/** `UPDATE=1 npm run unit -- recipeSchema` writes the file anew. */
test('the schema that editors read is the one that recipes are checked with', () => {
  const text = `${JSON.stringify(recipeJsonSchema(), null, 2)}\n`
  if (process.env['UPDATE'] === '1') {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  expect(existsSync(file)).toBe(true)
  expect(readFileSync(file, 'utf8')).toBe(text)
})

test('every key says what it is for', () => {
  const walk = (json: Record<string, unknown>, path: string): string[] => {
    const inner = Object.entries((json['properties'] ?? {}) as Record<string, Record<string, unknown>>)
    const options = (json['oneOf'] ?? []) as Record<string, unknown>[]
    return [
      ...inner.flatMap(([key, value]) => [
        ...(value['description'] === undefined && value['const'] === undefined ? [`${path}${key}`] : []),
        ...walk(value, `${path}${key}.`),
      ]),
      ...options.flatMap(option => walk(option, path)),
    ]
  }
  expect(walk(recipeJsonSchema(), '')).toEqual([])
})
