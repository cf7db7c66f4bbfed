import { mkdir, readdir, readFile, realpath, rename, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import { bytesHash, changed, type PlannedChange, type PlannedRewrite } from './edits.ts'
import { fileFailure, readBytes, slashed, syncFolder, writeAtomic } from './files.ts'
import { holderOf, writeLock } from './lock.ts'
import { copied, edited, Hashed, hashOf } from './streams.ts'
import { stampOf } from './windows.ts'

/**
 * Changes to files that can be taken back, also after a kill at any moment. One entry is a folder
 * `.winnow/journal/<n>-<time>/`:
 *
 *     lock           who is writing it
 *     <k>.bytes      the k-th file as it was, complete
 *     entry.json     which files, and the hashes before and after; from here on the entry counts
 *     done           every file was written
 *
 * Killed before `entry.json`: nothing was changed, the folder is thrown away. Killed after it: each file is wholly the
 * old one or wholly the new one, and whoever comes next puts the old ones back.
 */
export interface JournalEntry {
  readonly version: 1
  /** When, ISO 8601. */
  readonly at: string
  readonly files: readonly {
    /** Relative to the root where the file lies under it, so that a moved workspace can still undo. */
    readonly path: string
    readonly before: string
    readonly after: string
    readonly mode: number
    readonly backup: string
  }[]
}

/** Undo reaches this far back; older entries are thrown away. */
const keptEntries = 20

/** Called between the steps of an apply or undo; a test kills the process there. */
export type Step = (name: string) => void

/**
 * Writes a plan: each file atomically, all of them undoable together by `undoLast(root)`. Fails before the first write
 * where a file is no longer what the plan was made from, and takes everything back where a write fails (a full disk).
 */
export async function applyPlan(
  plan: readonly (PlannedChange | PlannedRewrite)[],
  root: string,
  options: { readonly now?: Date; readonly step?: Step } = {},
): Promise<{ readonly entry: string; readonly files: readonly string[] }> {
  const step = options.step ?? (() => {})
  const now = options.now ?? new Date()
  const base = slashed(root)
  await recoverJournal(base, step)
  for (const { path } of plan) await refuseProtected(path)
  const journal = journalOf(base)
  const folder = await openEntry(journal, now)
  const files: JournalEntry['files'][number][] = []
  try {
    for (const change of plan) if (!(await isUnchanged(change))) throw changed(change.path)
    for (const [k, change] of plan.entries()) {
      step(`backup ${k}`)
      const backup = `${k}.bytes`
      const { before, after } = await keep(change, join(folder, backup))
      const inside = relative(base, change.path)
      const path = inside.startsWith('..') || isAbsolute(inside) ? change.path : inside.replaceAll('\\', '/')
      const mode = (await stat(change.path)).mode & 0o7777
      files.push({ path, before, after, mode, backup })
    }
    step('entry')
    const entry: JournalEntry = { version: 1, at: now.toISOString(), files }
    await writeAtomic(join(folder, 'entry.json'), `${JSON.stringify(entry, null, 2)}\n`)
    await syncFolder(journal)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw fileFailure(folder, error)
  }
  let written = 0
  try {
    for (const [k, change] of plan.entries()) {
      step(`write ${k}`)
      const temporary = await temporaryOf(change.path)
      const content = 'after' in change ? change.after : new Hashed(edited(change))
      const beforeRename = async () => {
        // Somebody may have saved the file since it was looked at: one of gigabytes while it was copied.
        const same = content instanceof Hashed ? content.digest() === files[k]!.after : await isUnchanged(change)
        if (!same) throw changed(change.path)
        step(`rename ${k}`)
      }
      await writeAtomic(change.path, content, { temporary, beforeRename })
      written++
    }
    step('done')
    await writeAtomic(join(folder, 'done'), '')
  } catch (error) {
    // Where even that fails, the entry stays and the next start puts the files back.
    if (written === 0) await rm(folder, { recursive: true, force: true })
    else await restore(base, folder, () => {}).catch(() => {})
    throw error
  }
  step('prune')
  await prune(journal)
  return { entry: folder, files: plan.map(change => change.path) }
}

/**
 * Takes back the last change: every file gets its old bytes and mode. A change that a kill cut short counts as the last
 * one. Fails, changing nothing, where a file was edited since. Undefined where there is nothing to undo.
 */
export async function undoLast(
  root: string,
  options: { readonly step?: Step } = {},
): Promise<{ readonly files: readonly string[]; readonly at: string } | undefined> {
  const base = slashed(root)
  const journal = journalOf(base)
  for (const name of (await entries(journal)).reverse()) {
    const folder = join(journal, name)
    await refuseBusy(folder)
    const entry = await readEntry(folder)
    if (entry) return { files: await restore(base, folder, options.step ?? (() => {})), at: entry.at }
    await rm(folder, { recursive: true, force: true })
  }
  return undefined
}

/**
 * Cleans up after a process that was killed while it wrote: puts the old files back and forgets the entry. Answers the
 * files that were put back. Called before every apply; a command that reads data to fix it calls it first.
 */
export async function recoverJournal(root: string, step: Step = () => {}): Promise<string[]> {
  const base = slashed(root)
  const journal = journalOf(base)
  const files: string[] = []
  for (const name of (await entries(journal)).reverse()) {
    const folder = join(journal, name)
    if (await exists(join(folder, 'done'))) continue
    await refuseBusy(folder)
    if (await readEntry(folder)) files.push(...(await restore(base, folder, step)))
    else await rm(folder, { recursive: true, force: true })
  }
  return files
}

/**
 * A new entry that this process holds. It comes to be with its lock in it, so that no other process takes it for one that was
 * left; of two that begin at once at least one sees the other, and fails.
 */
async function openEntry(journal: string, now: Date): Promise<string> {
  const fresh = join(journal, `new-${process.pid}`)
  let folder = fresh
  try {
    await mkdir(fresh, { recursive: true })
    // Whole copies of somebody's data: they are for undo, not for a repository.
    await writeFile(join(journal, '.gitignore'), '*\n')
    await writeLock(fresh, process.pid)
    const name = await nextName(journal, now)
    await rename(fresh, join(journal, name))
    folder = join(journal, name)
    for (const other of await entries(journal)) if (other !== name) await refuseBusy(join(journal, other))
    return folder
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'ENOTEMPTY' || code === 'EEXIST') throw busy('another process')
    throw fileFailure(folder, error)
  }
}

