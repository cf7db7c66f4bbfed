import { existsSync } from 'node:fs'
import { labelFilesOf } from '../core/data/labelledText.ts'

/** The file with the labels of a text file's lines, where there is one. */
export function labelFileOf(path: string): string | undefined {
  return labelFilesOf(path).find(other => existsSync(other))
}
