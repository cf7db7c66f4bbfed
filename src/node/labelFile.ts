import { existsSync } from 'node:fs'
import { contentHash } from '../core/base/hash.ts'
import { labelFilesOf } from '../core/data/labelledText.ts'
import { readBytes } from './files.ts'

/** The file with the labels of a text file's lines, where there is one. */
export function labelFileOf(path: string): string | undefined {
  return labelFilesOf(path).find(other => existsSync(other))
}

/**
 * The hash by which a run knows the rows of a file: of its bytes, and of those of the file with its labels too, where the labels stand in one
 * of their own.
 */
export async function rowsHash(path: string, bytes: Uint8Array): Promise<string> {
  const labels = labelFileOf(path)
  const own = contentHash(bytes)
  return labels === undefined ? own : contentHash(`${own} ${contentHash(await readBytes(labels))}`)
}
