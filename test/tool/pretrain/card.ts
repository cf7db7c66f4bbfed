import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { shape } from './model.ts'
import { recipe } from './recipe.ts'

export interface CardFacts {
  /** WordNet's own licence text. */
  readonly licence: string
  readonly curve: readonly { readonly step: number; readonly loss: number }[]
  readonly seed: number
  readonly steps: number
  readonly pieces: number
}

/** Writes the model card and the notice that WordNet's licence asks for. */
export function writeCard(folder: string, { licence, curve, seed, steps, pieces }: CardFacts): void {
  const [first, last] = [curve[0], curve.at(-1)]
  const losses =
    first && last
      ? `Loss of masked tokens in ${recipe.held} held-out sequences: ${first.loss.toFixed(3)} after ${first.step} steps, ${last.loss.toFixed(3)} after ${last.step} (of ${steps} planned).`
      : ''
  writeFileSync(
    join(folder, 'README.md'),
    `---
license: other
license_name: wordnet
language: en
library_name: transformers
pipeline_tag: fill-mask
---

# tiny-encoder

A small English encoder to try things out with, made by Winnow itself: BERT's shape, ${shape.layers} layers of ${shape.hidden}, ${shape.heads} heads,
${shape.positions} positions, ${pieces} uncased word pieces, half-precision weights. It is no rival of models that saw a
thousand times more text; it is there so that tuning works at once and without a network.

- **Text**: the definitions and examples of WordNet 3.0 (Princeton University), nothing else. The vocabulary was also given
  a list of everyday words of our own.
- **Made by** \`npm run pretrain\` (\`test/tool/pretrain\`), seed ${seed}: word vectors from the leading eigenvectors of the
  neighbours' mutual information, then masked-token prediction (${Math.round(100 * recipe.share)} % of the tokens) by Winnow's own trainer on ONNX
  Runtime, ${recipe.rows} sequences of ${recipe.tokens} tokens a step.
- ${losses}
- **Pooling**: the mean of all tokens (\`classifier_pooling\` in config.json). There is no pooler.
- **Licence**: the WordNet licence, see NOTICE.
`,
  )
  writeFileSync(
    join(folder, 'NOTICE'),
    `The vocabulary and the weights in this folder were derived from WordNet 3.0.\n\n${licence}\n`,
  )
}
