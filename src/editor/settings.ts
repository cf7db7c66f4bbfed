import * as vscode from 'vscode'

/** Every setting of the extension, with the type the manifest gives it. A test holds this list to the manifest. */
export interface Settings {
  'check.automatic': boolean
  'check.onType': boolean
  'check.exclude': readonly string[]
  rules: { readonly [rule: string]: unknown }
  'models.paths': readonly string[]
  'train.device': 'auto' | 'cpu' | 'cuda' | 'webgpu' | 'dml' | 'coreml'
  'train.threads': number
}

export const defaults: Settings = {
  'check.automatic': true,
  'check.onType': true,
  'check.exclude': [],
  rules: {},
  'models.paths': [],
  'train.device': 'auto',
  'train.threads': 0,
}

/** The value that holds for a folder, or for the window. */
export function setting<K extends keyof Settings>(name: K, scope?: vscode.Uri): Settings[K] {
  return vscode.workspace.getConfiguration('winnow', scope ?? null).get<Settings[K]>(name) ?? defaults[name]
}

/** Does the change touch one of these settings? */
export function changed(event: vscode.ConfigurationChangeEvent, ...names: readonly (keyof Settings)[]): boolean {
  return names.some(name => event.affectsConfiguration(`winnow.${name}`))
}
