import { recipeSchema } from './recipe.ts'

/** What the checks of valibot say about themselves, as far as recipes use it. */
interface Schema {
  readonly kind: 'schema' | 'validation' | 'metadata'
  readonly type: string
  readonly entries?: Readonly<Record<string, Schema>>
  readonly options?: readonly unknown[]
  readonly wrapped?: Schema
  readonly item?: Schema
  readonly literal?: unknown
  readonly pipe?: readonly Schema[]
  readonly requirement?: unknown
  readonly description?: string
}
type Json = Record<string, unknown>

/** The JSON schema of recipes (draft 7), made from the one definition that also checks them. */
export function recipeJsonSchema(): Json {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Winnow recipe',
    description: 'What to train: model, data, method, schedule, seed.',
    ...convert(recipeSchema as unknown as Schema),
  }
}

function convert(schema: Schema): Json {
  const [first, ...rest] = schema.pipe ?? [schema]
  const json = bare(first as Schema)
  for (const action of rest) Object.assign(json, refine(action, json['type'] === 'string'))
  return json
}

function bare(schema: Schema): Json {
  switch (schema.type) {
    case 'strict_object': {
      const entries = Object.entries(schema.entries ?? {})
      const required = entries.filter(([, s]) => s.type !== 'exact_optional').map(([key]) => key)
      return {
        type: 'object',
        properties: Object.fromEntries(entries.map(([key, s]) => [key, convert(s.wrapped ?? s)])),
        ...(required.length > 0 ? { required } : {}),
        additionalProperties: false,
      }
    }
    case 'variant':
      return { oneOf: (schema.options as Schema[]).map(convert) }
    case 'union':
      return { anyOf: (schema.options as Schema[]).map(convert) }
    case 'picklist':
      return { enum: schema.options }
    case 'literal':
      return { const: schema.literal }
    case 'array':
      return { type: 'array', items: convert(schema.item as Schema) }
    case 'string':
    case 'number':
    case 'boolean':
      return { type: schema.type }
    default:
      throw new Error(`no JSON schema for ${schema.type}`)
  }
}

function refine(action: Schema, text: boolean): Json {
  switch (action.type) {
    case 'description':
      return { description: action.description }
    case 'integer':
      return { type: 'integer' }
    case 'min_value':
      return { minimum: action.requirement }
    case 'max_value':
      return { maximum: action.requirement }
    case 'gt_value':
      return { exclusiveMinimum: action.requirement }
    case 'non_empty':
      return text ? { minLength: 1 } : { minItems: 1 }
    case 'min_length':
      return text ? { minLength: action.requirement } : { minItems: action.requirement }
    default:
      throw new Error(`no JSON schema for ${action.type}`)
  }
}
