import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folders of models known by name: those that come with Winnow, and those of the workspace (`.winnow/models`). */
export function modelFolders(root: string): string[] {
  return [embeddedModels(), join(root, '.winnow', 'models')].filter(folder => existsSync(folder))
}

/** `media/models` of this installation: one up from the bundle, or two from the sources. */
export function embeddedModels(): string {
  const places = ['../media/models', '../../media/models'].map(p => fileURLToPath(new URL(p, import.meta.url)))
  return places.find(existsSync) ?? (places[0] as string)
}

/**
 * Every model folder known here, with the name that a recipe says and where it comes from; downloaded ones lie under the name
 * of their organisation.
 */
export function knownModels(
  root: string,
): { readonly folder: string; readonly name: string; readonly embedded: boolean }[] {
  const foldersIn = (parent: string) =>
    readdirSync(parent, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(entry => join(parent, entry.name))
  const isModel = (folder: string) => existsSync(join(folder, 'config.json'))
  return modelFolders(root).flatMap(parent =>
    foldersIn(parent)
      .flatMap(folder => (isModel(folder) ? [folder] : foldersIn(folder).filter(isModel)))
      .map(folder => ({
        folder,
        name: relative(parent, folder).replaceAll('\\', '/'),
        embedded: parent === embeddedModels(),
      })),
  )
}
