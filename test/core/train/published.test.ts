/* The configs of published decoders, as their folders have them, and how many parameters their publishers count. */
import { expect, test } from 'vitest'
import type { ConfigJson } from '../../../src/core/train/models/architecture.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import type { Decoder } from '../../../src/core/train/models/decoder.ts'
import { frequencies } from '../../../src/core/train/models/rotary.ts'

/** hidden, layers, heads, shared heads, feed-forward, vocabulary, positions. */
function sizes(...[hidden, layers, heads, shared, inner, vocab, positions]: number[]): ConfigJson {
  return {
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: shared,
    intermediate_size: inner,
    vocab_size: vocab,
    max_position_embeddings: positions,
  }
}

const llama3 = { rope_type: 'llama3', factor: 32, low_freq_factor: 1, high_freq_factor: 4 }
const factors = Array.from({ length: 48 }, (_, i) => 1 + i / 10)
const published: readonly [name: string, parameters: number, config: ConfigJson][] = [
  [
    'SmolLM2-135M',
    134_515_008,
    { ...sizes(576, 30, 9, 3, 1536, 49152, 8192), model_type: 'llama', rope_theta: 100000, tie_word_embeddings: true },
  ],
  ['TinyLlama-1.1B', 1_100_048_384, { ...sizes(2048, 22, 32, 4, 5632, 32000, 2048), model_type: 'llama' }],
  [
    'Llama-3.2-1B',
    1_235_814_400,
    {
      ...sizes(2048, 16, 32, 8, 8192, 128256, 131072),
      model_type: 'llama',
      head_dim: 64,
      rope_scaling: { ...llama3, original_max_position_embeddings: 8192 },
      tie_word_embeddings: true,
    },
  ],
  ['SmolLM3-3B', 3_075_098_624, { ...sizes(2048, 36, 16, 4, 11008, 128256, 65536), model_type: 'smollm3' }],
  [
    'Mistral-7B-v0.1',
    7_241_732_096,
    { ...sizes(4096, 32, 32, 8, 14336, 32000, 32768), model_type: 'mistral', sliding_window: 4096 },
  ],
  [
    'Qwen2.5-0.5B',
    494_032_768,
    {
      ...sizes(896, 24, 14, 2, 4864, 151936, 32768),
      model_type: 'qwen2',
      use_sliding_window: false,
      max_window_layers: 24,
      tie_word_embeddings: true,
    },
  ],
  [
    'Qwen3-0.6B',
    596_049_920,
    {
      ...sizes(1024, 28, 16, 8, 3072, 151936, 40960),
      model_type: 'qwen3',
      head_dim: 128,
      sliding_window: null,
      tie_word_embeddings: true,
    },
  ],
  [
    'gemma-2b',
    2_506_172_416,
    {
      ...sizes(2048, 18, 8, 1, 16384, 256000, 8192),
      model_type: 'gemma',
      head_dim: 256,
      hidden_act: 'gelu_pytorch_tanh',
      hidden_activation: null,
    },
  ],
  [
    'gemma-2-2b',
    2_614_341_888,
    { ...sizes(2304, 26, 8, 4, 9216, 256000, 8192), model_type: 'gemma2', head_dim: 256, sliding_window: 4096 },
  ],
  [
    'gemma-3-1b',
    999_885_952,
    {
      ...sizes(1152, 26, 4, 1, 6912, 262144, 32768),
      model_type: 'gemma3_text',
      head_dim: 256,
      rope_theta: 1000000,
      rope_local_base_freq: 10000,
      rope_scaling: null,
      sliding_window: 512,
      sliding_window_pattern: 6,
    },
  ],
  [
    'Phi-3-mini-4k',
    3_821_079_552,
    { ...sizes(3072, 32, 32, 32, 8192, 32064, 4096), model_type: 'phi3', rope_scaling: null, sliding_window: 2047 },
  ],
  [
    'Phi-3-mini-128k',
    3_821_079_552,
    {
      ...sizes(3072, 32, 32, 32, 8192, 32064, 131072),
      model_type: 'phi3',
      original_max_position_embeddings: 4096,
      rope_scaling: { type: 'su', short_factor: factors, long_factor: factors },
    },
  ],
  ['gpt2', 124_439_808, { model_type: 'gpt2', n_embd: 768, n_head: 12, n_layer: 12, n_positions: 1024, n_ctx: 1024 }],
]

