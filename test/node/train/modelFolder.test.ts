import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { Failure, failureLine } from '../../../src/core/base/failure.ts'
import type { ConfigJson } from '../../../src/core/train/models/architecture.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { estimateMemory } from '../../../src/core/train/models/memory.ts'
import { cachedModel, hubCache } from '../../../src/node/hubCache.ts'
import { inspectModel, tokenizerSize } from '../../../src/node/inspectModel.ts'
import { checkTokenizer, externalData, findModel, openModel } from '../../../src/node/modelFolder.ts'
import { readFloats, readHeader, type TensorData, writeSafetensors } from '../../../src/node/safetensors.ts'
import { openTokenizer } from '../../../src/node/tokenizer.ts'
import { formulaTensor } from '../../core/train/formula.ts'
import { tinyConfig, tinyTokenizer, vocabulary, writeTinyModel } from './tinyModel.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-model-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const good = writeTinyModel(join(root, 'tiny'))
const tensors: TensorData[] = [...readHeader(join(good, 'model.safetensors')).tensors.values()].map(t => ({
  name: t.name,
  shape: t.shape,
  data: readFloats(t),
}))

function variant(name: string, change: (list: TensorData[]) => TensorData[]): string {
  const folder = join(root, name)
  cpSync(good, folder, { recursive: true })
  writeSafetensors(join(folder, 'model.safetensors'), change(tensors))
  return folder
}
const said = (folder: string): string => {
  try {
    openModel(folder)
  } catch (error) {
    expect(error).toBeInstanceOf(Failure)
    return failureLine(error)
  }
  return 'no error'
}

test('an encoder opens, with or without the prefix, and with the older names of normalisation', () => {
  const names = [...openModel(good).places.keys()]
  expect(names).toContain('bert.encoder.layer.1.output.LayerNorm.bias')
  const bare = variant('bare', list => list.map(t => ({ ...t, name: t.name.replace(/^bert\./, '') })))
  const old = variant('old', list =>
    list.map(t => ({
      ...t,
      name: t.name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
    })),
  )
  for (const folder of [bare, old]) expect([...openModel(folder).places.keys()]).toEqual(names)
})

test('a missing tensor and a wrong shape are named in one line', () => {
  const folder = variant('wrong', list =>
    list
      .filter(t => t.name !== 'bert.encoder.layer.0.attention.self.key.bias')
      .map(t =>
        t.name === 'bert.embeddings.position_embeddings.weight'
          ? { ...t, shape: [16, 32], data: (t.data as Float32Array).slice(0, 512) }
          : t,
      ),
  )
  const line = said(folder)
  expect(line).toContain('tensor bert.encoder.layer.0.attention.self.key.bias missing')
  expect(line).toContain('bert.embeddings.position_embeddings.weight is [16, 32] and should be [32, 32]')
  expect(line.split('\n')).toHaveLength(1)
  expect(inspectModel(folder)).toMatchObject({ trains: false, what: 'bert' })
})

test('shards and symbolic links, as in the hub’s cache', () => {
  const blobs = join(root, 'cache', 'blobs')
  const snapshot = join(root, 'cache', 'snapshots', 'abc')
  mkdirSync(blobs, { recursive: true })
  mkdirSync(snapshot, { recursive: true })
  const half = tensors.length >> 1
  writeSafetensors(join(blobs, '1111'), tensors.slice(0, half))
  writeSafetensors(join(blobs, '2222'), tensors.slice(half))
  symlinkSync('../../blobs/1111', join(snapshot, 'model-00001-of-00002.safetensors'))
  symlinkSync('../../blobs/2222', join(snapshot, 'model-00002-of-00002.safetensors'))
  const weight_map = Object.fromEntries(
    tensors.map((t, i) => [t.name, `model-0000${i < half ? 1 : 2}-of-00002.safetensors`]),
  )
  writeFileSync(join(snapshot, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map }))
  writeFileSync(join(snapshot, 'config.json'), JSON.stringify(tinyConfig))
  const folder = openModel(snapshot)
  expect(folder.files).toHaveLength(2)
  const external = externalData(folder.files)
  expect(folder.files.map(external.location).sort()).toEqual(['1111', '2222'])
  rmSync(join(snapshot, 'model-00002-of-00002.safetensors'))
  expect(said(snapshot)).toContain('the index names model-00002-of-00002.safetensors, which is not there')
})

