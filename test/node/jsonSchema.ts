/** The parts of a valibot schema that are read here. */
export interface Shape {
  readonly type: string
  readonly entries?: Record<string, Shape>
  readonly item?: Shape
  readonly value?: Shape
  readonly literal?: string
  readonly wrapped?: Shape
  readonly options?: readonly (Shape | string)[]
  readonly pipe?: readonly Step[]
}
type Step = Shape & { readonly requirement?: number; readonly description?: string }

const optionals = new Set(['optional', 'exact_optional'])

/** A valibot schema as JSON Schema (draft 7), for editors. A kind that is not known here fails the test that prints it. */
export function jsonSchema(title: string, schema: unknown): string {
  const printed = { $schema: 'http://json-schema.org/draft-07/schema#', title, ...print(schema as Shape) }
  return `${JSON.stringify(printed, null, 2)}\n`
}

function print(shape: Shape): Record<string, unknown> {
  const notes: Record<string, unknown> = {}
  for (const step of shape.pipe?.slice(1) ?? []) Object.assign(notes, note(step, shape.type))
  return { ...body(shape.pipe?.[0] && !optionals.has(shape.type) ? { ...shape.pipe[0], pipe: [] } : shape), ...notes }
}

function note({ type, requirement, description }: Step, of: string): Record<string, unknown> {
  const many = of === 'array' ? 'Items' : 'Length'
  switch (type) {
    case 'description':
      return { description }
    case 'min_length':
      return { [`min${many}`]: requirement }
    case 'max_length':
      return { [`max${many}`]: requirement }
    case 'length':
      return { [`min${many}`]: requirement, [`max${many}`]: requirement }
    case 'non_empty':
      return { [`min${many}`]: 1 }
    case 'min_value':
      return { minimum: requirement }
    case 'max_value':
      return { maximum: requirement }
    case 'gt_value':
      return { exclusiveMinimum: requirement }
    case 'lt_value':
      return { exclusiveMaximum: requirement }
    case 'integer':
      return { type: 'integer' }
  }
  throw new Error(`no JSON Schema for ${type}`)
}

function body(shape: Shape): Record<string, unknown> {
  switch (shape.type) {
    case 'string':
    case 'boolean':
    case 'number':
      return { type: shape.type }
    case 'literal':
      return { const: shape.literal }
    case 'optional':
    case 'exact_optional':
      return print(shape.wrapped!)
    case 'array':
      return { type: 'array', items: print(shape.item!) }
    case 'record':
      return { type: 'object', additionalProperties: print(shape.value!) }
    case 'picklist':
      return { enum: shape.options }
    case 'union':
    case 'variant':
      return { anyOf: (shape.options as readonly Shape[]).map(print) }
    case 'strict_object':
    case 'loose_object': {
      const entries = Object.entries(shape.entries!)
      const required = entries.filter(([, entry]) => !optionals.has(entry.type)).map(([key]) => key)
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
