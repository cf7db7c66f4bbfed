import * as vscode from 'vscode'
import { type Disposable, Store } from '../core/base/event.ts'
import { runWorker } from '../node/program.ts'
import { diskFolders, signalOf } from './adapt.ts'

/**
 * Gives the reading tools of the manifest to language models. Each question is answered by the command line in a process of its
 * own, as over MCP; of several folders, by the first that has an answer. An editor without the interface has no tools.
 */
export function registerTools(
  cli: string,
  tools: readonly { readonly name: string; readonly displayName: string }[],
): Disposable {
  const store = new Store()
  if (typeof vscode.lm?.registerTool !== 'function') return store
  for (const { name, displayName } of tools)
    store.add(
      vscode.lm.registerTool(name, {
        prepareInvocation: () => ({ invocationMessage: vscode.l10n.t('Winnow: {0}', displayName) }),
        invoke: async ({ input }, token) => {
          const text = await answer(cli, name, input, token)
          return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)])
        },
      }),
    )
  return store
}

async function answer(cli: string, name: string, input: unknown, token: vscode.CancellationToken): Promise<string> {
  const folders = diskFolders()
  let why = vscode.l10n.t('No folder is open.')
  for (const { path: cwd } of folders) {
    const said: string[] = []
    const args = ['mcp', '--call', name, '--input', JSON.stringify(input ?? {})]
    const worker = { cwd, worker: cli, cancel: signalOf(token), err: (text: string) => void said.push(text) }
    const { code, out } = await runWorker(args, worker)
    if (code === 0) return out
    if (code === 130) throw new vscode.CancellationError()
    why = said.join('').trim()
  }
  // A model reads the reason and can ask better; an exception would only end its turn.
  return why
}
