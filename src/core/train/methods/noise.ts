import type { BackboneOptions, DropoutPlan } from '../models/architecture.ts'

/**
 * NEFTune (Jain et al. 2023): uniform noise in ±α/√(L·d) on the word vectors of each row, where L is the number of its
 * tokens without padding and d their width. While training only.
 */
export function embeddingNoise(alpha: number, dropout: DropoutPlan): NonNullable<BackboneOptions['noise']> {
  return (g, words, mask) => {
    dropout.salt++
    const width = Number(words.dims[2])
    const size = g.div(alpha, g.sqrt(g.mul(g.sum(mask, [1]), width)))
    const uniform = g.noise(words, { step: dropout.step, salt: dropout.salt })
    return g.add(words, g.mul(g.mul(uniform, g.unsqueeze(size, [2])), g.unsqueeze(mask, [2])))
  }
}
