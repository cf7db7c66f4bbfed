import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { configSchema } from '../../src/node/config.ts'

/** The parts of a valibot schema that are read here. */
interface Shape {
  readonly type: string
  readonly entries?: Record<string, Shape>
  readonly item?: Shape
  readonly value?: Shape
  readonly wrapped?: Shape
  readonly options?: readonly (Shape | string)[]
  readonly pipe?: readonly (Shape & { readonly requirement?: number; readonly description?: string })[]
}

/** What the schema means, as JSON Schema (draft 7). A kind that is not known here fails the test. */
function print(shape: Shape): Record<string, unknown> {
  const notes: Record<string, unknown> = {}
  for (const step of shape.pipe?.slice(1) ?? []) {
    if (step.type === 'description') notes['description'] = step.description
    else if (step.type === 'min_length') notes['minLength'] = step.requirement
    else if (step.type === 'max_length') notes['maxLength'] = step.requirement
    else if (step.type === 'length') Object.assign(notes, { minLength: step.requirement, maxLength: step.requirement })
    else throw new Error(`no JSON Schema for ${step.type}`)
  }
  return { ...notes, ...body(shape.pipe?.[0] && shape.type !== 'optional' ? { ...shape.pipe[0], pipe: [] } : shape) }
}

function body(shape: Shape): Record<string, unknown> {
  switch (shape.type) {
    case 'string':
    case 'boolean':
    case 'number':
      return { type: shape.type }
    case 'optional':
      return print(shape.wrapped!)
    case 'array':
      return { type: 'array', items: print(shape.item!) }
    case 'record':
      return { type: 'object', additionalProperties: print(shape.value!) }
    case 'picklist':
      return { enum: shape.options }
    case 'union':
      return { anyOf: (shape.options as readonly Shape[]).map(print) }
    case 'strict_object':
    case 'loose_object': {
      const entries = Object.entries(shape.entries!)
      const required = entries.filter(([, entry]) => entry.type !== 'optional').map(([key]) => key)
      return {
        type: 'object',
        properties: Object.fromEntries(entries.map(([key, entry]) => [key, print(entry)])),
        ...(required.length ? { required } : {}),
        ...(shape.type === 'strict_object' ? { additionalProperties: false } : {}),
      }
    }
  }
  throw new Error(`no JSON Schema for ${shape.type}`)
}

const file = new URL('../../media/schema/winnow.schema.json', import.meta.url).pathname

test('media/schema/winnow.schema.json says what the reader of winnow.json accepts (UPDATE=1 writes it)', () => {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Winnow',
    ...print(configSchema as unknown as Shape),
  }
  const text = `${JSON.stringify(schema, null, 2)}\n`
  if (process.env['UPDATE']) writeFileSync(file, text)
  expect(existsSync(file) && readFileSync(file, 'utf8')).toBe(text)
})
