import { describe, expect, test } from 'vitest'
import { Failure } from '../../../src/core/base/failure.ts'
import { targetLayers } from '../../../src/core/train/methods/targets.ts'
import { tunableOf } from '../../../src/core/train/methods/tunable.ts'
import { type Method, methodOf, methods } from '../../../src/core/train/methods.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { parseRecipe, resolveRecipe } from '../../../src/core/train/recipe.ts'

const backbone = openBackbone(
  {
    model_type: 'bert',
    vocab_size: 10,
    hidden_size: 8,
    num_hidden_layers: 3,
    num_attention_heads: 2,
    intermediate_size: 16,
    max_position_embeddings: 8,
  },
  'test',
)
const here = tunableOf({ backbone, head: backbone.sequence(3, 'pooler') })
const divide = (method: Method) => methodOf(method.kind).divide(here, method)
const ofKind = (method: object): Method => {
  const input = { model: 'm', data: {}, method }
  return resolveRecipe(parseRecipe(input, 'recipe'), { hidden: 8 }).method
}

test.each(methods.map(method => method.schema.entries.kind.literal))(
  '%s resolves, says what it is and divides',
  kind => {
    const method = ofKind({ kind })
    expect(method.kind).toBe(kind)
    expect(methodOf(kind).text(method)).not.toBe('')
    const { trained, frozen } = divide(method)
    const names = trained.map(spec => spec.name)
    expect(names).toEqual(expect.arrayContaining(['classifier.weight', 'classifier.bias']))
    expect(new Set([...names, ...frozen]).size).toBe(names.length + frozen.length)
    // Every stored tensor is either trained or frozen: none is forgotten.
    const all = new Set([...names, ...frozen])
    expect(here.stored.filter(spec => !all.has(spec.name))).toEqual([])
  },
)

describe('targets', () => {
  const named = (targets: string[] | 'all-linear') => targetLayers(here, targets).map(layer => layer.name)

  test('parts, ends of names and patterns', () => {
    expect(named(['query'])).toEqual([0, 1, 2].map(i => `bert.encoder.layer.${i}.attention.self.query`))
    expect(named(['attention.output.dense'])).toEqual(
      [0, 1, 2].map(i => `bert.encoder.layer.${i}.attention.output.dense`),
    )
    expect(named(['layer.1.attention.self.*'])).toEqual(
      ['query', 'key', 'value'].map(part => `bert.encoder.layer.1.attention.self.${part}`),
    )
    expect(named(['self.*e*y'])).toEqual(
      [0, 1, 2].flatMap(i => ['query', 'key'].map(part => `bert.encoder.layer.${i}.attention.self.${part}`)),
    )
    expect(named('all-linear')).toHaveLength(3 * 6 + 1)
    expect(named(['dense'])).toHaveLength(3 * 3 + 1)
  })

  test('a word that names nothing is refused with the nearest that does', () => {
    expect(() => named(['query', 'vlaue'])).toThrow(Failure)
    expect(() => named(['query', 'vlaue'])).toThrow(/"method.targets.1" is "vlaue", and no linear layer/)
    try {
      named(['vlaue'])
    } catch (error) {
      expect((error as Failure).hint).toBe('Did you mean "value"?')
    }
  })
})

test('the last layers with what is above them', () => {
  const { trained, frozen } = divide(ofKind({ kind: 'last', layers: 1 }))
  expect(trained.every(s => /layer\.2\.|pooler|classifier/.test(s.name))).toBe(true)
  expect(trained.some(s => s.name.includes('layer.2.'))).toBe(true)
  expect(frozen.every(name => /embeddings|layer\.[01]\./.test(name))).toBe(true)
  expect(() => divide(ofKind({ kind: 'last', layers: 4 }))).toThrow('the model has 3')
})

test('LoRA+ gives B its own rate, rsLoRA another scale', () => {
  const plus = divide(ofKind({ kind: 'lora-plus', ratio: 8 })).trained
  expect(plus.filter(s => s.name.endsWith('lora_B.weight')).every(s => s.rate === 8)).toBe(true)
  expect(plus.filter(s => !s.name.endsWith('lora_B.weight')).every(s => s.rate === undefined)).toBe(true)
  const keys = (kind: Method['kind']) => methodOf(kind).peft?.(here, ofKind({ kind }))?.keys
  expect(keys('lora')).toMatchObject({ r: 8, lora_alpha: 16, use_rslora: false })
  expect(keys('rslora')).toMatchObject({ use_rslora: true })
  expect(keys('dora')).toMatchObject({ use_dora: true })
})
