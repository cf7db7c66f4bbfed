import type { NamedTensor } from '../../../src/core/train/learner.ts'

/**
 * Weights that follow from their names, so that PyTorch (test/bench/peers/tiny.py) and this code have the same without a
 * file: element i is drawn from a hash of i and the name. A matrix is uniform in ±0.3, a bias in ±0.2, any other vector
 * in 1 ± 0.2.
 */
export function formulaTensor({
  name,
  shape,
}: {
  readonly name: string
  readonly shape: readonly number[]
}): NamedTensor {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1))
  const seed = fnv1a(name)
  const [middle, width] = shape.length > 1 ? [0, 0.3] : name.endsWith('bias') ? [0, 0.2] : [1, 0.2]
  for (let i = 0; i < data.length; i++) {
    let x = (Math.imul(i, 0x9e3779b1) + seed) >>> 0
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0
    x = (x ^ (x >>> 16)) >>> 0
    data[i] = middle + width * (x / 2147483648 - 1)
  }
  return { name, shape, data }
}

function fnv1a(text: string): number {
  let h = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193)
  return h >>> 0
}
