import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ParameterSpec } from '../../../src/core/train/models/architecture.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { languageParameters } from '../../../src/core/train/pretrain.ts'
import { chatml } from '../../../src/node/chatTemplate.ts'
import { writeSafetensors } from '../../../src/node/safetensors.ts'
import { type BytePairs, bytePairTokenizer, decoderTokens } from './bytePairs.ts'
import { halves } from './model.ts'

/** The shape: Llama's, small enough to learn in minutes on one core and to fit into 8 MB. */
export const decoderShape = {
  vocabulary: 4096,
  hidden: 256,
  layers: 4,
  heads: 8,
  keyValueHeads: 4,
  feedForward: 640,
  positions: 512,
}

const id = (token: (typeof decoderTokens)[number]) => decoderTokens.indexOf(token)

/** `config.json` in Hugging Face's words. */
export function decoderConfig(): Record<string, unknown> {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: decoderShape.vocabulary,
    hidden_size: decoderShape.hidden,
    num_hidden_layers: decoderShape.layers,
    num_attention_heads: decoderShape.heads,
    num_key_value_heads: decoderShape.keyValueHeads,
    intermediate_size: decoderShape.feedForward,
    hidden_act: 'silu',
    max_position_embeddings: decoderShape.positions,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    initializer_range: 0.02,
    tie_word_embeddings: true,
    attention_bias: false,
    pad_token_id: id('<|pad|>'),
    bos_token_id: id('<|endoftext|>'),
    eos_token_id: id('<|endoftext|>'),
    torch_dtype: 'float16',
  }
}

/** The decoder's tensors, in the order of the file. */
export const decoderSpecs = (): ParameterSpec[] =>
  languageParameters({ backbone: openBackbone(decoderConfig(), 'config.json') })

/** Writes config and tokenizer; weights come by `writeDecoderWeights`. */
export function writeDecoder(folder: string, pairs: BytePairs): void {
  mkdirSync(folder, { recursive: true })
  const json = (name: string, value: unknown, space = 2) =>
    writeFileSync(join(folder, name), `${JSON.stringify(value, null, space)}\n`)
  json('config.json', decoderConfig())
  json('tokenizer.json', bytePairTokenizer(pairs), 0)
  json('tokenizer_config.json', {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: decoderShape.positions,
    pad_token: '<|pad|>',
    bos_token: '<|endoftext|>',
    eos_token: '<|endoftext|>',
    clean_up_tokenization_spaces: false,
    chat_template: chatml,
  })
  json('generation_config.json', {
    bos_token_id: id('<|endoftext|>'),
    eos_token_id: [id('<|endoftext|>'), id('<|im_end|>')],
    pad_token_id: id('<|pad|>'),
  })
}

/** Writes half-precision weights. */
export function writeDecoderWeights(folder: string, weights: ReadonlyMap<string, Float32Array>): void {
  writeSafetensors(
    join(folder, 'model.safetensors'),
    decoderSpecs().map(({ name, shape }) => ({ name, dtype: 'F16', shape, data: halves(weights.get(name)!) })),
  )
}
