import type { Preflight } from '../core/train/estimate.ts'
import type { PreparedRun } from './prepare.ts'
import { askWorker, type WorkerIo } from './preparedRun.ts'

/**
 * What a prepared run would take, found out in a process of its own by two of its steps; nothing of it stays. Throws `Failure`
 * (what keeps the run from starting).
 */
export async function dryRun(prepared: PreparedRun, io: WorkerIo): Promise<Preflight> {
  const preflight = (await askWorker(prepared, { verb: 'estimate', answer: 'preflight.json' }, io)) as Preflight
  return { ...preflight, warnings: [...prepared.warnings, ...preflight.warnings] }
}
