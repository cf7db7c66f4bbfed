import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { expandRows, type RowRef, type RunData } from '../core/train/data.ts'
import { isUnusable, type Sample } from '../core/train/tasks/sample.ts'
import { taskOf } from '../core/train/tasks.ts'
import { readBytes } from './files.ts'
import { tablesOfBytes } from './tables.ts'

/** A row as its file says it now. */
export interface PresentRow {
  readonly ref: RowRef
  readonly sample: Sample
}

/**
 * The rows of a run's training files as they are now, whatever has become of them since: those at the places that the run trained on,
 * or with `all` every one that can be used. Files that are gone have none.
 */
export async function presentRows(data: RunData, which: 'trained' | 'all'): Promise<PresentRow[]> {
  const kind = taskOf(data.task ?? 'classification')
  const trained = expandRows(data.use.train)
  const found: PresentRow[] = []
  for (const file of new Set(trained.map(ref => ref.file))) {
    const { path, part, format } = data.files[file] as RunData['files'][number]
    const place = isAbsolute(path) ? path : join(data.root, path)
    if (!existsSync(place)) continue
    const tables = await tablesOfBytes(place, await readBytes(place), format ?? {})
    const table = (part === undefined ? tables[0] : tables.find(one => one.part === part))?.table
    if (!table) continue
    const every = () => Array.from({ length: table.rowCount }, (_, row) => ({ file, row }))
    for (const ref of which === 'all' ? every() : trained.filter(one => one.file === file)) {
      if (ref.row >= table.rowCount) continue
      const sample = kind.read(table, ref.row, data.roles)
      if (!isUnusable(sample)) found.push({ ref, sample })
    }
  }
  return found
}