/** Puts every file of an entry back and removes the entry. Safe to repeat: files that are back already are left alone. */
async function restore(base: string, folder: string, step: Step): Promise<string[]> {
  const entry = (await readEntry(folder))!
  const work: { path: string; from: string | undefined; mode: number; stamp: string }[] = []
  for (const file of entry.files) {
    const path = isAbsolute(file.path) ? file.path : slashed(join(base, file.path))
    const backup = join(folder, file.backup)
    const stamp = await stat(path).then(stampOf, error => Promise.reject(gone(path, { entry, backup, error })))
    const now = await hashOf(path)
    const from = now === file.before ? undefined : backup
    if (from && (await hashOf(from)) !== file.before)
      throw new Failure('bad-journal', `${join(folder, file.backup)} is damaged, so ${path} cannot be restored`)
    if (from && now !== file.after) {
      const message = `${path} was edited since, so the change of ${entry.at} cannot be taken back`
      throw new Failure(
        'file-changed',
        message,
        `Its old bytes are ${join(folder, file.backup)}; delete ${folder} to keep the new ones`,
      )
    }
    work.push({ path, from, mode: file.mode, stamp })
  }
  for (const [k, { path, from, mode, stamp }] of work.entries()) {
    step(`restore ${k}`)
    const temporary = await temporaryOf(path)
    const beforeRename = async () => {
      if (stampOf(await stat(path)) !== stamp) throw changed(path)
      step(`restore rename ${k}`)
    }
    if (from) await writeAtomic(path, copied(from), { temporary, mode, beforeRename })
    // What a kill between the new file and its rename left behind.
    else await unlink(join(dirname(await realpath(path)), temporary)).catch(() => {})
  }
  step('forget')
  // The entry ends with its description; the rest is then rubbish for the next start.
  await unlink(join(folder, 'entry.json'))
  await rm(folder, { recursive: true, force: true })
  return work.filter(file => file.from).map(file => file.path)
}

