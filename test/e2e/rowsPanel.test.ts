/* The rows panel in a real VS Code: opened from the Datasets view and by command, ten rows labelled by keyboard and taken back,
   a filtered set fixed after a preview, from a row to its line and back, and Parquet in an editor of its own. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packed, startWorkbench, until, type Workbench } from './workbench.ts'

const sample = new URL('../../media/sample', import.meta.url).pathname
let w: Workbench

const textOf = (file: string) =>
  w.inHostWith({ path: join(w.folder, file) }, async (vscode, _, { path }) =>
    (await vscode.workspace.openTextDocument(path)).getText(),
  )
/** Rows of a file of lines; one that is broken is its own text. */
const rowsOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map(line => {
      try {
        return JSON.parse(line) as { text: string; label: string }
      } catch {
        return { text: line, label: '' }
      }
    })
const inPanel = (selector: string) => w.webview().locator(selector)
const countOf = async () => Number(await inPanel('#rows').getAttribute('aria-rowcount')) - 1
const findings = () =>
  w.inHost(
    vscode =>
      vscode.languages
        .getDiagnostics()
        .flatMap(([, list]) => list)
        .filter(d => d.source === 'Winnow').length,
  )

beforeAll(async () => {
  w = await startWorkbench({ name: 'rows', vsix: packed(), from: sample })
}, 300_000)
afterAll(async () => {
  await w?.stop()
})

test('the Datasets view and a command open the rows', async () => {
  await until('the check', findings, n => n > 10)
  await w.page.locator('.activitybar [aria-label*="Winnow"]').first().click()
  const dataset = w.page
    .locator('.pane', { has: w.page.locator('.pane-header', { hasText: /datasets/i }) })
    .locator('.monaco-list-row')
    .first()
  await dataset.hover()
  await dataset.getByRole('button', { name: 'Open Rows' }).click()
  const lines = ['train.jsonl', 'validation.jsonl'].map(file => rowsOf(readFileSync(join(sample, file), 'utf8')).length)
  const atLeast = (lines[0] ?? 0) + (lines[1] ?? 0)
  await until('the rows', countOf, n => n > atLeast)
  await inPanel('.rows-row').first().waitFor()
  await w.shot('rows-dark')
  await w.inHost(vscode => vscode.commands.executeCommand('workbench.action.closeAllEditors'))
  await w.command('Winnow: Open Rows')
  await until('the rows again', countOf, n => n > atLeast)
})

test('ten rows are labelled by keyboard, each in the file, and taken back', async () => {
  const before = await textOf('train.jsonl')
  await inPanel('.rows-row').first().click()
  await w.page.keyboard.press('l')
  const labels = await inPanel('.label-key span.cut').allTextContents()
  const keys = ['1', '2', '3', '1', '2', '3', '1', '2', '3', '1']
  for (const key of keys) await w.page.keyboard.press(key)
  const expected = keys.map(key => labels[Number(key) - 1])
  await until(
    'ten labels',
    async () => rowsOf(await textOf('train.jsonl')).slice(0, 10),
    rows => rows.every(({ label }, i) => label === expected[i]),
    30,
  )
  await until(
    'the count',
    async () => (await inPanel('.label-done').textContent()) ?? '',
    text => text.startsWith('10 of'),
    20,
  )
  await w.shot('rows-label-dark')
  expect(rowsOf(await textOf('train.jsonl')).map(({ text }) => text)).toEqual(rowsOf(before).map(({ text }) => text))
  for (const _ of keys) await w.page.keyboard.press('u')
  await until(
    'the text as it was',
    () => textOf('train.jsonl'),
    text => text === before,
    30,
  )
  await w.page.keyboard.press('Escape')
})

