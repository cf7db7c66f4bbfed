import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decoderShape } from './decoderModel.ts'
import { decoderRecipe } from './recipe.ts'

export interface DecoderFacts {
  readonly seed: number
  readonly steps: number
  /** Tokens learnt from. */
  readonly tokens: number
  readonly perplexities: { readonly random: number; readonly unigram: number; readonly trained: number }
  /** Senses held out. */
  readonly held: number
}

/** Writes the model card. */
export function writeDecoderCard(folder: string, { seed, steps, tokens, perplexities, held }: DecoderFacts): void {
  const { random, unigram, trained } = perplexities
  writeFileSync(
    join(folder, 'README.md'),
    `---
license: other
license_name: wordnet
language: en
library_name: transformers
pipeline_tag: text-generation
---

# tiny-decoder

A small English decoder to try instruction tuning out with, made by Winnow itself: Llama's shape, ${decoderShape.layers} layers of ${decoderShape.hidden}, ${decoderShape.heads} heads
(${decoderShape.keyValueHeads} for keys and values), ${decoderShape.positions} positions, ${decoderShape.vocabulary} byte-level pieces with digits one by one, tied embeddings, half-precision
weights. It knows what a dictionary says and little else; it is there so that tuning works at once and without a network.

- **Text**: the definitions and examples of WordNet 3.0 (Princeton University), an eighth of the senses as question and answer.
- **Made by** \`npm run pretrain -- decoder\` (\`test/tool/pretrain\`), seed ${seed}, by Winnow's own trainer on ONNX Runtime: ${steps} steps of
  ${decoderRecipe.rows} sequences of ${decoderRecipe.tokens} tokens, ${(tokens / 1e6).toFixed(1)} million tokens in all.
- **Perplexity** on ${held} held-out senses: ${trained.toFixed(1)}. Random weights have ${random.toFixed(0)}, a unigram model ${unigram.toFixed(0)}.
- **Chat template**: turns between \`<|im_start|>\` and \`<|im_end|>\`; what the assistant says is marked for training.
- **Licence**: the WordNet licence, see NOTICE.
`,
  )
}
