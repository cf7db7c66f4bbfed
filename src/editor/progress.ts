import * as vscode from 'vscode'
import type { Disposable } from '../core/base/event.ts'
import { shortened } from './adapt.ts'
import type { Checked, Checking, CheckState } from './checking.ts'
import { checkingWords } from './status.ts'

/** Work that ends sooner than this needs no notification. */
const patience = 1500

/** Checks because a person asked: what takes long is told in a notification that can end it. */
export async function checkWithProgress(checking: Checking): Promise<Checked | undefined> {
  const done = checking.check()
  const quick = await Promise.race([
    done.then(() => true),
    new Promise<false>(resolve => setTimeout(resolve, patience, false)),
  ])
  if (!quick) {
    const options = { location: vscode.ProgressLocation.Notification, title: 'Winnow', cancellable: true }
    await vscode.window.withProgress(options, async (progress, token) => {
      const listening = checking.onState(state => {
        if (state.kind === 'checking') progress.report({ message: checkingWords(state) })
      })
      token.onCancellationRequested(() => checking.cancel())
      await done
      listening.dispose()
    })
  }
  const { state } = checking
  if (state.kind === 'failed') {
    const log = vscode.l10n.t('Show Log')
    const words = shortened(state.hint ? `${state.message}. ${state.hint}` : state.message)
    void vscode.window.showErrorMessage(words, log).then(chosen => {
      if (chosen) void vscode.commands.executeCommand('winnow.showLog')
    })
  }
  return done
}

/** The bar at the top of a view while a check goes on; a check that answers at once shows none. */
export function showInView(checking: Checking, view: string): Disposable {
  let ending: (() => void) | undefined
  let waiting: NodeJS.Timeout | undefined
  const begin = () => {
    void vscode.window.withProgress(
      { location: { viewId: view } },
      () => new Promise<void>(resolve => (ending = resolve)),
    )
  }
  const end = () => {
    clearTimeout(waiting)
    waiting = undefined
    ending?.()
    ending = undefined
  }
  const listening = checking.onState((state: CheckState) => {
    if (state.kind === 'checking') waiting ??= setTimeout(begin, 300)
    else end()
  })
  return {
    dispose: () => {
      listening.dispose()
      end()
    },
  }
}
