import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Failure } from '../../../src/core/base/failure.ts'
import { builder } from '../../../src/core/graph/builder.ts'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import { float32, passedOver, type Runtime } from '../../../src/core/train/runtime.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { ortPath } from '../../../src/node/ortPath.ts'
import { plain, probe } from '../../../src/node/ortProbe.ts'
import { matmulRate } from '../../bench/matmul.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-runtime-'))
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

/** A folder that stands in for onnxruntime-node and behaves badly when it is loaded or used. */
function brokenRuntime(source: string): string {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'onnxruntime-node', main: 'index.js' }))
  writeFileSync(join(folder, 'index.js'), source)
  return folder
}

const probeOf = (path: string) => probe({ provider: 'webgpu', path, model: new Uint8Array(1), threads: 1 })

test('auto ends somewhere that works and says of everything else why not', async () => {
  const { runtime, attempts } = await openRuntime({ provider: 'auto' })
  expect(attempts.filter(a => a.chosen).map(a => a.provider)).toEqual([runtime.provider])
  for (const attempt of attempts) expect(attempt.reason).not.toBe('')
  const g = builder({ lowering: 'portable' })
  g.output(g.mul(g.input('x', 'float32', [2]), 2), 'y')
  const session = await runtime.load(modelBytes(g))
  expect([...session.inputs, ...session.outputs]).toEqual(['x', 'y'])
  const out = await session.run({ x: float32([1, 2]) })
  expect(out['y']?.data).toEqual(Float32Array.of(2, 4))
  await session.release()
})

test('a provider that this build does not have is a failure with a hint', async () => {
  const missing = process.platform === 'win32' ? 'coreml' : 'dml'
  const failure = await openRuntime({ provider: missing }).catch(error => error)
  expect(failure).toBeInstanceOf(Failure)
  expect(failure).toMatchObject({ code: 'provider-unusable' })
  expect(failure.hint).toContain('auto')
})

test('a driver that aborts, throws or prints nothing only loses its own process', async () => {
  const aborting = await probeOf(brokenRuntime('process.stderr.write("driver bug\\n"); process.abort()'))
  expect(aborting.rate).toBeUndefined()
  expect(aborting.reason).toContain('ended its process with SIGABRT (driver bug)')
  const failing =
    'exports.InferenceSession = { create: async () => { throw new Error("Failed to get a WebGPU adapter") } }'
  expect((await probeOf(brokenRuntime(failing))).reason).toBe('found no graphics adapter with a usable driver')
  const wrong = `
    exports.Tensor = class {}
    exports.InferenceSession = { create: async () => ({ run: async () => ({ y: { data: [1] } }) }) }`
  expect((await probeOf(brokenRuntime(wrong))).reason).toContain('wrong results')
  expect((await probeOf(brokenRuntime('process.exit(0)'))).reason).toBe('ended its process')
})

test('messages of the runtime become short and lose source paths', () => {
  const cuda = '/onnxruntime_src/onnxruntime/core/session/provider.cc:1080 Get Failed to load shared library'
  expect(plain(cuda)).toBe('is not installed beside ONNX Runtime')
  expect(plain('Failed to load library libcudnn.so.9: cannot open')).toBe('lacks the library libcudnn.so.9')
  expect(plain(`x ${'y'.repeat(500)}`)).toHaveLength(201 + 'failed ()'.length)
})

test('the runtime is found beside the bundle, or where the environment says', async () => {
  expect(ortPath()).toMatch(/onnxruntime-node$/)
  vi.stubEnv('WINNOW_ORT', brokenRuntime('throw new Error("wrong ELF class")'))
  expect(ortPath()).toBe(folder)
  const failure = await openRuntime({ provider: 'cpu' }).catch(error => error)
  expect(failure).toMatchObject({ code: 'runtime-broken' })
  expect(failure.message).toContain('wrong ELF class')
})

test('a bundle finds the runtime that was packed beside it', async () => {
  const dist = join(folder, 'dist')
  const ort = join(import.meta.dirname, '../../../src/node/ortPath.ts')
  const contents = `import { ortPath } from ${JSON.stringify(ort)}; console.log(ortPath())`
  await build({
    stdin: { contents, resolveDir: folder },
    outfile: join(dist, 'worker.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  })
  const env = { ...process.env, WINNOW_ORT: '' }
  const found = () => promisify(execFile)(process.execPath, [join(dist, 'worker.cjs')], { env })
  await expect(found()).rejects.toThrow('ONNX Runtime is not installed')
  mkdirSync(join(dist, 'ort'))
  writeFileSync(join(dist, 'ort', 'package.json'), '{}')
  expect((await found()).stdout.trim()).toBe(join(realpathSync(dist), 'ort'))
})

test('the yardstick measures something', async () => {
  const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })
  const { rate, best } = await matmulRate(runtime, 256, 3)
  expect(rate).toBeGreaterThan(0.1)
  expect(best).toBeGreaterThanOrEqual(rate)
})

test('a run says where it trains and why not elsewhere', () => {
  const runtime = { provider: 'cpu' } as Runtime
  const chosen = { provider: 'cpu', chosen: true, reason: 'nothing faster is usable' } as const
  const cuda = { provider: 'cuda', chosen: false, reason: 'is not installed beside ONNX Runtime' } as const
  const webgpu = { provider: 'webgpu', chosen: false, reason: 'found no graphics adapter' } as const
  expect(passedOver({ runtime, attempts: [chosen] })).toBeUndefined()
  expect(passedOver({ runtime, attempts: [cuda, chosen] })).toBe(
    'Trains on the CPU: CUDA is not installed beside ONNX Runtime',
  )
  expect(passedOver({ runtime, attempts: [cuda, webgpu, chosen] })).toBe(
    'Trains on the CPU: CUDA is not installed beside ONNX Runtime, and WebGPU found no graphics adapter',
  )
})
