import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { initialTensors } from '../../../src/core/train/models/initial.ts'
import { languageParameters } from '../../../src/core/train/pretrain.ts'
import { writeSafetensors } from '../../../src/node/safetensors.ts'
import { bytePairTokenizer, pieces, trainBytePairs } from '../../tool/pretrain/bytePairs.ts'

/** Writes a random decoder with a byte-level tokenizer of 300 pieces, in Hugging Face layout. */
export function writeTinyDecoder(folder: string, more: Record<string, unknown> = {}): string {
  mkdirSync(folder, { recursive: true })
  const weights = new Map(
    pieces('user assistant the answer is what comes after red green blue one two').map(p => [p, 2]),
  )
  const pairs = trainBytePairs(weights, 300)
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: pairs.vocabulary.length,
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    intermediate_size: 64,
    max_position_embeddings: 128,
    tie_word_embeddings: true,
    initializer_range: 0.1,
  }
  const backbone = openBackbone(config, 'config.json')
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(bytePairTokenizer(pairs)))
  const named = { pad_token: '<|pad|>', eos_token: '<|endoftext|>', ...more }
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(named))
  writeSafetensors(join(folder, 'model.safetensors'), initialTensors(languageParameters({ backbone }), 11, 0.1))
  return folder
}
