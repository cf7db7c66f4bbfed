import { relative } from 'node:path'
import * as vscode from 'vscode'
import type { Disposable } from '../core/base/event.ts'
import { rules } from '../core/check/rules.ts'
import { inspectModel } from '../node/inspectModel.ts'
import { knownModels } from '../node/models.ts'
import { recipePlace } from '../node/recipePlace.ts'
import { folderOf, pathOf } from './adapt.ts'
import type { Checking } from './checking.ts'

interface Word {
  readonly text: string
  readonly detail: string
}

/**
 * Completes what a recipe's schema cannot know: the models at hand, the datasets of the workspace, the files of a split, the
 * rules to drop. Keys, tasks and methods come from the schema.
 */
export class RecipeWords implements vscode.CompletionItemProvider, Disposable {
  private readonly checking: Checking
  private readonly registered: vscode.Disposable

  constructor(checking: Checking) {
    this.checking = checking
    const pattern = '**/{recipe,*.recipe}.json'
    const files = ['json', 'jsonc'].map(language => ({ language, scheme: 'file', pattern }))
    this.registered = vscode.languages.registerCompletionItemProvider(files, this, '"')
  }

  dispose(): void {
    this.registered.dispose()
  }

  provideCompletionItems(document: vscode.TextDocument, position: vscode.Position): vscode.CompletionItem[] {
    const place = recipePlace(document.getText(), document.offsetAt(position))
    if (!place) return []
    const { literal } = place
    const range = literal && new vscode.Range(document.positionAt(literal.start), document.positionAt(literal.end))
    return this.words(place.path, document).map(({ text, detail }) => {
      const item = new vscode.CompletionItem(JSON.stringify(text), vscode.CompletionItemKind.Value)
      item.detail = detail
      item.filterText = JSON.stringify(text)
      if (range) item.range = range
      return item
    })
  }

  private words(path: readonly (string | number)[], document: vscode.TextDocument): readonly Word[] {
    const own = pathOf(document.uri)
    const folder = own.slice(0, own.lastIndexOf('/'))
    const root = folderOf(own) ?? folder
    const datasets = this.checking.last?.report.datasets ?? []
    const [first, second] = path
    if (first === 'model') return modelWords(root)
    if (first !== 'data') return []
    if (second === 'dataset')
      return datasets.map(({ name, splits }) => ({ text: name, detail: splits.map(split => split.name).join(', ') }))
    if (second === 'drop') return rules.map(({ meta }) => ({ text: meta.id, detail: meta.title }))
    if (second === 'train' || second === 'validation' || second === 'test')
      return datasets.flatMap(({ name, splits }) =>
        splits
          .filter(split => split.name === second)
          .flatMap(split => split.files)
          .map(file => ({ text: relative(folder, file.uri).replaceAll('\\', '/'), detail: name })),
      )
    // A role is a column that was recognised under that name.
    return datasets.flatMap(({ name, roles }) => {
      const column = roles[second as keyof typeof roles]
      return column === undefined ? [] : [{ text: column, detail: name }]
    })
  }
}

function modelWords(root: string): readonly Word[] {
  return knownModels(root).flatMap(({ folder, name }) => {
    const summary = inspectModel(folder, 'listed')
    return summary.trains ? [{ text: name, detail: summary.what }] : []
  })
}
