import { readdir } from 'node:fs/promises'
import { isDataName, skippedFolders } from '../core/data/splits.ts'
import { configName } from '../node/config.ts'

/** Entries looked at before a folder counts as worth a real look. */
const patience = 5000

/**
 * Could there be a dataset? Most windows have none, and for those no process is started. Stops at the first file that
 * could hold rows; a folder too large to tell here is left to the checking process.
 */
export async function mayHoldData(folders: readonly string[]): Promise<boolean> {
  const pending = [...folders]
  let seen = 0
  let texts = 0
  for (;;) {
    const folder = pending.shift()
    if (folder === undefined) return false
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []) // told by the check, if it matters
    for (const entry of entries) {
      if (++seen > patience) return true
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        if (!entry.name.startsWith('.') && !skippedFolders.has(entry.name)) pending.push(path)
      } else if (entry.name === configName || isDataName(path)) return true
      // Many small texts may be rows in folders of their labels.
      else if (entry.name.endsWith('.txt') && ++texts >= 10) return true
    }
  }
}