/** Is the file what the change was planned for? */
async function isUnchanged(change: PlannedChange | PlannedRewrite): Promise<boolean> {
  if ('before' in change) return same(await readBytes(change.path), change.before)
  return stampOf(await stat(change.path)) === change.stamp
}

/** Writes the copy that undo needs; the hashes of the file as it is and as it will be. */
async function keep(
  change: PlannedChange | PlannedRewrite,
  backup: string,
): Promise<{ readonly before: string; readonly after: string }> {
  if ('before' in change) {
    await writeAtomic(backup, change.before)
    return { before: bytesHash(change.before), after: bytesHash(change.after) }
  }
  const before = new Hashed(copied(change.path))
  await writeAtomic(backup, before)
  const after = new Hashed(edited(change))
  for await (const _ of after);
  return { before: before.digest(), after: after.digest() }
}

async function refuseBusy(folder: string): Promise<void> {
  const holder = await holderOf(folder)
  if (holder.kind === 'alive' && holder.pid !== process.pid && !(await exists(join(folder, 'done'))))
    throw busy(`process ${holder.pid}`)
}

function busy(who: string): Failure {
  return new Failure('busy', `Another Winnow (${who}) is changing files here`, 'Try again when it is done')
}

/** Somebody who takes the right to write away means it; a rename would go round that. */
async function refuseProtected(path: string): Promise<void> {
  const { mode } = await stat(path).catch(error => Promise.reject(fileFailure(path, error)))
  if ((mode & 0o222) === 0)
    throw new Failure(
      'protected',
      `${path} is write-protected`,
      'Nothing was written; allow writing, or name other files',
    )
}

function gone(
  path: string,
  about: { readonly entry: JournalEntry; readonly backup: string; readonly error: unknown },
): Failure {
  if ((about.error as NodeJS.ErrnoException).code !== 'ENOENT') return fileFailure(path, about.error)
  const message = `${path} was moved or deleted since, so the change of ${about.entry.at} cannot be taken back`
  return new Failure('not-found', message, `Copy its old bytes there from ${about.backup}, and undo again`)
}

async function readEntry(folder: string): Promise<JournalEntry | undefined> {
  const text = await readFile(join(folder, 'entry.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const entry = JSON.parse(text) as JournalEntry
  if (entry.version === 1) return entry
  throw new Failure('bad-journal', `${folder} was written by another version of Winnow`, 'Undo it with that version')
}

function journalOf(base: string): string {
  return join(base, '.winnow', 'journal')
}

/** Entries in order: their names start with a running number. */
async function entries(journal: string): Promise<string[]> {
  const names = await readdir(journal).catch(() => [] as string[])
  return names.filter(name => /^\d{6}-/.test(name)).sort()
}

async function nextName(journal: string, now: Date): Promise<string> {
  const last = (await entries(journal)).at(-1)
  const number = last ? Number(last.slice(0, 6)) + 1 : 1
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${String(number).padStart(6, '0')}-${stamp}`
}

async function prune(journal: string): Promise<void> {
  for (const name of await readdir(journal))
    if (/^new-\d+$/.test(name) && (await holderOf(join(journal, name))).kind === 'gone')
      await rm(join(journal, name), { recursive: true, force: true })
  for (const name of (await entries(journal)).slice(0, -keptEntries))
    await rm(join(journal, name), { recursive: true, force: true })
}

/** The same name every time, so that the next start finds it. */
async function temporaryOf(path: string): Promise<string> {
  return `.${basename(await realpath(path))}.winnow.tmp`
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
