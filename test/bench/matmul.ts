import { random } from '../../src/core/base/random.ts'
import { builder } from '../../src/core/graph/builder.ts'
import { modelBytes } from '../../src/core/graph/onnx.ts'
import { float32, type Runtime } from '../../src/core/train/runtime.ts'

export interface MatmulRate {
  /** GFLOP/s of the median run. */
  readonly rate: number
  /** GFLOP/s of the fastest run. */
  readonly best: number
  /** GFLOP per second of processor time, all threads together: what else the machine does hardly changes it. */
  readonly perCpu: number
}

/**
 * The yardstick of training speed: the rate of one float32 product of two `size`-cubed matrices in the same runtime,
 * with as many threads. Both are inputs, so nothing is packed ahead; the result is reduced to one number, so that
 * copying it out does not count. Two runs warm up, `runs` are timed.
 */
export async function matmulRate(runtime: Runtime, size = 2048, runs = 7): Promise<MatmulRate> {
  const g = builder({ name: 'matmul' })
  const a = g.input('a', 'float32', [size, size])
  const b = g.input('b', 'float32', [size, size])
  g.output(g.reduceMax(g.matmul(a, b), [0, 1], false), 'y')
  const session = await runtime.load(modelBytes(g))
  const draw = (seed: string) => {
    const rng = random(seed)
    return float32(
      Float32Array.from({ length: size * size }, () => rng.next() - 0.5),
      [size, size],
    )
  }
  const feeds = { a: draw('a'), b: draw('b') }
  const times: number[] = []
  let used = process.cpuUsage()
  for (let i = 0; i < runs + 2; i++) {
    if (i === 2) used = process.cpuUsage()
    const start = performance.now()
    await session.run(feeds)
    if (i >= 2) times.push(performance.now() - start)
  }
  const { user, system } = process.cpuUsage(used)
  await session.release()
  times.sort((x, y) => x - y)
  const rateOf = (ms: number) => (2 * size ** 3) / (ms * 1e6)
  const perCpu = rateOf((user + system) / 1000 / runs)
  return { rate: rateOf(times[times.length >> 1] as number), best: rateOf(times[0] as number), perCpu }
}
