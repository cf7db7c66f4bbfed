import { randomBytes } from 'node:crypto'
import * as vscode from 'vscode'

export type PanelName = 'run' | 'compare' | 'rows' | 'preflight'

/** The type a panel is known by across reloads. */
export const viewType = (name: PanelName) => `winnow.${name}`

/** The hash of the empty text: the toolkit sets an empty inline style and nothing else. */
const emptyStyle = "'unsafe-hashes' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"

export function makePanel(extension: vscode.Uri, name: PanelName, title: string): vscode.WebviewPanel {
  const panel = vscode.window.createWebviewPanel(viewType(name), title, vscode.ViewColumn.Active)
  dressPanel(panel, extension, name)
  return panel
}

/**
 * Gives a panel, new or restored, its page. It may load what lies in the extension's own webview folder, runs no
 * script but ours, and reaches nothing outside.
 */
export function dressPanel(panel: vscode.WebviewPanel, extension: vscode.Uri, name: PanelName): void {
  const folder = vscode.Uri.joinPath(extension, 'dist', 'webview')
  const { webview } = panel
  webview.options = { enableScripts: true, localResourceRoots: [folder], enableForms: false }
  const icon = { run: 'graph-line', compare: 'git-compare', rows: 'table', preflight: 'graph-line' }[name]
  panel.iconPath = {
    light: vscode.Uri.joinPath(extension, 'media', 'icons', `${icon}-light.svg`),
    dark: vscode.Uri.joinPath(extension, 'media', 'icons', `${icon}-dark.svg`),
  }
  const address = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(folder, file)).toString()
  const nonce = randomBytes(16).toString('base64')
  const policy = [
    `default-src 'none'`,
    `style-src ${webview.cspSource} ${emptyStyle}`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data:`,
    `script-src 'nonce-${nonce}'`,
  ].join('; ')
  webview.html = `<!doctype html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" id="vscode-codicon-stylesheet" href="${address('codicon.css')}">
<link rel="stylesheet" href="${address('style.css')}">
</head>
<body data-panel="${name}">
<script type="module" nonce="${nonce}" src="${address('main.js')}"></script>
</body>
</html>`
}
