import * as vscode from 'vscode'

export interface Choice<T> extends vscode.QuickPickItem {
  readonly value?: T
}

export interface Question<T> {
  readonly title: string
  readonly placeholder: string
  readonly step: number
  readonly steps: number
  readonly items: readonly Choice<T>[] | Promise<readonly Choice<T>[]>
}

/** An answer, the wish to go back a step, or undefined where the person left. */
export type Answer<T> = { readonly value: T } | 'back' | undefined

/** Asks one question of several, with a way back to the one before. */
export function ask<T>(question: Question<T>): Promise<Answer<T>> {
  const pick = vscode.window.createQuickPick<Choice<T>>()
  pick.title = question.title
  pick.placeholder = question.placeholder
  pick.step = question.step
  pick.totalSteps = question.steps
  pick.matchOnDescription = true
  pick.matchOnDetail = true
  pick.buttons = question.step > 1 ? [vscode.QuickInputButtons.Back] : []
  pick.busy = true
  void Promise.resolve(question.items).then(items => {
    pick.items = items
    pick.busy = false
  })
  return new Promise(resolve => {
    pick.onDidTriggerButton(() => {
      resolve('back')
      pick.hide()
    })
    pick.onDidAccept(() => {
      const [chosen] = pick.selectedItems
      if (!chosen || chosen.value === undefined) return
      resolve({ value: chosen.value })
      pick.hide()
    })
    pick.onDidHide(() => {
      resolve(undefined)
      pick.dispose()
    })
    pick.show()
  })
}