test('pickled weights, no weights, a strange model and a bad config each say so', () => {
  const pickle = join(root, 'pickle')
  cpSync(good, pickle, { recursive: true })
  renameSync(join(pickle, 'model.safetensors'), join(pickle, 'pytorch_model.bin'))
  expect(said(pickle)).toContain('pickled weights can run code when loaded')
  rmSync(join(pickle, 'pytorch_model.bin'))
  expect(said(pickle)).toContain('has no model.safetensors')
  writeFileSync(join(pickle, 'config.json'), JSON.stringify({ ...tinyConfig, model_type: 'mamba' }))
  cpSync(join(good, 'model.safetensors'), join(pickle, 'model.safetensors'))
  expect(said(pickle)).toContain('model type "mamba" cannot be trained')
  writeFileSync(join(pickle, 'config.json'), JSON.stringify({ ...tinyConfig, num_attention_heads: 5 }))
  expect(said(pickle)).toContain('hidden_size 32 is no multiple of num_attention_heads 5')
  writeFileSync(join(pickle, 'config.json'), readFileSync(join(good, 'config.json'), 'utf8').slice(0, 20))
  expect(said(pickle)).toContain('is not JSON')
  expect(inspectModel(good)).toMatchObject({ trains: true, what: 'bert encoder, 2 x 32, 2 heads, vocabulary 45' })
})

test('a tokenizer with more ids than the embeddings have rows is found without running it', () => {
  const folder = variant('small', list => list)
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tinyTokenizer([...vocabulary, 'more', 'words'])))
  expect(inspectModel(folder)).toMatchObject({
    trains: false,
    reason: expect.stringContaining('tokenizer.json has ids up to 46, the embeddings 45 rows'),
  })
  expect(() => checkTokenizer(openModel(folder), openTokenizer(folder).size)).toThrow('ids up to 46')
  expect(() => checkTokenizer(openModel(good), openTokenizer(good).size)).not.toThrow()
  rmSync(join(folder, 'tokenizer.json'))
  expect(inspectModel(folder)).toMatchObject({ trains: false, reason: 'tokenizer.json is missing' })
  expect(
    tokenizerSize({
      model: {
        vocab: [
          ['a', 0],
          ['b', -1],
        ],
      },
      added_tokens: [{ id: 7 }],
    }),
  ).toBe(8)
  expect(tokenizerSize(undefined)).toBe(0)
})

const goldens = fileURLToPath(new URL('../../golden/models/', import.meta.url))
test.each(readdirSync(goldens))(
  '%s opens with the prefix, without it, and where a tied tensor has its other name',
  name => {
    const config = JSON.parse(readFileSync(join(goldens, name), 'utf8')).config as ConfigJson
    const { architecture, language, ...backbone } = openBackbone(config, name)
    const specs = [...backbone.parameters(), ...language.parameters]
    const wanted = [...new Set(specs.map(spec => spec.name))]
    const write = (as: string, rename: (name: string) => string): string => {
      const folder = join(root, `${name}-${as}`)
      mkdirSync(folder)
      writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
      const list = [...new Map(specs.map(spec => [spec.name, spec])).values()]
      const named = list.map(spec => ({ ...formulaTensor(spec), name: rename(spec.name) }))
      writeSafetensors(join(folder, 'model.safetensors'), named)
      return folder
    }
    const { prefix } = architecture
    const other = (tensor: string) => architecture.aliases(tensor).at(-1) ?? tensor
    const folders = [
      write('full', tensor => tensor),
      write('bare', tensor => (tensor.startsWith(prefix) ? tensor.slice(prefix.length) : tensor)),
      ...(language.tied ? [write('tied', other)] : []),
    ]
    for (const folder of folders) {
      const { places } = openModel(folder)
      expect(wanted.filter(tensor => !places.has(tensor))).toEqual([])
    }
  },
)

