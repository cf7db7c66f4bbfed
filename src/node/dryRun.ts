import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { Preflight } from '../core/train/estimate.ts'
import type { PreparedRun } from './prepare.ts'
import { runWorker } from './program.ts'

/**
 * What a prepared run would take, found out in a process of its own by two of its steps; nothing of it stays. Throws `Failure`
 * (what keeps the run from starting).
 */
export async function dryRun(
  { recipe, data, warnings }: PreparedRun,
  io: Omit<Parameters<typeof runWorker>[1], 'err'>,
): Promise<Preflight> {
  const folder = await mkdtemp(join(tmpdir(), 'winnow-dry-'))
  try {
    await writeFile(join(folder, 'recipe.json'), JSON.stringify(recipe))
    await writeFile(join(folder, 'data.json'), JSON.stringify(data))
    let said = ''
    const err = (text: string) => {
      said += text
    }
    const { code } = await runWorker(['estimate', folder], { ...io, err })
    if (code !== 0) {
      const line = said.trim().split('\n').at(-1) ?? ''
      throw new Failure('dry-run-failed', line === '' ? `The dry run ended with code ${code}` : line)
    }
    const preflight = JSON.parse(await readFile(join(folder, 'preflight.json'), 'utf8')) as Preflight
    return { ...preflight, warnings: [...warnings, ...preflight.warnings] }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
