import { random } from '../../base/random.ts'
import type { NamedTensor } from '../learner.ts'
import type { InitialSpec } from './weights.ts'

/**
 * Fresh values: normal(0, std) cut to two deviations, zeros or ones as the spec says. The first factor of an adapter is
 * uniform in ±1/√in, which is what PEFT's kaiming_uniform(a = √5) comes to; the second is zero. Each tensor's
 * numbers depend on the seed and its name only.
 */
export function initialTensors(specs: readonly InitialSpec[], seed: number | string, std: number): NamedTensor[] {
  return specs.map(({ name, shape, init, factor }) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1))
    const draw = random(`${seed}/${name}`)
    if (factor === 'a') {
      const bound = 1 / Math.sqrt(shape[1] as number)
      for (let i = 0; i < data.length; i++) data[i] = (2 * draw.next() - 1) * bound
    } else if (init === 'normal') {
      for (let i = 0; i < data.length; i++) {
        let x = draw.normal()
        while (Math.abs(x) > 2) x = draw.normal()
        data[i] = x * std
      }
    } else if (init === 'one') data.fill(1)
    return { name, shape, data }
  })
}
