import { expect, test } from 'vitest'
import { recipePlace } from '../../src/node/recipePlace.ts'

/** The place at the bar, which is taken out of the text. */
const at = (text: string) => recipePlace(text.replace('|', ''), text.indexOf('|'))

test.each([
  ['{ "model": "|" }', ['model'], 2],
  ['{ "model": "ti|ny" }', ['model'], 6],
  ['{ "model": | }', ['model'], undefined],
  ['{ "data": { "drop": ["leak", "dup|"] } }', ['data', 'drop', 1], 5],
  ['{ "data": { "dataset": "|" }', ['data', 'dataset'], 2],
])('%s', (text, path, length) => {
  const place = at(text)
  expect(place?.path).toEqual(path)
  expect(place?.literal && place.literal.end - place.literal.start).toBe(length)
})

test('a key is no value', () => {
  expect(at('{ "mo|del": "a" }')).toBeUndefined()
  expect(at('{ | }')).toBeUndefined()
})
