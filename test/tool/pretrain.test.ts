import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { random } from '../../src/core/base/random.ts'
import { openModel } from '../../src/node/modelFolder.ts'
import { readFloats } from '../../src/node/safetensors.ts'
import { openTokenizer } from '../../src/node/tokenizer.ts'
import { decoderTokens, pieces, trainBytePairs } from './pretrain/bytePairs.ts'
import { encodeCorpus, type Lines, piecesOf, sequences, split } from './pretrain/corpus.ts'
import { decoderCorpus } from './pretrain/decoderCorpus.ts'
import { decoderConfig } from './pretrain/decoderModel.ts'
import { neighbourEmbeddings } from './pretrain/embedding.ts'
import { configJson, encoderSpecs, freshWeights, halves, writeModel } from './pretrain/model.ts'
import { linesOf, type Synset } from './pretrain/wordnet.ts'
import { basicTokens, specialTokens, trainWordPiece } from './pretrain/wordPiece.ts'

const media = new URL('../../media/models/tiny-encoder', import.meta.url).pathname

const sense = (words: string[], definition: string, ...examples: string[]): Synset => ({
  words,
  definition,
  examples,
  kinds: [],
  file: 0,
  named: false,
})

describe('the embedded model', () => {
  test('opens as an encoder, fits 8 MB and names its licence', () => {
    const folder = openModel(media)
    const sizes = folder.files.map(file => statSync(file).size)
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(8_000_000)
    expect(folder.backbone.sizes.vocab).toBe(openTokenizer(media).size)
    expect(configJson(folder.backbone.sizes.vocab)).toEqual(folder.config)
    expect(readFileSync(join(media, 'NOTICE'), 'utf8')).toContain('WordNet 3.0 Copyright 2006 by Princeton University')
    for (const place of folder.places.values()) expect(readFloats(place).every(Number.isFinite)).toBe(true)
  })

  test('its tokenizer cuts texts into the pieces that it was trained on', () => {
    const tokenizer = openTokenizer(media)
    const json = JSON.parse(readFileSync(join(media, 'tokenizer.json'), 'utf8')) as {
      model: { vocab: Record<string, number> }
    }
    const id = new Map(Object.entries(json.model.vocab))
    const texts = [
      "Where's my refund? I didn't get the 24.50 €.",
      'Café ÀÉÎ, a naïve RÉSUMÉ: unbelievableness & re-assembling',
      'The e-ink planner (A5) costs $39/£34 — “too much”!',
      '',
    ]
    for (const text of texts) {
      const own = basicTokens(text).flatMap(word => piecesOf(word, id, id.get('[UNK]') as number))
      expect(tokenizer.encode(text, { limit: 512 }).ids).toEqual([2, ...own, 3])
    }
  })
})