test('a filtered set is fixed after a preview', async () => {
  const before = await textOf('train.jsonl')
  // The report of the texts as they are: what was checked before would not be offered.
  await w.inHost(async vscode => {
    const own = vscode.extensions.getExtension('winnow.winnow')?.exports as { api: { check(): Promise<boolean> } }
    await own.api.check()
  })
  await inPanel('.chips .field').filter({ hasText: /^rule/ }).click()
  await inPanel('.checks label')
    .filter({ hasText: /^duplicate/ })
    .click()
  await w.page.keyboard.press('Escape')
  const total = Number((await inPanel('#rows').getAttribute('aria-rowcount')) ?? 0)
  const shown = await until('the filter', countOf, n => n > 0 && n < 40)
  expect(shown).toBeLessThanOrEqual(total)
  await inPanel('vscode-button')
    .filter({ hasText: /Fix \d+ findings? with preview/ })
    .click()
  const preview = w.page.locator('.refactor-preview-panel, [id="refactorPreview"]').first()
  await preview.waitFor({ timeout: 20_000 })
  await w.shot('rows-preview-dark')
  expect(await textOf('train.jsonl')).toBe(before)
  const apply = w.page.getByRole('button', { name: 'Apply', exact: true }).first()
  const after = await until(
    'rows to go',
    async () => {
      // A press before the preview is ready is not heard.
      await apply.click({ timeout: 1000 }).catch(() => {})
      return textOf('train.jsonl')
    },
    text => text.length < before.length,
    30,
  )
  const left = rowsOf(after).map(row => row.text)
  expect(rowsOf(before).length - left.length).toBeGreaterThan(0)
  // What is left stands in the order it had.
  const texts = rowsOf(before).map(row => row.text)
  let at = -1
  for (const text of left) {
    at = texts.indexOf(text, at + 1)
    expect(at).toBeGreaterThanOrEqual(0)
  }
})

test('from a row to its line, and from a line to its row', async () => {
  await w.command('Winnow: Open Rows')
  const clear = inPanel('vscode-button').filter({ hasText: 'Clear' })
  await clear.first().click()
  await until('all rows', countOf, n => n > 100)
  await inPanel('.rows-row').first().click()
  await w.page.keyboard.press('Home')
  for (let i = 0; i < 3; i++) await w.page.keyboard.press('ArrowDown')
  await w.page.keyboard.press('Enter')
  const at = await until(
    'the line',
    () =>
      w.inHost(vscode => {
        const editor = vscode.window.activeTextEditor
        return editor
          ? { file: vscode.workspace.asRelativePath(editor.document.uri), line: editor.selection.start.line }
          : null
      }),
    value => value?.file === 'train.jsonl',
    20,
  )
  expect(at?.line).toBe(3)
  await w.inHost(vscode => {
    const editor = vscode.window.activeTextEditor as import('vscode').TextEditor
    const to = new vscode.Position(7, 0)
    editor.selection = new vscode.Selection(to, to)
  })
  await w.command('Winnow: Show This Row in the Rows Panel')
  await until(
    'row 7',
    async () => (await inPanel('.rows-row.sel').first().textContent()) ?? '',
    text => text.startsWith('7'),
    20,
  )
})

test('Parquet opens in an editor of its own, to be read', async () => {
  const texts = Array.from({ length: 300 }, (_, i) => `A row of columns, number ${i}`)
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: 'text', data: texts, type: 'STRING' },
      { name: 'score', data: texts.map((_, i) => i / 4), type: 'DOUBLE' },
    ],
  })
  const path = join(w.folder, 'columns.parquet')
  writeFileSync(path, new Uint8Array(buffer))
  await w.inHost(vscode => vscode.commands.executeCommand('workbench.action.closeAllEditors'))
  await w.inHostWith({ path }, (vscode, _, { path }) =>
    vscode.commands.executeCommand('vscode.open', vscode.Uri.file(path)),
  )
  await until('its rows', countOf, n => n === 300, 30)
  await until(
    'its first row',
    async () => (await inPanel('.rows-row').first().textContent()) ?? '',
    text => text.includes('A row of columns, number 0'),
    20,
  )
  expect(await inPanel('.rows-header').textContent()).toContain('Parquet files are shown, not changed')
  await w.shot('rows-parquet-dark')
  expect(w.violations).toEqual([])
})
