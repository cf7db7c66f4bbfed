import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { builder } from '../../../src/core/graph/builder.ts'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import { printGraph } from '../../../src/core/graph/print.ts'
import {
  type AdamW,
  adamW,
  clipFactor,
  globalNorm,
  readScalars,
  updateScalars,
} from '../../../src/core/train/optimizer.ts'
import { float32, int64, type Runtime, type Tensor } from '../../../src/core/train/runtime.ts'
import { unpackState } from '../../../src/core/train/state.ts'
import { buildEvaluation, buildLoop, buildStep } from '../../../src/core/train/step.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { floats, runLoop, runSteps, sizes, smallBatch, smallModel, smallSpec } from './small.ts'

let runtime: Runtime

beforeAll(async () => {
  runtime = (await openRuntime({ provider: 'cpu', threads: 1 })).runtime
})

const adapters = ['query', 'value', 'head.weight', 'head.bias']

describe.each([
  ['flat', adapters],
  ['flat', 'all'],
  ['per-tensor', 'all'],
] as const)('%s state, training %s', (layout, trained) => {
  const spec = smallSpec({ layout, trained, lowering: 'fused' })

  test('a loop equals its steps bit for bit', async () => {
    const step = await runtime.load(modelBytes(buildStep(spec)))
    const loop = await runtime.load(modelBytes(buildLoop(spec)))
    const one = await runSteps(step, spec, 10, 1e-2)
    // 10 steps as 4 + 4 + 2: the last run is a shorter one.
    const many = await runLoop(loop, spec, { steps: 10, rate: 1e-2, k: 4 })
    expect(many.losses).toEqual(one.losses)
    expect(many.norms).toEqual(one.norms)
    expect(many.rows).toEqual(one.rows)
    expect(many.state).toEqual(one.state)
    expect(new Set(one.losses).size).toBe(10)
  })

  test('both lowerings compute the same', async () => {
    // Dropout is left out: the lowerings draw different masks.
    const fused = smallSpec({ layout, trained, lowering: 'fused', dropout: 'off' })
    const portable = smallSpec({ layout, trained, lowering: 'portable', dropout: 'off' })
    const a = await runSteps(await runtime.load(modelBytes(buildStep(fused))), fused, 3, 1e-2)
    const b = await runSteps(await runtime.load(modelBytes(buildStep(portable))), portable, 3, 1e-2)
    a.losses.forEach((loss, i) => {
      expect(b.losses[i]).toBeCloseTo(loss, 5)
    })
    a.norms.forEach((norm, i) => {
      expect(b.norms[i]).toBeCloseTo(norm, 4)
    })
  })
})

test('both layouts take the same steps', async () => {
  const traces = await Promise.all(
    (['flat', 'per-tensor'] as const).map(async layout => {
      const spec = smallSpec({ layout, trained: 'all' })
      const session = await runtime.load(modelBytes(buildStep(spec)))
      const trace = await runSteps(session, spec, 5, 1e-2)
      const state = unpackState(spec, trace.state)
      return { losses: trace.losses, state: new Map(state.map(s => [`${s.kind}.${s.parameter.name}`, s.data])) }
    }),
  )
  const [flat, tensors] = traces as [(typeof traces)[0], (typeof traces)[0]]
  flat.losses.forEach((loss, i) => {
    expect(tensors.losses[i]).toBeCloseTo(loss, 5)
  })
  expect([...tensors.state.keys()].sort()).toEqual([...flat.state.keys()].sort())
  for (const [name, values] of flat.state) {
    const other = tensors.state.get(name) as Float32Array
    expect(Math.max(...values.map((x, i) => Math.abs(x - (other[i] as number))))).toBeLessThan(1e-4)
  }
})