describe('the embedded decoder', () => {
  const decoder = new URL('../../media/models/tiny-decoder', import.meta.url).pathname

  test('opens as a decoder, fits 8 MB, names its licence and its perplexity', () => {
    const folder = openModel(decoder)
    expect(folder.backbone.architecture.kind).toBe('decoder')
    expect(folder.files.reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThanOrEqual(8_000_000)
    expect(folder.backbone.sizes.vocab).toBe(openTokenizer(decoder).size)
    expect(folder.config).toEqual(decoderConfig())
    expect(readFileSync(join(decoder, 'NOTICE'), 'utf8')).toContain('WordNet 3.0 Copyright 2006')
    for (const place of folder.places.values()) expect(readFloats(place).every(Number.isFinite)).toBe(true)
    const [trained, random, unigram] = [
      ...readFileSync(join(decoder, 'README.md'), 'utf8')
        .match(
          /\*\*Perplexity\*\* on \d+ held-out senses: ([\d.]+)\. Random weights have (\d+), a unigram model (\d+)/,
        )!
        .slice(1)
        .map(Number),
    ]
    expect(trained).toBeLessThan(unigram! / 10)
    expect(unigram).toBeLessThan(random!)
  })

  test('every text comes back from its tokens, digits one by one', () => {
    const tokenizer = openTokenizer(decoder)
    for (const text of ['He paid $1,234.50 for 12 apples.', 'Größe, naïve — 日本\n\ttab', '<<48/2=24>>24 clips'])
      expect(tokenizer.decode(tokenizer.content(text))).toBe(text)
    expect(tokenizer.pieces(tokenizer.content('a 1234'))).toEqual(['a', ' ', '1', '2', '3', '4'])
    expect(tokenizer.content('<|im_end|>')).toHaveLength(1)
    expect(tokenizer.decode([])).toBe('')
    expect(tokenizer.ends).toEqual(new Set([1, 3]))
  })

  test('pairs of bytes are merged by weight, never across words or digits', () => {
    const weights = new Map(pieces('low low low lower 11 11 11').map(piece => [piece, 1]))
    const { vocabulary, merges } = trainBytePairs(weights, 266)
    expect(pieces('low 12, x')).toEqual(['low', ' ', '1', '2', ',', ' x'])
    expect(vocabulary.slice(0, 4)).toEqual([...decoderTokens])
    expect(merges[0]).toEqual(['l', 'o'])
    expect(vocabulary).toContain('Ġlow')
    expect(vocabulary).not.toContain('11')
  })

  test('senses that are held out are in no document', () => {
    const senses = Array.from({ length: 90 }, (_, i) => sense([`word${i}`], `meaning${i} of it`, `Use word${i} so`))
    const { train, held } = decoderCorpus(senses, 9, 1)
    expect(held).toHaveLength(9)
    const all = train.map(s => s.text).join('\n')
    for (const { text } of held) expect(all).not.toContain(/meaning\d+ /.exec(text)![0])
    expect(new Set(all.match(/meaning\d+|use word\d+/gi)!.map(m => m.replace(/\D+/, ''))).size).toBe(81)
    expect(all).toContain('<|im_start|>assistant\n')
  })
})

describe('pretraining', () => {
  test('words come whole where they weigh most, others from pieces, nothing twice', () => {
    const weights = new Map(
      Object.entries({ refund: 500, parcel: 400, walked: 30, walking: 30, talked: 30, talking: 30 }),
    )
    const vocabulary = trainWordPiece(weights, { size: 150, words: specialTokens.length + 104 })
    expect(vocabulary.slice(0, 5)).toEqual([...specialTokens])
    expect(new Set(vocabulary).size).toBe(vocabulary.length)
    expect(vocabulary).toContain('refund')
    const id = new Map(vocabulary.map((token, i) => [token, i]))
    const cut = piecesOf('talked', id, 1)
    expect(cut.length).toBeLessThan(6)
    expect(cut.map(i => vocabulary[i]?.replace('##', '')).join('')).toBe('talked')
    expect(piecesOf('日本', id, 1)).toEqual([1])
  })

  test('a sense is written with its words, and each example by itself', () => {
    expect(linesOf(sense(['get well', 'get over'], 'improve in health', 'He got well fast'))).toEqual([
      'get well, get over: improve in health',
      'He got well fast',
    ])
  })

  test('sequences hold every piece once, in order, and never more than fits', () => {
    const vocabulary = [...specialTokens, 'a', 'b', 'c', '##b', '##c', ':', ',']
    const draw = random(3)
    const words = ['a', 'ab', 'abc', 'c', 'bcb']
    const text = () => Array.from({ length: 1 + draw.int(12) }, () => words[draw.int(words.length)]).join(' ')
    const lines: Lines = encodeCorpus(
      Array.from({ length: 60 }, () => sense([text()], text())),
      vocabulary,
    )
    const rows = sequences(lines, 12, 0)
    const kept: number[] = []
    for (let i = 0; i + 1 < rows.starts.length; i++) {
      const row = [...rows.ids.subarray(rows.starts[i]!, rows.starts[i + 1]!)]
      expect(row.length).toBeLessThanOrEqual(12)
      expect(row[0]).toBe(2)
      // No sequence begins in the middle of a word.
      expect(vocabulary[row[1]!]?.startsWith('##')).toBe(false)
      kept.push(...row.filter(id => id > 4))
    }
    // What would not fill a sequence at the end is left out.
    expect(kept.length).toBeGreaterThan(lines.ids.length - 12)
    expect(kept).toEqual([...lines.ids.subarray(0, kept.length)])
    const parts = split(rows, 5)
    expect(parts.held.starts.length - 1).toBe(5)
    expect(parts.train.ids.length + parts.held.ids.length).toBe(rows.ids.length)
  })

  test('words that keep the same company get like vectors', () => {
    const vocabulary = [...specialTokens, ...'cat dog meows barks runs red blue paint wall : ,'.split(' ')]
    const senses = Array.from({ length: 40 }, (_, i) => [
      sense([i % 2 ? 'cat' : 'dog'], i % 3 ? 'runs meows' : 'barks runs'),
      sense([i % 2 ? 'red' : 'blue'], i % 3 ? 'paint wall' : 'wall paint'),
    ]).flat()
    const width = 4
    const vectors = neighbourEmbeddings(encodeCorpus(senses, vocabulary), {
      vocabulary: vocabulary.length,
      width,
      window: 4,
      scale: 0.1,
      random: random(1),
    })
    const near = (a: string, b: string) => {
      let dot = 0
      for (let d = 0; d < width; d++)
        dot += vectors[vocabulary.indexOf(a) * width + d]! * vectors[vocabulary.indexOf(b) * width + d]!
      return dot / (width * 0.01)
    }
    expect(near('cat', 'cat')).toBeCloseTo(1, 4)
    expect(near('cat', 'dog')).toBeGreaterThan(near('cat', 'red') + 0.5)
    expect(near('red', 'blue')).toBeGreaterThan(near('dog', 'wall') + 0.5)
  })

  test('halves round to the nearest even and survive a written model', () => {
    const values = Float32Array.of(
      0,
      -0,
      1,
      -1.5,
      65504,
      1e6,
      2 ** -24,
      2 ** -26,
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      0.1,
      -6.1e-5,
    )
    const bits = new Uint16Array(halves(values).buffer)
    const hex = [...bits].map(b => b.toString(16).padStart(4, '0'))
    expect(hex).toEqual([
      '0000',
      '8000',
      '3c00',
      'be00',
      '7bff',
      '7c00',
      '0001',
      '0000',
      '3c00',
      '3c02',
      '2e66',
      '83ff',
    ])
    const folder = mkdtempSync(join(tmpdir(), 'winnow-tiny-'))
    try {
      const vocabulary = [...specialTokens, ...Array.from({ length: 45 }, (_, i) => `w${i}`)]
      const weights = freshWeights(encoderSpecs(vocabulary.length), random(1))
      writeModel(folder, vocabulary, weights)
      for (const [name, place] of openModel(folder).places) {
        const back = readFloats(place)
        expect(back.every((x, i) => Math.abs(x - weights.get(name)![i]!) <= Math.abs(x) * 2 ** -11 + 2 ** -25)).toBe(
          true,
        )
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
