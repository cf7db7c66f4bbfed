import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Benchmarks } from '../core/check/contamination.ts'
import type { ConfigFile } from './config.ts'
import { loadDataset } from './datasets.ts'
import { slashed } from './files.ts'

/** The last ones read: an editor asks again at every change of a file that is none of them. */
let last: { readonly key: string; readonly benchmarks: Benchmarks } | undefined

/** Reads the benchmark files that a configuration names. A file that is not there is told at its place in the configuration. */
export async function readBenchmarks(config: ConfigFile | undefined): Promise<Benchmarks | undefined> {
  const wanted = config?.config.contamination
  if (!config || !wanted) return undefined
  const paths = wanted.files.map(file => slashed(resolve(config.folder, file)))
  const versions: number[] = []
  for (const [i, path] of paths.entries()) {
    try {
      const { mtimeMs, size } = await stat(path)
      versions.push(mtimeMs, size)
    } catch {
      throw config.fail(['contamination', 'files', i], `${wanted.files[i]} is not there`, 'Correct the path')
    }
  }
  const preset = wanted.preset ?? '13-gram'
  const key = JSON.stringify([preset, paths, versions])
  if (last?.key === key) return last.benchmarks
  // Each by itself: benchmarks of different shapes have different roles.
  const datasets = []
  for (const path of paths) datasets.push(await loadDataset({ name: path, splits: { test: [path] } }))
  last = { key, benchmarks: { preset, datasets } }
  return last.benchmarks
}
