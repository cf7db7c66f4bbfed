import * as vscode from 'vscode'
import { Failure } from '../core/base/failure.ts'
import { runWorker } from '../node/program.ts'
import { signalOf } from './adapt.ts'

/** The command line beside the bundle, and where what it says is kept. */
export interface Cli {
  readonly path: string
  readonly log: vscode.LogOutputChannel
}

/**
 * Runs a command of the command line behind a notification that shows its last line and can end it. Gives what it printed;
 * undefined where the person ended it, or where it failed: that has been said, and is in the log.
 */
export async function runCli(
  { path, log }: Cli,
  args: readonly string[],
  { cwd, title }: { readonly cwd: string; readonly title: string },
): Promise<string | undefined> {
  const options = { location: vscode.ProgressLocation.Notification, title: `Winnow: ${title}`, cancellable: true }
  const said: string[] = []
  try {
    const { code, out } = await vscode.window.withProgress(options, (progress, token) => {
      const err = (text: string) => {
        said.push(text)
        const line = lastLine(text)
        if (line) progress.report({ message: line.slice(0, 100) })
      }
      return runWorker(args, { cwd, err, cancel: signalOf(token), worker: path })
    })
    if (code === 130) return undefined
    if (code !== 0) throw new Failure(args[0] ?? '', lastLine(said.join('')) || vscode.l10n.t('It failed silently'))
    return out
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    log.error(words, said.join(''))
    const show = vscode.l10n.t('Show Log')
    void vscode.window.showErrorMessage(words, show).then(chosen => {
      if (chosen === show) log.show()
    })
    return undefined
  }
}

function lastLine(text: string): string {
  const lines = text.split(/[\r\n]+/).filter(line => line.trim() !== '')
  return (lines.at(-1) ?? '').trim().replace(/^winnow: /, '')
}
