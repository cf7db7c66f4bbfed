import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What people wrote about a run: `notes.md` of its folder; empty where nobody did. */
export async function readNotes(folder: string): Promise<string> {
  return readFile(join(folder, 'notes.md'), 'utf8').catch(() => '')
}

/** Keeps the notes of a run; empty ones leave no file. */
export async function writeNotes(folder: string, text: string): Promise<void> {
  const file = join(folder, 'notes.md')
  if (text.trim() === '') return rm(file, { force: true })
  // Replaced at once: a crash never costs what was written before.
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}
