/* Whether a provider of ONNX Runtime works here, found out in a process that may die of it. */
import { execFile } from 'node:child_process'
import type { Provider } from '../core/train/runtime.ts'
import { childEnv } from './environment.ts'

export interface ProbeRequest {
  readonly provider: Provider
  /** The folder of onnxruntime-node. */
  readonly path: string
  /** A graph with one input `x` float32 [N,N] that sums `x` after eight products with itself. */
  readonly model: Uint8Array
  readonly threads: number
}

export interface Probe {
  /** GFLOP/s of the graph's products; absent where it did not run. */
  readonly rate?: number
  /** Why it did not run, in words that follow the provider's name: `found no graphics adapter`. */
  readonly reason: string
  /** This build of the runtime knows nothing of the provider. */
  readonly absent?: true
}

/** Runs in the child, so it is text: nothing but the module of ONNX Runtime is needed. */
const script = `
const [path, provider, model, threads] = process.argv.slice(1)
const ort = require(path)
const run = async () => {
  const known = ort.listSupportedBackends ? ort.listSupportedBackends().map(b => b.name) : [provider]
  if (!known.includes(provider))
    return process.stdout.write(JSON.stringify({ absent: true }) + '\\n', () => process.exit(1))
  const session = await ort.InferenceSession.create(Buffer.from(model, 'base64'), {
    executionProviders: [provider],
    logSeverityLevel: 3,
    intraOpNumThreads: Number(threads),
  })
  const timed = async n => {
    const x = new ort.Tensor('float32', new Float32Array(n * n).fill(1 / n), [n, n])
    const start = performance.now()
    const { y } = await session.run({ x })
    if (!(Math.abs(y.data[0] - n) < 0.01 * n)) throw new Error('it computes wrong results: ' + y.data[0])
    return (8 * 2 * n ** 3) / ((performance.now() - start) * 1e6)
  }
  await timed(128)
  let rate = await timed(128)
  // A program that imitates a GPU would take seconds for the larger size, and its rate is known by now.
  if (rate > 2) for (let i = 0; i < 3; i++) rate = Math.max(rate, await timed(1024))
  process.stdout.write(JSON.stringify({ rate }) + '\\n', () => process.exit(0))
}
run().catch(error => process.stdout.write(JSON.stringify({ error: String(error?.message ?? error) }) + '\\n', () => process.exit(1)))
`

/** CUDA takes seconds to start, shaders seconds to compile. */
const limit = 40_000

export function probe(request: ProbeRequest): Promise<Probe> {
  const { provider, path, model, threads } = request
  const args = ['-e', script, path, provider, Buffer.from(model).toString('base64'), String(threads)]
  const env = childEnv(process.env)
  return new Promise(resolve => {
    execFile(process.execPath, args, { timeout: limit, killSignal: 'SIGKILL', env }, (error, stdout, stderr) => {
      const line = stdout.trim().split('\n').at(-1) ?? ''
      const answer = parse(line)
      if (answer?.rate !== undefined) return resolve({ rate: answer.rate, reason: 'runs' })
      if (answer?.absent) return resolve({ reason: 'is not in this build of ONNX Runtime', absent: true })
      if (answer?.error) {
        // The exception says that a library was not opened; only the log says which one that library lacks.
        const lacking = /with error: (\S+): cannot open shared object file/.exec(stderr)?.[1]
        return resolve({ reason: plain(lacking ? `Failed to load library ${lacking}: cannot open` : answer.error) })
      }
      if (error?.killed) return resolve({ reason: `did not answer within ${limit / 1000} s` })
      // What C++ says of an uncaught exception, else the first line: stack traces come after it.
      const lines = stderr.split('\n').map(text => text.trim())
      const said =
        lines
          .find(text => text.startsWith('what():'))
          ?.slice(7)
          .trim() ?? lines.find(text => text !== '')
      const how = error?.signal ? `ended its process with ${error.signal}` : 'ended its process'
      resolve({ reason: said ? `${how} (${short(said)})` : how })
    })
  })
}

function parse(line: string): { rate?: number; error?: string; absent?: boolean } | undefined {
  try {
    return JSON.parse(line) as { rate?: number; error?: string; absent?: boolean }
  } catch {
    return undefined
  }
}

/** What the runtime's message means, to follow the provider's name. */
export function plain(message: string): string {
  if (/No supported adapters|Failed to get a WebGPU adapter|adapter/i.test(message)) {
    return 'found no graphics adapter with a usable driver'
  }
  const cuda = /CUDA failure (\d+)/.exec(message)?.[1]
  if (cuda === '35') return 'needs a newer NVIDIA driver, or found none at work'
  if (cuda === '100') return 'found no NVIDIA graphics card'
  if (/Failed to load shared library/i.test(message)) return 'is not installed beside ONNX Runtime'
  const library =
    /(?:load library|cannot open shared object file|Failed to load).*?([\w.-]+\.(?:so|dll|dylib)[\w.]*)/.exec(message)
  if (library) return `lacks the library ${library[1]}`
  return `failed (${short(message)})`
}

/** Without source paths and codes, in a line of bearable length. */
function short(message: string): string {
  const line = message
    .replace(/\/\S+\.(?:cc|h):\d+\s*\S*/g, '')
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}