test('it learns, and the evaluation graph agrees', async () => {
  const spec = smallSpec({ layout: 'per-tensor', trained: 'all' })
  const loop = await runtime.load(modelBytes(buildLoop(spec)))
  const { losses, state } = await runLoop(loop, spec, { steps: 480, rate: 3e-3, k: 40 })
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length
  expect(mean(losses.slice(0, 10))).toBeGreaterThan(1)
  expect(mean(losses.slice(-10))).toBeLessThan(0.45)
  const evaluation = await runtime.load(
    modelBytes(buildEvaluation({ ...spec, outputs: (g, c) => ({ logits: smallModel(g, c).logits }) })),
  )
  expect(evaluation.inputs).not.toContain('m.word')
  let right = 0
  for (let i = 0; i < 30; i++) {
    const { ids, labels } = smallBatch(10_000 + i)
    const feeds: Record<string, Tensor> = {
      ids: int64(ids, [sizes.rows, sizes.length]),
      labels: int64(labels),
      weights: float32(new Array(sizes.rows).fill(1)),
      ...state,
    }
    const wanted = Object.fromEntries(evaluation.inputs.map(name => [name, feeds[name] as Tensor]))
    const logits = floats(await evaluation.run(wanted), 'logits')
    labels.forEach((label, row) => {
      const scores = [...logits.subarray(row * sizes.classes, (row + 1) * sizes.classes)]
      if (scores.indexOf(Math.max(...scores)) === label) right++
    })
  }
  // Chance is 40 of 120.
  expect(right).toBeGreaterThan(100)
})

test('AdamW with clipping is the textbook one, in float64', async () => {
  const options: AdamW = { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, decay: 0.1, clip: 0.5 }
  const g = builder({ dtype: 'float64' })
  const [p, m, v, gradient] = ['p', 'm', 'v', 'g'].map(name => g.input(name, 'float64', [3])) as [
    ReturnType<typeof g.input>,
    ReturnType<typeof g.input>,
    ReturnType<typeof g.input>,
    ReturnType<typeof g.input>,
  ]
  const scalars = readScalars(g, g.input('scalars', 'float64', [3]))
  const clipped = clipFactor(g, globalNorm(g, [gradient]), options.clip)
  const next = adamW(g, { p, m, v, gradient }, { decay: 1, rate: 2 }, { ...options, scalars, clipped })
  next.forEach((value, i) => {
    g.output(value, ['p2', 'm2', 'v2'][i] as string)
  })
  const session = await runtime.load(modelBytes(g), { optimization: 'basic' })
  const want = { p: [1, -2, 3], m: [0, 0, 0], v: [0, 0, 0] }
  let state = structuredClone(want)
  for (let t = 1; t <= 20; t++) {
    const d = [Math.sin(t), Math.cos(2 * t), 0.01 * t]
    const rate = 0.05 / t
    const norm = Math.hypot(...d)
    const clip = Math.min(1, options.clip / (norm + 1e-6))
    for (let i = 0; i < 3; i++) {
      const c = (d[i] as number) * clip
      want.m[i] = options.beta1 * (want.m[i] as number) + (1 - options.beta1) * c
      want.v[i] = options.beta2 * (want.v[i] as number) + (1 - options.beta2) * c * c
      const mHat = (want.m[i] as number) / (1 - options.beta1 ** t)
      const vHat = (want.v[i] as number) / (1 - options.beta2 ** t)
      const step = 2 * rate
      const x = want.p[i] as number
      want.p[i] = x - step * options.decay * x - (step * mHat) / (Math.sqrt(vHat) + options.epsilon)
    }
    const f64 = (data: number[]): Tensor => ({ dtype: 'float64', dims: [3], data: Float64Array.from(data) })
    const out = await session.run({
      p: f64(state.p),
      m: f64(state.m),
      v: f64(state.v),
      g: f64(d),
      scalars: f64(updateScalars(t, rate, options)),
    })
    const back = (name: string) => Array.from(out[name]?.data as Float64Array)
    state = { p: back('p2'), m: back('m2'), v: back('v2') }
  }
  for (const kind of ['p', 'm', 'v'] as const) {
    state[kind].forEach((x, i) => {
      expect(x).toBeCloseTo(want[kind][i] as number, 13)
    })
  }
})

test('a training graph prints as before', () => {
  const spec = smallSpec({ layout: 'flat', trained: adapters, lowering: 'fused' })
  const text = `${printGraph(buildLoop(spec))}\n`
  expect(`${printGraph(buildLoop(spec))}\n`).toBe(text)
  const file = join(import.meta.dirname, '../../golden/training-loop.txt')
  if (process.env['UPDATE'] === '1') writeFileSync(file, text)
  expect(text).toBe(readFileSync(file, 'utf8'))
})
