/*
 * Whether a provider of ONNX Runtime computes every operator and its gradient as the CPU does: found out once for each
 * provider and version of the runtime, in a process that may die of it.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Lowering } from '../core/graph/graph.ts'
import { checkTolerance, type OperatorCheck, operatorCheck } from '../core/graph/operatorCheck.ts'
import type { Provider } from '../core/train/runtime.ts'
import { childEnv } from './environment.ts'
import { plain } from './ortProbe.ts'

export interface CheckRequest {
  readonly provider: Provider
  /** The folder of onnxruntime-node. */
  readonly path: string
  readonly lowering: Lowering
  /** Where answers are kept; `cacheFolder()` unless said otherwise. */
  readonly cache?: string
}

/** Runs in the child. The CPU's own graph is not optimized: what is compared against should not share its faults. */
const script = `
const [path, provider, folder] = process.argv.slice(1)
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const ort = require(path)
const specs = JSON.parse(readFileSync(join(folder, 'feeds.json'), 'utf8'))
const model = readFileSync(join(folder, 'check.onnx'))
const run = async (name, level) => {
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [name], logSeverityLevel: 4, intraOpNumThreads: 1, graphOptimizationLevel: level,
  })
  const feeds = {}
  for (const { name, dims, data } of specs) feeds[name] = new ort.Tensor('float32', Float32Array.from(data), dims)
  return session.run(feeds)
}
const main = async () => {
  const want = await run('cpu', 'basic')
  const got = await run(provider, 'all')
  const errors = {}
  for (const name of Object.keys(want)) {
    let worst = 0
    want[name].data.forEach((x, i) => {
      const error = Math.abs(got[name].data[i] - x) / (1 + Math.abs(x))
      worst = Math.max(worst, Number.isNaN(error) ? 1e9 : error)
    })
    errors[name] = worst
  }
  process.stdout.write(JSON.stringify({ errors }) + '\\n', () => process.exit(0))
}
main().catch(error => process.stdout.write(JSON.stringify({ error: String(error?.message ?? error) }) + '\\n', () => process.exit(1)))
`

/** A software adapter compiles shaders for a minute on a busy machine. */
const limit = 180_000

/** The folder of this user for what can be made again: `WINNOW_CACHE`, else where the system has such things. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): string {
  if (env['WINNOW_CACHE']) return env['WINNOW_CACHE']
  if (process.platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'winnow')
  if (process.platform === 'darwin') return join(home, 'Library', 'Caches', 'winnow')
  return join(env['XDG_CACHE_HOME'] ?? join(home, '.cache'), 'winnow')
}

/**
 * What is wrong with a provider, in words that follow its name; undefined where everything agrees with the CPU. That it does
 * is remembered for the version of the runtime and the operators; that it does not is found out again, since drivers change.
 */
export async function wrongWith(request: CheckRequest): Promise<string | undefined> {
  const { provider, path, lowering, cache = cacheFolder() } = request
  const check = operatorCheck(lowering)
  const { version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as { version: string }
  const key = createHash('sha256').update(check.model).digest('hex').slice(0, 16)
  const file = join(cache, 'providers', `${provider}-${version}-${key}.json`)
  if (existsSync(file)) return undefined
  const { errors, reason } = await compare(request, check)
  if (!errors) return reason
  const wrong = Object.entries(errors).filter(([, error]) => !(error <= checkTolerance))
  if (wrong.length > 0) {
    const operators = [...new Set(wrong.map(([output]) => check.about(output)))]
    const shown = operators.slice(0, 3).join('; ')
    return `computes other values than the CPU (${shown}${operators.length > 3 ? ` and ${operators.length - 3} more` : ''})`
  }
  const largest = Math.max(...Object.values(errors))
  try {
    mkdirSync(join(cache, 'providers'), { recursive: true })
    writeFileSync(file, `${JSON.stringify({ provider, version, outputs: Object.keys(errors).length, largest })}\n`)
  } catch {
    // A folder that cannot be written costs the same check the next time.
  }
  return undefined
}

interface Comparison {
  /** Largest difference of each output. */
  readonly errors?: Readonly<Record<string, number>>
  readonly reason: string
}

/** The graph on the provider and on the CPU. */
function compare({ provider, path }: CheckRequest, check: OperatorCheck): Promise<Comparison> {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-check-'))
  writeFileSync(join(folder, 'check.onnx'), check.model)
  writeFileSync(
    join(folder, 'feeds.json'),
    JSON.stringify(check.feeds.map(({ name, dims, data }) => ({ name, dims, data: Array.from(data) }))),
  )
  const options = { timeout: limit, killSignal: 'SIGKILL', env: childEnv(process.env), maxBuffer: 1 << 24 } as const
  return new Promise(resolve => {
    execFile(process.execPath, ['-e', script, path, provider, folder], options, (error, stdout) => {
      rmSync(folder, { recursive: true, force: true })
      const line = stdout.trim().split('\n').at(-1) ?? ''
      const answer = line.startsWith('{')
        ? (JSON.parse(line) as { errors?: Record<string, number>; error?: string })
        : {}
      if (answer.errors) return resolve({ errors: answer.errors, reason: '' })
      if (answer.error) return resolve({ reason: plain(answer.error) })
      resolve({ reason: error?.killed ? `did not check its operators in ${limit / 1000} s` : 'ended its process' })
    })
  })
}
