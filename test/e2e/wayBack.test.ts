/* The way back to the rows in a real VS Code: from the ledger to a row that the model has wrong, from there to the training rows that
   are like it, to the label among them that is wrong and its quick fix; the other suggestions accepted with a preview; tuned again from
   the ledger; and the next ledger names the rows that were changed. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { random } from '../../src/core/base/random.ts'
import { note, packed, quickFixes, startWorkbench, until, type Workbench } from './workbench.ts'

const root = new URL('../..', import.meta.url).pathname
const from = join(root, 'out/e2e/way-back-data')
let w: Workbench
/** The rows of train.jsonl whose label is wrong, with the one that is right. */
const wrong = new Map<number, string>()

interface Row {
  readonly text: string
  readonly label: string
}

/** Support tickets of the sample that are whole, one in twelve of the training rows with the label of another. */
function writeData(): void {
  const lines = readFileSync(join(root, 'media/sample/train.jsonl'), 'utf8').split('\n')
  const rows = lines.flatMap(line => {
    try {
      const row = JSON.parse(line) as Row
      return row.text && /^[a-z_]+$/.test(row.label) && row.label !== 'biling' ? [row] : []
    } catch {
      return []
    }
  })
  const own = [...new Map(rows.map(row => [row.text.toLowerCase(), row])).values()]
  const labels = [...new Set(own.map(row => row.label))].sort()
  const draw = random('way back')
  const train = own.slice(0, 640)
  for (const at of draw.shuffle([...train.keys()]).slice(0, 50)) {
    const { text, label } = train[at] as Row
    wrong.set(at, label)
    const others = labels.filter(other => other !== label)
    train[at] = { text, label: others[draw.int(others.length)] as string }
  }
  rmSync(from, { recursive: true, force: true })
  mkdirSync(from, { recursive: true })
  const write = (file: string, list: readonly Row[]) =>
    writeFileSync(join(from, file), list.map(row => `${JSON.stringify(row)}\n`).join(''))
  write('train.jsonl', train)
  write('test.jsonl', own.slice(640, 840))
  const recipe = {
    name: 'tickets',
    model: 'tiny-encoder',
    data: { train: 'train.jsonl', test: 'test.jsonl', holdOut: 0 },
    method: { kind: 'full' },
    schedule: { kind: 'linear', rate: 0.001, epochs: 3 },
  }
  writeFileSync(join(from, 'recipe.json'), JSON.stringify(recipe, null, 2))
}

beforeAll(async () => {
  writeData()
  w = await startWorkbench({ name: 'way-back', vsix: packed(), from })
}, 300_000)
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await w.shot('failed-way-back')
})
afterAll(async () => {
  await w?.stop()
})

const trainRows = () =>
  w.inHostWith({ path: join(w.folder, 'train.jsonl') }, async (vscode, _, { path }) =>
    (await vscode.workspace.openTextDocument(path)).getText(),
  )
const labelsIn = (text: string) =>
  text
    .trim()
    .split('\n')
    .map(line => (JSON.parse(line) as Row).label)
const runs = () =>
  readdirSync(join(w.folder, '.winnow/runs'))
    .filter(name => /^\d{8}-/.test(name))
    .sort()
