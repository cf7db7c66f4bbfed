/* What the extension does in a folder that nobody has trusted yet: checking, test items and questions of language models work;
   tuning, estimates and downloads do not. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { packed, startWorkbench, until, type Workbench } from './workbench.ts'

const sample = new URL('../../media/sample', import.meta.url).pathname
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  contributes: { commands: { command: string }[]; languageModelTools: { name: string }[] }
}
let w: Workbench

beforeAll(async () => {
  w = await startWorkbench({ name: 'manners', vsix: packed(), from: sample, restricted: true })
}, 300_000)
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await w.shot('failed-manners')
})
afterAll(async () => {
  await w?.stop()
})

test('in Restricted Mode the data is checked, and the Runs view says why nothing is tuned', async () => {
  expect(await w.inHost(vscode => vscode.workspace.isTrusted)).toBe(false)
  await until(
    'findings',
    () => w.inHost(vscode => vscode.languages.getDiagnostics().flatMap(([, list]) => list).length),
    found => found > 20,
    60,
  )
  await w.page.locator('.activitybar [aria-label*="Winnow"]').first().click()
  const runs = w.page.locator('.pane', { has: w.page.locator('.pane-header', { hasText: /^\s*runs/i }) })
  await runs
    .getByText(/Restricted Mode/)
    .first()
    .waitFor()
  await w.shot('restricted-dark')
})

test('every command of the manifest is registered', async () => {
  const registered = await w.inHost(async vscode => [...(await vscode.commands.getCommands(true))])
  for (const { command } of manifest.contributes.commands) expect(registered).toContain(command)
})

test('tuning and downloading are refused with a way to trust the folder', async () => {
  for (const command of ['winnow.tune', 'winnow.getModel']) {
    await w.inHostWith({ command }, (vscode, _, { command }) => void vscode.commands.executeCommand(command))
    const told = w.page.locator('.notification-toast', { hasText: 'Restricted Mode' }).first()
    await told.locator('.monaco-button', { hasText: 'Manage Trust' }).waitFor({ timeout: 20_000 })
    await w.inHost(vscode => vscode.commands.executeCommand('notifications.clearAll'))
    await told.waitFor({ state: 'detached' })
  }
})

test('a recipe completes models, datasets and tasks, and explains its keys', async () => {
  const text = '{ "model": "", "task": "", "data": { "dataset": "" }, "method": { "kind": "" } }'
  const labels = (after: string) =>
    w.inHostWith({ text, after }, async (vscode, _, { text, after }) => {
      const [folder] = vscode.workspace.workspaceFolders as readonly import('vscode').WorkspaceFolder[]
      const uri = vscode.Uri.joinPath((folder as import('vscode').WorkspaceFolder).uri, 'new.recipe.json')
      await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text))
      await vscode.window.showTextDocument(uri)
      const at = new vscode.Position(0, text.indexOf(after) + after.length)
      const list = await vscode.commands.executeCommand<import('vscode').CompletionList>(
        'vscode.executeCompletionItemProvider',
        uri,
        at,
      )
      return list.items.map(item => String(typeof item.label === 'string' ? item.label : item.label.label))
    })
  const has = (after: string, ...words: string[]) =>
    until(
      `completions after ${after}`,
      () => labels(after),
      found => words.every(word => found.includes(`"${word}"`)),
      30,
    )
  await has('"model": "', 'tiny-encoder', 'tiny-decoder')
  await has('"task": "', 'classification', 'token-classification', 'instruction', 'causal')
  await has('"kind": "', 'lora', 'qlora', 'bitfit')
  await has('"dataset": "', 'workspace')
})

test('a language model may ask, and reads what the views show', async () => {
  const names = await w.inHost(vscode => vscode.lm.tools.map(tool => tool.name))
  for (const { name } of manifest.contributes.languageModelTools) expect(names).toContain(name)
  const text = await w.inHost(async vscode => {
    const options = { input: { rule: 'leak', limit: 2 }, toolInvocationToken: undefined }
    const result = await vscode.lm.invokeTool('winnow_findings', options)
    return result.content.map(part => (part as { value?: string }).value ?? '').join('')
  })
  expect(text).toMatch(/^\d+ findings: leak \d+\ntest\.csv row \d+ \(line \d+\) error leak: /)
  expect(w.violations).toEqual([])
  expect(readFileSync(join(w.folder, 'train.jsonl')).equals(readFileSync(join(sample, 'train.jsonl')))).toBe(true)
})

test('the editor asks for trust before tests run; then rules that find something fail at the rows', async () => {
  await w.inHost(vscode => vscode.commands.executeCommand('workbench.view.testing.focus'))
  const rows = w.page.locator('.test-explorer .monaco-list-row')
  await rows.first().waitFor({ timeout: 20_000 })
  await w.inHost(vscode => void vscode.commands.executeCommand('testing.runAll'))
  await w.page.locator('.monaco-dialog-box .monaco-button', { hasText: 'Trust Folder' }).click()
  const failed = await until(
    'failed tests',
    async () =>
      (await rows.filter({ has: w.page.locator('.codicon-testing-failed-icon') }).allTextContents()).join(' '),
    text => /leak|sample|workspace/.test(text),
    40,
  )
  expect(failed).not.toBe('')
  await rows.first().click()
  await w.page.keyboard.press('ArrowRight')
  await w.page.keyboard.press('ArrowRight')
  await rows.filter({ hasText: 'leak' }).first().waitFor()
  await w.shot('tests-dark')
  expect(await w.inHost(vscode => vscode.workspace.isTrusted)).toBe(true)
})
