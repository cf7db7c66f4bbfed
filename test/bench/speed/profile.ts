import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Runtime } from '../../../src/core/train/runtime.ts'
import type { Trainer } from './model.ts'

/** A group of operators and the time of a step that it takes. */
export interface Share {
  readonly group: string
  /** Milliseconds of a step. */
  readonly ms: number
}

const groups: readonly [group: string, ops: RegExp][] = [
  ['matrix products', /MatMul|Gemm/],
  ['transposes', /^Transpose$/],
  ['activations', /Gelu|Erf|Exp|HardSigmoid|Sigmoid|Tanh/],
  ['softmax and norms', /Softmax|LayerNorm|Simplified|Reduce/],
  ['rotary', /Rotary/],
  ['gather and scatter', /Gather|Scatter|Unique/],
  ['element by element', /^(Add|Sub|Mul|Div|Sqrt|Pow|Where|Max|Min|Neg)$/],
]

/** What the kernels of a step take by ONNX Runtime's profiler, in the median of the steps; the rest is what is outside them. */
export async function sharesOf(
  runtime: Runtime,
  make: (runtime: Runtime) => Promise<Trainer>,
  steps: number,
): Promise<Share[]> {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-profile-'))
  let sessions = 0
  const profiled: Runtime = {
    provider: runtime.provider,
    threads: runtime.threads,
    load: (model, options) => runtime.load(model, { ...options, profile: join(folder, `session${sessions++}`) }),
    // Of the lanes, which do the same at the same time, the first is looked at.
    ...(runtime.lanes
      ? {
          lanes: async (model, count, options) =>
            runtime.lanes?.(model, count, { ...options, profile: join(folder, `session${sessions++}`) }),
        }
      : {}),
  }
  try {
    const trainer = await make(profiled)
    await trainer.run(trainer.together)
    const start = performance.now()
    await trainer.run(steps)
    const whole = (performance.now() - start) / steps
    await trainer.learner.release()
    const events = readdirSync(folder)
      .filter(name => name.endsWith('.json'))
      .flatMap((file, i) =>
        (JSON.parse(readFileSync(join(folder, file), 'utf8')) as Event[]).map(e => ({ ...e, name: `${i} ${e.name}` })),
      )
    const times = new Map<string, { op: string; durations: number[] }>()
    for (const { cat, name, dur, args } of events) {
      // The event of a loop holds those of its body.
      if (cat !== 'Node' || !name.endsWith('_kernel_time') || args?.op_name === 'Loop') continue
      const known = times.get(name) ?? { op: args?.op_name ?? '', durations: [] }
      known.durations.push(dur)
      times.set(name, known)
    }
    const sums = new Map<string, number>()
    for (const { op, durations } of times.values()) {
      const group = groups.find(([, ops]) => ops.test(op))?.[0] ?? 'everything else'
      const median = durations.sort((a, b) => a - b)[durations.length >> 1] as number
      sums.set(group, (sums.get(group) ?? 0) + median / 1000)
    }
    const inside = [...sums.values()].reduce((a, b) => a + b, 0)
    sums.set('outside the kernels', Math.max(0, whole - inside))
    return [...sums].map(([group, ms]) => ({ group, ms })).sort((a, b) => b.ms - a.ms)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Event {
  readonly cat: string
  readonly name: string
  readonly dur: number
  readonly args?: { readonly op_name?: string }
}
