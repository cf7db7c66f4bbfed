import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import type { Runtime, Tensor } from '../../../src/core/train/runtime.ts'
import { checks, passed } from '../../../src/core/train/selftest/selftest.ts'
import { openRuntime } from '../../../src/node/ort.ts'

const { runtime: cpu } = await openRuntime({ provider: 'cpu', threads: 1 })

/** A provider that computes each number a little wrong, never twice the same. */
const draw = random('wrong')
const wrong: Runtime = {
  ...cpu,
  provider: 'cuda',
  threads: 1,
  async load(model, options) {
    const session = await cpu.load(model, options)
    const blurred = (tensor: Tensor): Tensor =>
      tensor.dtype === 'float32'
        ? { ...tensor, data: (tensor.data as Float32Array).map(x => x * (1 + 0.2 * draw.next())) }
        : tensor
    return {
      inputs: session.inputs,
      outputs: session.outputs,
      read: async tensor => tensor,
      free: () => {},
      release: () => session.release(),
      run: async (feeds, fetch) =>
        Object.fromEntries(Object.entries(await session.run(feeds, fetch)).map(([k, t]) => [k, blurred(t)])),
    }
  },
}

// That they hold on the CPU is tested through the command.
test.each(Object.entries(checks))('%s finds what a wrong provider computes', async (_, check) => {
  const found = await check({ own: wrong, cpu })
  expect(found.length).toBeGreaterThan(0)
  for (const checked of found) expect(passed(checked), JSON.stringify(checked)).toBe(false)
})
