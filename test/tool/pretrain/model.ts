import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../../src/core/base/random.ts'
import type { ParameterSpec } from '../../../src/core/train/models/architecture.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { writeSafetensors } from '../../../src/node/safetensors.ts'
import { specialTokens, tokenizerJson } from './wordPiece.ts'

/** The shape: small enough that a run on two cores takes minutes, with most of it in the word vectors. */
export const shape = {
  vocabulary: 10_000,
  words: 8_900,
  hidden: 256,
  layers: 2,
  heads: 8,
  feedForward: 768,
  positions: 128,
}

/** `config.json` in Hugging Face's words. */
export function configJson(vocabulary: number): Record<string, unknown> {
  return {
    architectures: ['BertForMaskedLM'],
    model_type: 'bert',
    vocab_size: vocabulary,
    hidden_size: shape.hidden,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    intermediate_size: shape.feedForward,
    hidden_act: 'gelu',
    max_position_embeddings: shape.positions,
    type_vocab_size: 2,
    layer_norm_eps: 1e-12,
    initializer_range: 0.02,
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
    pad_token_id: specialTokens.indexOf('[PAD]'),
    classifier_pooling: 'mean',
    torch_dtype: 'float16',
  }
}

/** The encoder's tensors, in the order of the file. */
export function encoderSpecs(vocabulary: number): readonly ParameterSpec[] {
  return openBackbone(configJson(vocabulary), 'config.json').parameters()
}

/** Fresh weights: normal with deviation 0.02, as BERT's. */
export function freshWeights(specs: readonly ParameterSpec[], random: Random): Map<string, Float32Array> {
  return new Map(
    specs.map(({ name, shape: dims, init }) => {
      const data = new Float32Array(dims.reduce((a, b) => a * b, 1))
      const draw = random.split(name)
      if (init === 'one') data.fill(1)
      else if (init === 'normal') for (let i = 0; i < data.length; i++) data[i] = 0.02 * draw.normal()
      return [name, data]
    }),
  )
}

/** Writes config, tokenizer and half-precision weights into the folder. */
export function writeModel(
  folder: string,
  vocabulary: readonly string[],
  weights: ReadonlyMap<string, Float32Array>,
): void {
  mkdirSync(folder, { recursive: true })
  const json = (name: string, value: unknown, space = 2) =>
    writeFileSync(join(folder, name), `${JSON.stringify(value, null, space)}\n`)
  json('config.json', configJson(vocabulary.length))
  json('tokenizer.json', tokenizerJson(vocabulary, shape.positions), 0)
  json('tokenizer_config.json', {
    tokenizer_class: 'BertTokenizerFast',
    do_lower_case: true,
    model_max_length: shape.positions,
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
    mask_token: '[MASK]',
  })
  const specs = encoderSpecs(vocabulary.length)
  writeSafetensors(
    join(folder, 'model.safetensors'),
    specs.map(({ name, shape: dims }) => ({ name, dtype: 'F16', shape: dims, data: halves(weights.get(name)!) })),
  )
}

/** 32-bit floats to IEEE half floats, rounded to nearest, ties to even; little-endian bytes. */
export function halves(values: Float32Array): Uint8Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const out = new Uint16Array(values.length)
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i]!
    const sign = (b >>> 16) & 0x8000
    const exponent = ((b >>> 23) & 255) - 112
    const fraction = b & 0x7fffff
    if (exponent >= 31) out[i] = sign | 0x7c00 | ((b & 0x7fffffff) > 0x7f800000 ? 0x200 : 0)
    else if (exponent > 0) {
      // A carry out of the fraction moves into the exponent, which is right.
      const kept = (exponent << 10) | (fraction >>> 13)
      const cut = fraction & 0x1fff
      out[i] = sign | (kept + (cut > 0x1000 || (cut === 0x1000 && kept & 1) ? 1 : 0))
    } else if (exponent >= -10) {
      const whole = fraction | 0x800000
      const shift = 14 - exponent
      const kept = whole >>> shift
      const cut = whole & ((1 << shift) - 1)
      const middle = 1 << (shift - 1)
      out[i] = sign | (kept + (cut > middle || (cut === middle && kept & 1) ? 1 : 0))
    } else out[i] = sign
  }
  return new Uint8Array(out.buffer)
}
