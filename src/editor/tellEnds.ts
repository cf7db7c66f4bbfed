import * as vscode from 'vscode'
import type { Disposable } from '../core/base/event.ts'
import type { History } from './history.ts'
import { isScored } from './runTree.ts'
import { score } from './words.ts'

/** One notification when a run ends, with the next thing to do. A run that a person has just stopped needs none. */
export function tellEnds(history: History): Disposable {
  return history.onEnd(({ id }) => void tell(id))

  async function tell(id: string): Promise<void> {
    const run = history.find(id)?.run
    if (!run || run.phase === 'stopped') return
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
    const actions = isScored(run) ? [compare, open] : [open]
    const chosen = await vscode.window.showInformationMessage(words, ...actions)
    if (chosen) await vscode.commands.executeCommand(chosen === open ? 'winnow.openRun' : 'winnow.compareWithBase', id)
  }
}

/** A number alone is an accuracy; other scores bring their name. */
function named(reached: string): string {
  return /^\d/.test(reached) ? vscode.l10n.t('accuracy {0}', reached) : reached
}
