import type * as vscode from 'vscode'
import type { Disposable } from '../core/base/event.ts'
import type { DocumentChange, ReportChange } from '../core/check/report.ts'
import { pathOf } from './adapt.ts'

/** Keys that come so soon after each other are followed together. */
const together = 80
/** More edits at a time are checked as a whole. */
const mostEdits = 12

/** What follows edits: the checking process. */
export interface Follower {
  change(request: DocumentChange): Promise<ReportChange | undefined>
}

/** What came of following: what the report says now, or that only a check of all can tell. */
export interface FollowingListener {
  /** Ends when the report says so; the next change waits for it. */
  changed(change: ReportChange, edits: DocumentChange['edits']): Promise<void>
  lost(): void
}

/**
 * Hands the edits of checked documents on, in their order and a few at a time, so that what they change is known at the cost of
 * the edits. A document is followed from the version that was checked, without a gap.
 */
export class Following implements Disposable {
  private readonly follower: () => Follower
  private readonly listener: FollowingListener
  private readonly waiting = new Map<string, { version: number; readonly edits: DocumentChange['edits'][number][] }>()
  private timer: NodeJS.Timeout | undefined
  private asking = false
  private generation = 0

  constructor(follower: () => Follower, listener: FollowingListener) {
    this.follower = follower
    this.listener = listener
  }

  /** Has this document edits that are not known to the checking process yet? */
  has(path: string): boolean {
    return this.waiting.has(path)
  }

  add({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const path = pathOf(document.uri)
    const known = this.waiting.get(path) ?? { version: 0, edits: [] }
    known.version = document.version
    for (const { range, text } of contentChanges) {
      const { start, end } = range
      const place = { line: start.line, column: start.character, endLine: end.line, endColumn: end.character }
      known.edits.push({ range: place, text })
    }
    this.waiting.set(path, known)
    this.timer ??= setTimeout(() => void this.send(), together)
  }

  /** Forgets what waits: a check of all begins, which is given the documents as they are. */
  stop(): void {
    this.generation++
    clearTimeout(this.timer)
    this.timer = undefined
    this.waiting.clear()
  }

  dispose(): void {
    this.stop()
  }

  private async send(): Promise<void> {
    this.timer = undefined
    if (this.asking) return
    this.asking = true
    const { generation } = this
    try {
      while (generation === this.generation && this.waiting.size > 0) {
        const [uri, { version, edits }] = [...this.waiting][0]!
        this.waiting.delete(uri)
        const change = edits.length <= mostEdits && (await this.follower().change({ uri, version, edits }))
        if (generation !== this.generation) return
        if (!change) return this.listener.lost()
        await this.listener.changed(change, edits)
      }
    } catch {
      // The process ended, or the edit was not what it knows: a check of all says what is the matter.
      if (generation === this.generation) this.listener.lost()
    } finally {
      this.asking = false
      if (this.waiting.size > 0) this.timer ??= setTimeout(() => void this.send(), together)
    }
  }
}
