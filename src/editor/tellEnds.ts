import * as vscode from 'vscode'
import type { Disposable } from '../core/base/event.ts'
import type { History, RunEntry } from './history.ts'
import { isScored } from './runTree.ts'
import { score } from './words.ts'

/** One notification when a run ends, with the next thing to do. A run that a person has just stopped needs none. */
export function tellEnds(history: History): Disposable {
  return history.onEnd(({ id }) => void tell(id))

  /** The newest earlier run of the same name in the same folder: most likely the one that somebody wants to be better than. */
  function runBefore({ id, root, run }: RunEntry): string | undefined {
    const alike = (one: RunEntry) => one.root === root && one.run.name === run.name && isScored(one.run)
    return history.runs.filter(one => one.id < id && alike(one)).sort((a, b) => (a.id < b.id ? 1 : -1))[0]?.id
  }

  async function tell(id: string): Promise<void> {
    const entry = history.find(id)
    const run = entry?.run
    if (!entry || !run || run.phase === 'stopped') return
    const open = vscode.l10n.t('Open Run')
    if (run.phase === 'failed') {
      const words = vscode.l10n.t('{0} failed: {1}', run.name, run.reason ?? vscode.l10n.t('no reason was given'))
      const errors = vscode.l10n.t('Show Error Output')
      const chosen = await vscode.window.showErrorMessage(words, open, errors)
      if (chosen) await vscode.commands.executeCommand(chosen === open ? 'winnow.openRun' : 'winnow.showRunLog', id)
      return
    }
    const reached = score(run)
    const words = reached
      ? vscode.l10n.t('{0} is done: {1}.', run.name, named(reached))
      : vscode.l10n.t('{0} is done.', run.name)
    const compare = vscode.l10n.t('Compare with Base')
    const before = vscode.l10n.t('Compare with the Run Before')
    const earlier = isScored(run) ? runBefore(entry) : undefined
    const actions = [...(earlier === undefined ? [] : [before]), ...(isScored(run) ? [compare] : []), open]
    const chosen = await vscode.window.showInformationMessage(words, ...actions)
    if (chosen === before) await vscode.commands.executeCommand('winnow.compareRuns', `${earlier}:best`, `${id}:best`)
    else if (chosen)
      await vscode.commands.executeCommand(chosen === open ? 'winnow.openRun' : 'winnow.compareWithBase', id)
  }
}

/** A number alone is an accuracy; other scores bring their name. */
function named(reached: string): string {
  return /^\d/.test(reached) ? vscode.l10n.t('accuracy {0}', reached) : reached
}