const ended = (run: string) =>
  until(
    `the end of ${run}`,
    async () =>
      readFileSync(join(w.folder, '.winnow/runs', run, 'events.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as { kind: string; outcome?: string })
        .findLast(event => event.kind === 'ended')?.outcome,
    outcome => outcome === 'finished',
    240,
  )
const button = (name: string) => w.page.locator('.notification-toast .monaco-button', { hasText: name }).first()
const inLedger = () => w.webview()
/** Lines of train.jsonl with a suggested label, by the label that is suggested. */
const suggested = () =>
  w.inHost(vscode =>
    vscode.languages.getDiagnostics().flatMap(([uri, list]) =>
      uri.path.endsWith('train.jsonl')
        ? list
            .filter(d => (typeof d.code === 'object' ? d.code.value : d.code) === 'label-error')
            .map(d => ({
              line: d.range.start.line,
              label: /^The text fits "(.+?)"/.exec(d.message)?.[1] ?? '',
              heard: d.message.includes('In training (tickets'),
            }))
        : [],
    ),
  )

test('from the ledger to a wrong label, its fix, and a ledger that names what was changed', async () => {
  const began = Date.now()
  const times: Record<string, number> = {}
  const reached = (what: string) => {
    times[what] = Math.round((Date.now() - began) / 100) / 10
  }
  await w.open('recipe.json')
  await w.command('Winnow: Tune a Model')
  await until(
    'a run',
    async () => runs().length,
    n => n === 1,
    60,
  )
  const [first] = runs() as [string]
  await ended(first)
  reached('tuned')
  await button('Compare with Base').click({ timeout: 60_000 })
  // What training saw makes the suggestions surer: those of the check that follows a run say so.
  const told = await until(
    'suggestions that training had a part in',
    suggested,
    list => list.some(one => one.heard),
    60,
  )
  const right = new Map(
    told.filter(one => wrong.get(one.line) === one.label).map(one => [one.line, one.label] as const),
  )
  expect(right.size).toBeGreaterThan(wrong.size / 2)
  reached('suggestions')

  // From a row that the model has wrong to a training row like it whose label is wrong.
  await inLedger()
    .getByRole('tab', { name: /broken/ })
    .waitFor({ timeout: 30_000 })
  let line: number | undefined
  for (const tab of [/still wrong/, /broken/]) {
    await inLedger().getByRole('tab', { name: tab }).click()
    const rows = inLedger().locator('.list .grid-row:not(.head)')
    for (let i = 0; i < Math.min(25, await rows.count()) && line === undefined; i++) {
      await rows.nth(i).click()
      const links = inLedger().getByRole('region', { name: 'Nearest training rows' }).getByRole('button')
      const names = await until(
        'the nearest training rows',
        () => links.allTextContents(),
        list => list.length > 0,
        20,
      )
      const at = names.findIndex(name => right.has(Number(/row (\d+)$/.exec(name)?.[1])))
      if (at < 0) continue
      line = Number(/row (\d+)$/.exec(names[at] as string)?.[1])
      await w.shot('way-back-1-nearest')
      await links.nth(at).click()
    }
    if (line !== undefined) break
  }
  expect(line, 'a row that the model has wrong is like a training row with a wrong label').toBeDefined()
  const row = line as number
  await until(
    'the training row in the editor',
    () => w.inHost(vscode => vscode.window.activeTextEditor?.selection.start.line ?? -1),
    at => at === row,
    20,
  )
  reached('training row')

  // Its quick fix.
  const column = labelsIn(await trainRows())[row] as string
  await w.inHostWith({ row, label: column }, (vscode, _, { row: at, label }) => {
    const editor = vscode.window.activeTextEditor as import('vscode').TextEditor
    const start = editor.document.lineAt(at).text.lastIndexOf(label) + 1
    editor.selection = new vscode.Selection(at, start, at, start)
  })
  const menu = await quickFixes(w)
  await w.shot('way-back-2-fix')
  await menu
    .locator('.monaco-list-row')
    .filter({ hasText: `Relabel as "${right.get(row)}"` })
    .first()
    .click()
  await until('the label', trainRows, text => labelsIn(text)[row] === wrong.get(row), 20)
  reached('fixed')

  // The other suggestions, from the usual bound on, after a preview.
  await w.inHost(async vscode => {
    await vscode.workspace.saveAll()
    const own = vscode.extensions.getExtension('winnow.winnow')?.exports as { api: { check(): Promise<boolean> } }
    await own.api.check()
  })
  await w.command('Winnow: Accept Label Suggestions')
  await w.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'the usual bound' }).first().click()
  const preview = w.page.locator('.refactor-preview-panel, [id="refactorPreview"]').first()
  await preview.waitFor({ timeout: 20_000 })
  await w.shot('way-back-3-preview')
  const apply = w.page.getByRole('button', { name: 'Apply', exact: true }).first()
  const given = labelsIn(readFileSync(join(from, 'train.jsonl'), 'utf8'))
  const changed = (text: string) => [...labelsIn(text).entries()].flatMap(([i, l]) => (l === given[i] ? [] : [i]))
  const after = await until(
    'the labels',
    async () => {
      // A press before the preview is ready is not heard.
      await apply.click({ timeout: 1000 }).catch(() => {})
      return trainRows()
    },
    text => changed(text).length > 1,
    30,
  )
  const edited = changed(after)
  // Most of what was accepted is a label that had been changed, given back.
  const restored = edited.filter(at => labelsIn(after)[at] === wrong.get(at))
  expect(restored.length * 2).toBeGreaterThan(edited.length)
  reached('accepted')

  // Tuned again, from the ledger; the next one names what was changed.
  await w.inHost(vscode => vscode.commands.executeCommand('notifications.clearAll'))
  await w.page.locator('.tab', { hasText: '→' }).first().click()
  await inLedger().getByRole('button', { name: 'Tune again' }).click()
  await until(
    'a second run',
    async () => runs().length,
    n => n === 2,
    60,
  )
  await ended(runs()[1] as string)
  reached('tuned again')
  await button('Compare with the Run Before').click({ timeout: 60_000 })
  const section = inLedger().getByRole('region', { name: 'Training rows changed' })
  await section.waitFor({ timeout: 60_000 })
  await w.shot('way-back-4-changes')
  expect(await section.textContent()).toContain(`${edited.length} relabelled`)
  const named = (await section.getByRole('button').allTextContents()).map(text => Number(/row (\d+)$/.exec(text)?.[1]))
  expect(named).toEqual(edited)
  expect(named).toContain(row)
  // And from there back to the row.
  await section.getByRole('button', { name: `train.jsonl row ${row}`, exact: true }).click()
  await until(
    'the changed row in the editor',
    () =>
      w.inHost(
        vscode =>
          vscode.window.visibleTextEditors.find(e => e.document.uri.path.endsWith('train.jsonl'))?.selection.start.line,
      ),
    at => at === row,
    20,
  )
  reached('back at the row')
  note('way-back', { ...times, accepted: edited.length, restored: restored.length })
  expect(w.violations).toEqual([])
})
