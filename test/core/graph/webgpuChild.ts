/* Runs in a process whose environment names a software Vulkan driver; prints one JSON line for webgpu.test.ts. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import { operatorCheck } from '../../../src/core/graph/operatorCheck.ts'
import { float32, type Runtime, type Tensor } from '../../../src/core/train/runtime.ts'
import { nextName, slots } from '../../../src/core/train/state.ts'
import { buildStep } from '../../../src/core/train/step.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { floats, runSteps, smallSpec } from './small.ts'
import { type RunLosses, runLosses } from './webgpuRuns.ts'

export interface WebGpuReport {
  /** Largest difference from the CPU, relative to 1 + |x|, of each output: `loss` and `d.<input>` per case. */
  readonly gradients: { readonly what: string; readonly error: number }[]
  readonly steps: {
    readonly losses: number
    readonly norms: number
    readonly parameters: number
    /** What asking a tensor on the device for its data said. */
    readonly refusal: string
    /** Operators that ran on the CPU all the same. */
    readonly fallbacks: readonly string[]
  }
  /** Losses of short runs on the CPU and on the GPU. */
  readonly runs: { readonly cpu: RunLosses; readonly gpu: RunLosses }
  readonly attempts: readonly { readonly provider: string; readonly chosen: boolean; readonly reason: string }[]
}

const difference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (x, i) => Math.abs(x - (b[i] as number)) / (1 + Math.abs(x))))

/** All cases in one graph: the compilation of shaders, seconds in software, is paid once. */
async function gradients(cpu: Runtime, gpu: Runtime): Promise<WebGpuReport['gradients']> {
  const check = operatorCheck('portable')
  const feeds = Object.fromEntries(check.feeds.map(({ name, dims, data }) => [name, float32(data, dims)]))
  const want = await (await cpu.load(check.model)).run(feeds)
  const got = await (await gpu.load(check.model)).run(feeds)
  return Object.keys(want).map(name => ({
    what: `${name} ${check.about(name)}`,
    error: difference(floats(want, name), floats(got, name)),
  }))
}

/** A few training steps whose state never leaves the device. */
async function steps(cpu: Runtime, gpu: Runtime): Promise<WebGpuReport['steps']> {
  const spec = smallSpec({ layout: 'flat', trained: ['query', 'head.weight', 'head.bias'], lowering: 'portable' })
  const model = modelBytes(buildStep(spec))
  const keep = slots(spec).map(slot => nextName(slot.name))
  const folder = mkdtempSync(join(tmpdir(), 'winnow-profile-'))
  const session = await gpu.load(model, { keep, profile: join(folder, 'profile') })
  const got = await runSteps(session, spec, 3, 1e-2)
  const want = await runSteps(await cpu.load(model), spec, 3, 1e-2)
  const p = got.state['p'] as Tensor
  let refusal = ''
  try {
    void p.data
  } catch (error) {
    refusal = (error as Error).message
  }
  const last = (await session.read(p)).data as Float32Array
  await session.release()
  const fallbacks = cpuOperators(folder)
  rmSync(folder, { recursive: true, force: true })
  return {
    losses: difference(want.losses, got.losses),
    norms: difference(want.norms, got.norms),
    parameters: difference(floats(want.state, 'p'), last),
    refusal,
    fallbacks,
  }
}

interface ProfileEvent {
  readonly cat: string
  readonly name: string
  readonly args?: { readonly op_name?: string; readonly provider?: string }
}

/** What the profile in a folder says ran on the CPU. */
function cpuOperators(folder: string): string[] {
  const [file] = readdirSync(folder)
  const events = JSON.parse(readFileSync(join(folder, file ?? ''), 'utf8')) as ProfileEvent[]
  const kernels = events.filter(e => e.cat === 'Node' && e.name.endsWith('_kernel_time'))
  const onCpu = kernels.filter(e => e.args?.provider === 'CPUExecutionProvider')
  return [...new Set(onCpu.map(e => e.args?.op_name ?? ''))].sort()
}

const cpu = (await openRuntime({ provider: 'cpu', threads: 1 })).runtime
const gpu = (await openRuntime({ provider: 'webgpu', threads: 2, operators: 'trusted' })).runtime
const report: WebGpuReport = {
  gradients: await gradients(cpu, gpu),
  steps: await steps(cpu, gpu),
  runs: { cpu: await runLosses(cpu), gpu: await runLosses(gpu) },
  attempts: (await openRuntime({ provider: 'auto', threads: 2 })).attempts,
}
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0))
