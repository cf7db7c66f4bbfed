import * as vscode from 'vscode'
import { type Disposable, Store } from '../core/base/event.ts'
import type { Checking } from './checking.ts'
import type { History } from './history.ts'
import { isTunable, wholeFile } from './starts.ts'

/** What `when` clauses of the manifest may ask. Set only when a value changes: each costs a message. */
export class Contexts implements Disposable {
  private readonly store = new Store()
  private readonly values = new Map<string, unknown>()

  constructor(checking: Checking, history: History) {
    const draw = () => {
      const report = checking.last?.report
      this.set('checked', report !== undefined)
      this.set('failed', checking.state.kind === 'failed')
      this.set('datasets', report?.datasets.length ?? 0)
      this.set('findings', report?.findings.length ?? 0)
      this.set('canTune', report?.datasets.some(isTunable) ?? false)
      this.set('whole', report?.datasets.filter(dataset => wholeFile(dataset) !== undefined).length ?? 0)
      this.set('runs', history.runs.length)
      this.set('running', history.running().length)
    }
    this.store.add(checking.onReport(draw))
    this.store.add(checking.onState(draw))
    this.store.add(history.onChange(draw))
    draw()
  }

  dispose(): void {
    this.store.dispose()
  }

  private set(name: string, value: unknown): void {
    if (this.values.get(name) === value) return
    this.values.set(name, value)
    void vscode.commands.executeCommand('setContext', `winnow.${name}`, value)
  }
}
