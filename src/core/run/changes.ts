import { expandRows, type RunData } from '../train/data.ts'

/** One file that differs between the data of two runs. */
export interface FileChange {
  readonly path: string
  readonly kind: 'added' | 'removed' | 'changed'
  readonly rowsA?: number
  readonly rowsB?: number
}

/** What changed in the data from run a to run b. */
export interface DataChanges {
  readonly files: readonly FileChange[]
  /** Rows that are trained on. */
  readonly trainRows: { readonly a: number; readonly b: number }
  readonly labels: { readonly added: readonly string[]; readonly removed: readonly string[] }
}

/** Compares files by path and content hash. */
export function dataChanges(a: RunData, b: RunData): DataChanges {
  const before = new Map(a.files.map(f => [f.path, f]))
  const after = new Map(b.files.map(f => [f.path, f]))
  const files: FileChange[] = []
  for (const file of b.files) {
    const old = before.get(file.path)
    if (!old) files.push({ path: file.path, kind: 'added', rowsB: file.rows })
    else if (old.hash !== file.hash) files.push({ path: file.path, kind: 'changed', rowsA: old.rows, rowsB: file.rows })
  }
  for (const file of a.files)
    if (!after.has(file.path)) files.push({ path: file.path, kind: 'removed', rowsA: file.rows })
  return {
    files,
    trainRows: { a: expandRows(a.use.train).length, b: expandRows(b.use.train).length },
    labels: {
      added: b.labels.filter(label => !a.labels.includes(label)),
      removed: a.labels.filter(label => !b.labels.includes(label)),
    },
  }
}
