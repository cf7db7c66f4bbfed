import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { initialTensors } from '../../../src/core/train/models/initial.ts'
import { writeSafetensors } from '../../../src/node/safetensors.ts'

/** Words of a toy language; the first five ids are special. */
export const words = Array.from({ length: 40 }, (_, i) => `w${i}`)
export const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...words]

export const tinyConfig = {
  architectures: ['BertForMaskedLM'],
  model_type: 'bert',
  vocab_size: vocabulary.length,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 64,
  max_position_embeddings: 32,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  hidden_act: 'gelu',
  initializer_range: 0.1,
}

/** A WordPiece tokenizer of whole words, in the format of Hugging Face. */
export function tinyTokenizer(vocab: readonly string[] = vocabulary) {
  const special = vocab.slice(0, 5)
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 1 } },
        { SpecialToken: { id: '[SEP]', type_id: 1 } },
      ],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocab.map((word, id) => [word, id])),
    },
  }
}

/** Writes a random encoder in Hugging Face layout and returns its folder. */
export function writeTinyModel(folder: string, config: Record<string, unknown> = tinyConfig): string {
  mkdirSync(folder, { recursive: true })
  const backbone = openBackbone(config, 'config.json')
  const tensors = initialTensors(backbone.parameters(), 11, backbone.sizes.initial)
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tinyTokenizer()))
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ pad_token: '[PAD]', mask_token: '[MASK]' }))
  writeSafetensors(join(folder, 'model.safetensors'), tensors)
  return folder
}
