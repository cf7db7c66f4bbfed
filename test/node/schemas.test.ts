import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { recipeSchema } from '../../src/core/train/recipe.ts'
import { configSchema } from '../../src/node/config.ts'
import { jsonSchema } from './jsonSchema.ts'

test.each([
  ['winnow', 'Winnow', configSchema],
  ['recipe', 'Winnow recipe', recipeSchema],
])('media/schema/%s.schema.json says what its reader accepts (UPDATE=1 writes it)', (name, title, schema) => {
  const file = new URL(`../../media/schema/${name}.schema.json`, import.meta.url).pathname
  const text = jsonSchema(title, schema)
  if (process.env['UPDATE']) writeFileSync(file, text)
  expect(existsSync(file) && readFileSync(file, 'utf8')).toBe(text)
})