test('what training takes is near what was measured', () => {
  // 6 layers of 384, 16 rows of 64 tokens, 2 threads on Linux: the peak of resident memory.
  const config = {
    ...tinyConfig,
    hidden_size: 384,
    num_hidden_layers: 6,
    num_attention_heads: 12,
    intermediate_size: 1536,
  }
  const backbone = openBackbone({ ...config, vocab_size: 30522, max_position_embeddings: 512 }, 'config.json')
  const numbers = backbone.parameters().reduce((n, spec) => n + spec.shape.reduce((a, b) => a * b, 1), 0)
  const batch = { rows: 16, tokens: 64 }
  const estimates = estimateMemory(backbone, { numbers, bytes: numbers * 4, batch })
  const of = (method: string) => (estimates.find(e => e.method.startsWith(method))?.bytes ?? 0) / 1e6
  for (const [method, measured] of [
    ['head', 417],
    ['LoRA', 700],
    ['full', 950],
  ] as const) {
    expect(of(method) / measured).toBeGreaterThan(0.75)
    expect(of(method) / measured).toBeLessThan(1.25)
  }
  expect(of('QLoRA')).toBeLessThan(of('LoRA'))
})

test('a model is found by path or by name', () => {
  expect(findModel('tiny', '/nowhere', [root])).toBe(good)
  expect(findModel('./tiny', root, [])).toBe(good)
  expect(() => findModel('absent', '/nowhere', [root])).toThrow(/no model folder/)
  expect(hubCache({ HF_HUB_CACHE: '/elsewhere' })).toBe('/elsewhere')
  expect(hubCache({ HF_HOME: join('/home', 'x') })).toBe(join('/home', 'x', 'hub'))
})

test('a model that other tools have downloaded is found by its name', () => {
  const cache = join(root, 'hub')
  const folder = join(cache, 'models--org--tiny')
  const snapshot = join(folder, 'snapshots', 'abc')
  cpSync(good, snapshot, { recursive: true })
  expect(cachedModel('org/tiny', cache)).toBe(snapshot)
  expect(cachedModel('org/other', cache)).toBeUndefined()
  expect(findModel(folder, '/nowhere', [])).toBe(snapshot)
  // Two revisions: the one that main was last fetched at.
  cpSync(good, join(folder, 'snapshots', 'def'), { recursive: true })
  expect(cachedModel('org/tiny', cache)).toBeUndefined()
  mkdirSync(join(folder, 'refs'))
  writeFileSync(join(folder, 'refs', 'main'), 'def')
  expect(cachedModel('org/tiny', cache)).toBe(join(folder, 'snapshots', 'def'))
})

test('the tokenizer truncates content and keeps the special tokens', () => {
  const tokenizer = openTokenizer(good)
  expect(tokenizer.special).toEqual({ pad: 0, unknown: 1, cls: 2, sep: 3, mask: 4 })
  expect(tokenizer.size).toBe(45)
  expect(tokenizer.encode('w0 W1 w2 nope', { limit: 16 })).toEqual({
    ids: [2, 5, 6, 7, 1, 3],
    types: [0, 0, 0, 0, 0, 0],
    cut: 0,
  })
  expect(tokenizer.encode('w0 w1 w2 w3', { limit: 4 })).toEqual({ ids: [2, 5, 6, 3], types: [0, 0, 0, 0], cut: 2 })
  expect(tokenizer.encode('', { limit: 4 }).ids).toEqual([2, 3])
  const pair = tokenizer.encode('w0 w1 w2 w3', { limit: 7, pair: 'w4 w5' })
  expect(pair).toEqual({ ids: [2, 5, 6, 3, 9, 10, 3], types: [0, 0, 0, 0, 1, 1, 1], cut: 2 })
  const tight = tokenizer.encode('w0 w1 w2 w3', { limit: 5, pair: 'w4 w5' })
  expect(tight.ids).toEqual([2, 5, 3, 9, 3])
})
