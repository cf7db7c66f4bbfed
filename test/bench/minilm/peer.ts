import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { adamWDefaults } from '../../../src/core/train/optimizer.ts'
import type { Outcome, prepare, Tuning } from './tune.ts'

/** The same run by PyTorch, with the same tokens, batches, rates and first values; undefined without its environment. */
export async function peer(
  root: string,
  given: ReturnType<typeof prepare>,
  options: Tuning & { readonly folder: string; readonly threads: number },
): Promise<Outcome | undefined> {
  const python = join(root, 'out/peers-venv/bin/python')
  if (!existsSync(python)) {
    process.stdout.write('  PyTorch skipped: there is no out/peers-venv\n')
    return undefined
  }
  const { model, train, test, schedule, plan, initial } = given
  const rowsOf = ({ tokens, targets }: typeof train) => ({
    rows: Array.from(targets, (_, i) => Array.from(tokens.ids.subarray(tokens.starts[i], tokens.starts[i + 1]))),
    labels: Array.from(targets),
  })
  // The encoder's own tensors are in the folder; the head and the adapters are drawn here.
  const fresh = initial.filter(
    t => options.method.kind === 'lora' || model.head?.fresh.some(spec => spec.name === t.name),
  )
  const batches = plan.map(epoch => epoch.map(({ rows, length }) => ({ rows: Array.from(rows), length })))
  const job = {
    folder: options.folder,
    threads: options.threads,
    classes: model.classes,
    pad: train.pad,
    method: options.method,
    dropout: options.dropout,
    smoothing: options.smoothing,
    optimizer: adamWDefaults,
    rates: Array.from({ length: plan.flat().length }, (_, i) => schedule.rate(i + 1)),
    plan: batches,
    train: rowsOf(train),
    test: rowsOf(test),
    initial: fresh.map(({ name, shape, data }) => ({ name, shape, data: Array.from(data) })),
  }
  const folder = mkdtempSync(join(tmpdir(), 'winnow-minilm-'))
  try {
    writeFileSync(join(folder, 'job.json'), JSON.stringify(job))
    const script = join(root, 'test/bench/peers/minilm.py')
    const answer = join(folder, 'answer.json')
    await promisify(execFile)(python, [script, join(folder, 'job.json'), answer], { maxBuffer: 1 << 26 })
    return JSON.parse(readFileSync(answer, 'utf8')) as Outcome
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