const open = (config: ConfigJson) => openBackbone(config, 'config.json') as Decoder

test.each(published)('%s has its %i parameters', (_, parameters, config) => {
  const backbone = open(config)
  const specs = [...backbone.parameters(), ...backbone.language.parameters]
  expect(specs.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0)).toBe(parameters)
})

test('windows lie where the publishers put them', () => {
  const windows = (name: string) => {
    const [, , config] = published.find(([own]) => own === name) as (typeof published)[number]
    return open(config).model.blocks.map(block => block.attention.window)
  }
  expect(new Set(windows('Mistral-7B-v0.1'))).toEqual(new Set([4096]))
  expect(new Set(windows('Qwen2.5-0.5B'))).toEqual(new Set([undefined]))
  expect(windows('gemma-2-2b').slice(0, 3)).toEqual([4096, undefined, 4096])
  expect(windows('gemma-3-1b').slice(0, 7)).toEqual([512, 512, 512, 512, 512, undefined, 512])
})

test('a model made for long texts by LongRoPE takes those of its original length', () => {
  const [, , config] = published.find(([name]) => name === 'Phi-3-mini-128k') as (typeof published)[number]
  const backbone = open(config)
  expect(backbone.sizes.positions).toBe(4096)
  const { rotary } = backbone.model.blocks[0]?.attention ?? {}
  expect(rotary?.scaling?.kind).toBe('divided')
  expect(frequencies(rotary as NonNullable<typeof rotary>).scale).toBeCloseTo(
    Math.sqrt(1 + Math.log(32) / Math.log(4096)),
  )
})

const base = sizes(48, 3, 4, 2, 64, 50, 64)
const stretched = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 32 }

test.each<[name: string, four: ConfigJson, five: ConfigJson]>([
  [
    'one rotation',
    { model_type: 'llama', rope_theta: 700, rope_scaling: { rope_type: 'llama3', ...stretched } },
    { model_type: 'llama', rope_parameters: { rope_theta: 700, rope_type: 'llama3', ...stretched } },
  ],
  [
    'a rotation for each kind of layer',
    {
      model_type: 'gemma3_text',
      sliding_window_pattern: 2,
      rope_theta: 700,
      rope_local_base_freq: 70,
      rope_scaling: { rope_type: 'linear', factor: 8 },
    },
    {
      model_type: 'gemma3_text',
      layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'],
      rope_parameters: {
        full_attention: { rope_theta: 700, rope_type: 'linear', factor: 8 },
        sliding_attention: { rope_theta: 70, rope_type: 'default' },
      },
    },
  ],
  [
    'a share of each head',
    {
      model_type: 'phi3',
      partial_rotary_factor: 0.5,
      original_max_position_embeddings: 16,
      rope_scaling: { type: 'su', short_factor: [1, 2, 3], long_factor: [2, 3, 4] },
    },
    {
      model_type: 'phi3',
      original_max_position_embeddings: 16,
      rope_parameters: {
        rope_type: 'longrope',
        rope_theta: 10000,
        partial_rotary_factor: 0.5,
        short_factor: [1, 2, 3],
        long_factor: [2, 3, 4],
        original_max_position_embeddings: 16,
      },
    },
  ],
])('configs of Transformers 4 and 5 mean the same: %s', (_, four, five) => {
  expect(open({ ...base, ...five }).model).toEqual(open({ ...base, ...four }).model)
})

test.each([
  ['num_attention_heads 6 is no multiple', { num_attention_heads: 6, num_key_value_heads: 4 }],
  ['rope type "dynamic" is not supported', { rope_scaling: { type: 'dynamic', factor: 2 } }],
  ['hidden_act "quick_gelu" is not supported', { hidden_act: 'quick_gelu' }],
  ['must be a whole number above 0', { hidden_size: 0 }],
])('%s', (message, wrong) => {
  const config = { ...sizes(48, 2, 4, 2, 64, 50, 32), model_type: 'llama', ...wrong }
  expect(() => open(config)).toThrow(message)
})
