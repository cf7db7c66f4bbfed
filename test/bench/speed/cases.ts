import type { Method } from '../../../src/core/train/methods.ts'
import type { ConfigJson } from '../../../src/core/train/models/architecture.ts'

/** A model shape, what is trained of it, and the batch. Both trainers make it from the same description. */
export interface SpeedCase {
  readonly name: string
  readonly config: ConfigJson
  /** Classes of rows, or the next token. */
  readonly task: 'classification' | 'causal'
  readonly method: Extract<Method, { kind: 'head' | 'lora' | 'full' }>
  readonly rows: number
  /** Tokens of each row: no padding. */
  readonly length: number
}

/** Classes of the classification cases. */
export const classes = 77

const miniLm = {
  model_type: 'bert',
  vocab_size: 30522,
  hidden_size: 384,
  num_hidden_layers: 6,
  num_attention_heads: 12,
  intermediate_size: 1536,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
}
const llama = (size: { layers: number; hidden: number; heads: number; keys: number; inner: number }) => ({
  model_type: 'llama',
  vocab_size: 32000,
  hidden_size: size.hidden,
  num_hidden_layers: size.layers,
  num_attention_heads: size.heads,
  num_key_value_heads: size.keys,
  intermediate_size: size.inner,
  max_position_embeddings: 2048,
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
})

const lora = { kind: 'lora', rank: 8, alpha: 16, dropout: 0, targets: ['query', 'value'] } as const
const full = { kind: 'full', freezeEmbeddings: false } as const
const head = { kind: 'head' } as const
const encoder = { config: miniLm, task: 'classification' } as const
const short = { rows: 16, length: 64 } as const
const long = { rows: 8, length: 128 } as const

/** What a CPU is measured on. */
export const cpuCases: readonly SpeedCase[] = [
  { name: 'minilm-lora-16x64', ...encoder, method: lora, ...short },
  { name: 'minilm-lora-8x128', ...encoder, method: lora, ...long },
  { name: 'minilm-full-16x64', ...encoder, method: full, ...short },
  { name: 'minilm-full-8x128', ...encoder, method: full, ...long },
  { name: 'minilm-head-16x64', ...encoder, method: head, ...short },
  { name: 'minilm-head-8x128', ...encoder, method: head, ...long },
  {
    name: 'llama40m-lora-4x256',
    config: llama({ layers: 8, hidden: 512, heads: 8, keys: 8, inner: 1408 }),
    task: 'causal',
    method: lora,
    rows: 4,
    length: 256,
  },
]

/** What a GPU is measured on. */
export const gpuCases: readonly SpeedCase[] = [
  { name: 'minilm-lora-64x128', ...encoder, method: lora, rows: 64, length: 128 },
  { name: 'minilm-full-64x128', ...encoder, method: full, rows: 64, length: 128 },
  {
    name: 'llama0.5b-lora-8x512',
    config: llama({ layers: 24, hidden: 1024, heads: 16, keys: 8, inner: 4864 }),
    task: 'causal',
    method: lora,
    rows: 8,
    length: 512,
  },
]

const tiny = {
  vocab_size: 500,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  intermediate_size: 64,
}

/** The same models, tiny, to try a script where there is no GPU. */
export const dryCases: readonly SpeedCase[] = gpuCases.map(c => ({
  ...c,
  name: `dry ${c.name.replace(/-\d+x\d+$/, '')} 2x16`,
  config: { ...c.config, ...tiny },
  rows: 2,
  length: 16,
}))

/** Token ids of batch `i`, the same for both trainers: a linear congruential sequence over the vocabulary. */
export function idsOf({ config, rows, length }: SpeedCase, i: number): number[][] {
  let state = (i * 7919 + 12345) >>> 0
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return 5 + ((state >>> 8) % (Number(config['vocab_size']) - 5))
  }
  return Array.from({ length: rows }, () => Array.from({ length }, next))
}
