import { existsSync } from 'node:fs'
import { contentHash } from '../core/base/hash.ts'
import { labelFilesOf, labelNamesFilesOf } from '../core/data/labelledText.ts'
import { readBytes } from './files.ts'

/** The file with the labels of a text file's lines, where there is one. */
export function labelFileOf(path: string): string | undefined {
  return labelFilesOf(path).find(other => existsSync(other))
}

/** The file with the names that numbers among these labels stand for, where there is one. */
export function labelNamesFileOf(path: string): string | undefined {
  return labelNamesFilesOf(path).find(other => existsSync(other))
}

/**
 * The hash by which a run knows the rows of a file: of its bytes, and of those of the files with its labels and their names too, where
 * these stand in files of their own.
 */
export async function rowsHash(path: string, bytes: Uint8Array): Promise<string> {
  const labels = labelFileOf(path)
  const own = contentHash(bytes)
  if (labels === undefined) return own
  const names = labelNamesFileOf(path)
  const both = contentHash(`${own} ${contentHash(await readBytes(labels))}`)
  return names === undefined ? both : contentHash(`${both} ${contentHash(await readBytes(names))}`)
}
