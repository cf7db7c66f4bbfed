import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Cancelled } from '../core/base/cancel.ts'
import { failureLine } from '../core/base/failure.ts'
import type { Provider } from '../core/train/runtime.ts'
import { deviceReport } from './device.ts'
import { estimateRun } from './estimateRun.ts'
import { evaluate, readRequest } from './evaluator.ts'
import type { ExportRequest } from './exporting.ts'
import { exportModel } from './exportModel.ts'
import { inspectRun } from './inspectRun.ts'
import { selftest } from './selftest.ts'
import { type TrainIo, train } from './trainer.ts'

/**
 * The worker process: `train <run folder>`, `estimate <run folder>`, `evaluate <request.json>` or
 * `selftest <provider>`. Answers with the exit code: 0 done (finished or stopped),
 * 2 failed, with one line on standard error.
 */
export async function main(
  args: readonly string[],
  io: Pick<TrainIo, 'open' | 'models'> & { readonly runtimeFolder: () => string },
): Promise<number> {
  const [command, path] = args
  let ending = false
  // A polite end: the loop asks between two runs of the graph, saves, and says so in the log.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => {
      ending = true
    })
  const own = { ...io, ending: () => ending }
  try {
    if (path !== undefined && command === 'train') {
      const outcome = await train(path, { ...own, now: () => Date.now(), clock: () => performance.now() })
      return outcome === 'failed' ? 2 : 0
    }
    if (path !== undefined && command === 'estimate') {
      const preflight = await estimateRun(path, { ...own, clock: () => performance.now() })
      writeFileSync(join(path, 'preflight.json'), JSON.stringify(preflight))
      return 0
    }
    if (path !== undefined && command === 'inspect') {
      // Tokens of many rows: a file, which no pipe cuts off when the process ends.
      writeFileSync(join(path, 'inspection.json'), JSON.stringify(await inspectRun(path, io.models)))
      return 0
    }
    if (path !== undefined && command === 'evaluate') {
      const progress = (done: number, total: number) => process.stderr.write(`${done} ${total}\n`)
      await evaluate(readRequest(path), { ...own, progress })
      return 0
    }
    if (path !== undefined && command === 'export') {
      const request = JSON.parse(readFileSync(path, 'utf8')) as ExportRequest
      const runtime = async () => (await io.open({ provider: 'cpu' })).runtime
      const report = await exportModel(request, { runtime, models: io.models })
      process.stdout.write(`${JSON.stringify(report)}\n`)
      return 0
    }
    if (path !== undefined && command === 'device') {
      process.stdout.write(`${JSON.stringify(await deviceReport(io.open, io.runtimeFolder()))}\n`)
      return 0
    }
    if (path !== undefined && command === 'selftest') {
      const done = (name: string, seconds: number) => process.stderr.write(`${name} ${seconds.toFixed(1)}\n`)
      const report = await selftest(path as Provider | 'auto', { ...io, clock: () => performance.now(), done })
      process.stdout.write(`${JSON.stringify(report)}\n`)
      return 0
    }
    process.stderr.write(
      'usage: worker train <run folder> | worker estimate|inspect <run folder> | worker evaluate|export <request.json> | worker selftest <provider> | worker device list\n',
    )
    return 2
  } catch (error) {
    // Whoever asked for the end says so.
    if (error instanceof Cancelled) return 130
    process.stderr.write(`${error instanceof Error && error.name !== 'Failure' ? error.stack : failureLine(error)}\n`)
    return 2
  }
}
