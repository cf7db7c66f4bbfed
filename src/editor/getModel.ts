import * as vscode from 'vscode'
import { diskFolders } from './adapt.ts'
import { type Cli, runCli } from './cliTask.ts'
import { refuseUntrusted } from './trust.ts'

/** What the hub calls a model, with or without an organisation. */
const named = /^\w[\w.-]*(\/\w[\w.-]*)?$/

/**
 * Downloads a model that the person names into the workspace, where every recipe finds it. Nothing is looked up before they
 * say so. Gives the name for a recipe; undefined where nothing came of it.
 */
export async function getModel(cli: Cli, root = diskFolders()[0]?.path): Promise<string | undefined> {
  if (await refuseUntrusted(vscode.l10n.t('Winnow does not download models'))) return undefined
  if (root === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Open a folder first: models are kept in it.'))
    return undefined
  }
  const given = await vscode.window.showInputBox({
    title: vscode.l10n.t('Get a model'),
    prompt: vscode.l10n.t('Its name on Hugging Face. It is downloaded into .winnow/models and checked by its hash.'),
    placeHolder: 'sentence-transformers/all-MiniLM-L6-v2',
    ignoreFocusOut: true,
    validateInput: value =>
      value === '' || named.test(value.trim()) ? undefined : vscode.l10n.t('Write organisation/name'),
  })
  const name = given?.trim()
  if (!name) return undefined
  const out = await runCli(cli, ['models', 'get', name], { cwd: root, title: vscode.l10n.t('Getting {0}', name) })
  if (out === undefined) return undefined
  const trains = !/^trains here\s+no/m.test(out)
  const tune = vscode.l10n.t('Tune It')
  const words = trains
    ? vscode.l10n.t('{0} is here and can be tuned.', name)
    : vscode.l10n.t('{0} is here, but cannot be tuned: winnow models inspect {0} says why.', name)
  void vscode.window.showInformationMessage(words, ...(trains ? [tune] : [])).then(chosen => {
    if (chosen === tune) void vscode.commands.executeCommand('winnow.tune')
  })
  return trains ? name : undefined
}
