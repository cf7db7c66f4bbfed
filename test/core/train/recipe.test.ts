import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Failure, failureLine } from '../../../src/core/base/failure.ts'
import { methods } from '../../../src/core/train/methods.ts'
import { parseRecipe, resolveRecipe, suggested } from '../../../src/core/train/recipe.ts'

const said = (value: unknown): string => {
  try {
    parseRecipe(value, 'recipe.json')
  } catch (error) {
    expect(error).toBeInstanceOf(Failure)
    expect((error as Failure).code).toBe('bad-recipe')
    return failureLine(error)
  }
  return 'no error'
}
const methodKinds = methods.map(method => `"${method.schema.entries.kind.literal}"`).join(' or ')
const base = { model: 'tiny-encoder', data: { dataset: 'banking77' } }

describe('a recipe with something wrong', () => {
  test.each([
    [{ ...base, shedule: {} }, 'recipe.json: unknown key "shedule". Did you mean "schedule"?'],
    [{ modle: 'x', data: {} }, 'recipe.json: unknown key "modle". Did you mean "model"?'],
    [{ ...base, schedule: { warmpu: 1 } }, 'recipe.json: unknown key "schedule.warmpu". Did you mean "warmup"?'],
    [{ ...base, method: { kind: 'lora', rnak: 4 } }, 'recipe.json: unknown key "method.rnak". Did you mean "rank"?'],
    [{ ...base, method: { kind: 'head', rank: 4 } }, 'recipe.json: unknown key "method.rank". Valid here: kind'],
    [
      { ...base, method: { kind: 'lra' } },
      `recipe.json: "method.kind" must be ${methodKinds}, not "lra". Did you mean "lora"?`,
    ],
    [{ data: {} }, 'recipe.json: "model" is missing'],
    [{ ...base, batch: { rows: 1.5 } }, 'recipe.json: "batch.rows" must be a whole number, not 1.5'],
    [{ ...base, batch: { rows: 0 } }, 'recipe.json: "batch.rows" must be at least 1, not 0'],
    [{ ...base, dropout: 1.5 }, 'recipe.json: "dropout" must be at most 1, not 1.5'],
    [{ ...base, schedule: { rate: 0 } }, 'recipe.json: "schedule.rate" must be above 0, not 0'],
    [{ ...base, dropout: 'x' }, 'recipe.json: "dropout" must be a number, not "x"'],
    [3, 'recipe.json: a recipe must be an object, not 3'],
  ])('%j', (value, line) => expect(said(value)).toBe(line))

  test('names the item of a list', () =>
    expect(said({ ...base, method: { kind: 'lora', targets: ['query', 3] } })).toMatch(
      /"method.targets.1" must be .* not 3/,
    ))
})

describe('resolving', () => {
  test('writes out every default', () => {
    const recipe = resolveRecipe(parseRecipe(base, 'recipe.json'), { hidden: 384 })
    expect(recipe.name).toBe('banking77 tiny-encoder lora')
    expect(recipe.method).toEqual({ kind: 'lora', rank: 8, alpha: 16, dropout: 0, targets: ['query', 'value'] })
    expect(recipe.schedule.rate).toBe(suggested('lora', 384).rate)
    expect(recipe.optimizer).toEqual({ kind: 'adamw', decay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip: 1 })
  })

  test('keeps what was said', () => {
    const said = { ...base, name: 'n', method: { kind: 'full' }, schedule: { rate: 1e-4, steps: 7 }, seed: 9 }
    const recipe = resolveRecipe(parseRecipe(said, 'recipe.json'), { hidden: 384 })
    expect(recipe).toMatchObject({ name: 'n', method: { kind: 'full' }, schedule: { rate: 1e-4, steps: 7 }, seed: 9 })
  })

  test('a resolved recipe is a recipe, and resolves to itself', () => {
    const recipe = resolveRecipe(parseRecipe(base, 'recipe.json'), { hidden: 384 })
    const again = parseRecipe(JSON.parse(JSON.stringify(recipe)), 'recipe.json')
    expect(resolveRecipe(again, { hidden: 384 })).toEqual(recipe)
  })
})

test('every key of the schema that editors read says what it is for', () => {
  type Json = { [key: string]: unknown }
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../../media/schema/recipe.schema.json'), 'utf8'))
  const silent = (json: Json, path: string): string[] => [
    ...Object.entries((json['properties'] ?? {}) as Record<string, Json>).flatMap(([key, value]) => [
      ...(value['description'] === undefined && value['const'] === undefined ? [`${path}${key}`] : []),
      ...silent(value, `${path}${key}.`),
    ]),
    ...((json['anyOf'] ?? []) as Json[]).flatMap(option => silent(option, path)),
  ]
  expect(silent(schema as Json, '')).toEqual([])
})
