/* What is asked of the process that exports, and what it answers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import { runWorker } from './program.ts'

/** How weights of linear layers are stored in ONNX. */
export const exportTypes = ['fp32', 'int8', 'int4'] as const
export type ExportType = (typeof exportTypes)[number]

/** What is exported, and where to. */
export interface ExportRequest {
  readonly version: 1
  /** A run, an adapter folder or a model folder. */
  readonly source: string
  readonly out: string
  readonly form: 'onnx' | 'merged'
  readonly type: ExportType
}

/** What was written. */
export interface ExportReport {
  readonly version: 1
  readonly out: string
  readonly files: readonly string[]
  readonly bytes: number
  /** How far its logits are from those of the trained model, on rows of random tokens; absent where nothing was run. */
  readonly check?: {
    readonly rows: number
    /** Root mean square of the difference over that of the logits; the largest difference; and the rows whose best class is another. */
    readonly relative: number
    readonly largest: number
    readonly otherBest: number
    readonly allowed: number
  }
}

/** Exports in a process of its own, which alone may run the model. Throws `Failure`. */
export async function exportInWorker(
  request: ExportRequest,
  io: { readonly cwd: string; readonly cancel: Cancel },
): Promise<ExportReport> {
  const folder = await mkdtemp(join(tmpdir(), 'winnow-export-'))
  try {
    const file = join(folder, 'request.json')
    await writeFile(file, JSON.stringify(request))
    let said = ''
    const err = (text: string) => {
      said += text
    }
    const { code, out } = await runWorker(['export', file], { ...io, err })
    if (code === 0) return JSON.parse(out) as ExportReport
    throw new Failure('export-failed', said.trim().split('\n').at(-1) || `The export ended with code ${code}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
