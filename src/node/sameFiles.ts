import { realpathSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import { nameFile } from '../core/data/splits.ts'
import type { ConfigFile } from './config.ts'
import { slashed } from './files.ts'

const namedOnce = 'Name it once; each split needs rows of its own'

/**
 * Paths that lead to one file (links) stand for it once: the one that is named after a split, or else the file itself. Its rows
 * would be copies of themselves, and a fix would take them all. Two splits that are one file are refused.
 */
export async function eachOnce(paths: readonly string[]): Promise<(path: string) => boolean> {
  const byFile = new Map<string, string[]>()
  for (const path of paths) {
    const file = slashed(await realpath(path).catch(() => path))
    byFile.set(file, [...(byFile.get(file) ?? []), path])
  }
  const left = new Set<string>()
  for (const [file, names] of byFile) {
    const [first, ...others] = names.filter(name => nameFile(name).split !== undefined)
    const other = others.find(name => nameFile(name).split !== nameFile(first!).split)
    if (other !== undefined) throw new Failure('same-file', `${other} is the same file as ${first}`, namedOnce)
    const taken = first ?? names.find(name => name === file) ?? names[0]!
    for (const name of names) if (name !== taken) left.add(name)
  }
  return path => !left.has(path)
}

/** Fails where a `winnow.json` names one file twice within a dataset. */
export function refuseSame(config: ConfigFile): void {
  for (const [d, { splits }] of (config.config.datasets ?? []).entries()) {
    const files = new Map<string, string>()
    for (const [split, list = []] of Object.entries(splits))
      for (const [k, name] of (typeof list === 'string' ? [list] : list).entries()) {
        const file = realPath(resolve(config.folder, name))
        const first = files.get(file)
        const keys = ['datasets', d, 'splits', split, ...(typeof list === 'string' ? [] : [k])]
        if (first !== undefined) throw config.fail(keys, `${name} is the same file as ${first}`, namedOnce)
        files.set(file, name)
      }
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path // It leads nowhere, and whoever reads it says so.
  }
}
