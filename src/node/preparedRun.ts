import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { PreparedRun } from './prepare.ts'
import { runWorker } from './program.ts'

/** How the process is run; its error output is read here. */
export type WorkerIo = Omit<Parameters<typeof runWorker>[1], 'err'>

/**
 * Asks a process of its own about a run that was prepared only, and reads the JSON it leaves in the file `answer`; nothing of
 * it stays. Throws `Failure` (`<verb>-failed`) with the last line that the process said.
 */
export async function askWorker(
  { recipe, data }: Pick<PreparedRun, 'recipe' | 'data'>,
  { verb, answer }: { readonly verb: string; readonly answer: string },
  io: WorkerIo,
): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), `winnow-${verb}-`))
  try {
    await writeFile(join(folder, 'recipe.json'), JSON.stringify(recipe))
    await writeFile(join(folder, 'data.json'), JSON.stringify(data))
    let said = ''
    const err = (text: string) => {
      said += text
    }
    const { code } = await runWorker([verb, folder], { ...io, err })
    if (code !== 0) {
      const line = said.trim().split('\n').at(-1) ?? ''
      throw new Failure(`${verb}-failed`, line === '' ? `The process ended with code ${code}` : line)
    }
    return JSON.parse(await readFile(join(folder, answer), 'utf8'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
