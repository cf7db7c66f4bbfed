/* Data files under a person's hands: fixed, renamed, moved, deleted, changed by other programs, and settings that come and go. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { packed, startWorkbench, until, type Workbench } from './workbench.ts'

let w: Workbench
const row = (text: string, label: string) => `${JSON.stringify({ text, label })}\n`
const train = [
  row('where is my parcel it should be here by now', 'delivery'),
  row('i want my money back for the broken lamp', 'refund'),
  row('where is my parcel it should be here by now', 'delivery'),
  row('the app does not let me log in since monday', 'login'),
  row('the app does not let me log in since monday', 'bug'),
  row('the app  shows two blanks', 'bug'),
].join('')
const test_ =
  'text,label\r\n"i want my money back for the broken lamp",refund\r\n"something that is new, really",bug\r\n'

beforeAll(async () => {
  w = await startWorkbench({ name: 'files', vsix: packed() })
  writeFileSync(join(w.folder, 'train.jsonl'), train)
  writeFileSync(join(w.folder, 'test.csv'), test_)
}, 300_000)
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await w.shot('failed-files')
})
afterAll(async () => {
  await w?.stop()
})

/** `file:line rule`, of every diagnostic of ours. */
const shown = () =>
  w.inHost<string[]>(vscode =>
    vscode.languages
      .getDiagnostics()
      .flatMap(([uri, list]) =>
        list
          .filter(d => d.source === 'Winnow')
          .map(
            d =>
              `${vscode.workspace.asRelativePath(uri)}:${d.range.start.line} ${typeof d.code === 'object' ? d.code.value : d.code}`,
          ),
      )
      .sort(),
  )
const all = [
  'test.csv:1 leak',
  'train.jsonl:2 duplicate',
  'train.jsonl:3 label-conflict',
  'train.jsonl:4 label-conflict',
  'train.jsonl:5 stray-whitespace',
]
const settles = (what: string, want: readonly string[], seconds = 15) =>
  until(what, shown, found => JSON.stringify(found) === JSON.stringify(want), seconds)

test('what other programs write is checked, and settings hold as soon as they are saved', async () => {
  await settles('findings', all, 60)
  await w.open('train.jsonl')
  const put = (name: string, text: string) => writeFileSync(join(w.folder, name), text)
  put('test.csv', 'text,label\r\n"a text that nobody has",refund\r\n')
  await settles('the leak to go', all.slice(1))
  put('train.jsonl', train.split('\n').slice(0, 2).join('\n'))
  await settles('the findings of an open file to go', [])
  put('train.jsonl', train)
  put('test.csv', test_)
  await settles('them to be back', all)
  put('winnow.json', '{ "rules": { "duplicate": "off" } }')
  const without = all.filter(one => !one.includes('duplicate'))
  await settles('a rule to be off', without)
  // What cannot be used is told at its place, and what was found before stays.
  put('winnow.json', '{\n  "rules": { "duplicat": "error" }\n}')
  await settles('the misspelt rule', [...without, 'winnow.json:1 undefined'])
  put('winnow.json', '{\n  "rules": { "leak": { "threshold": 2 } }\n}')
  await settles('the wrong threshold', [...without, 'winnow.json:1 undefined'])
  // What stops nothing is told there as well.
  put('winnow.json', '{\n  "rules": { "duplicat": "off" }\n}')
  put('winnow-ignore.jsonl', '{"rule":"leak","key":"of another time"}\nno json\n')
  await settles('the rule that is switched off without being there, and the line that ignores nothing', [
    ...all,
    'winnow-ignore.jsonl:1 undefined',
    'winnow.json:1 undefined',
  ])
  rmSync(join(w.folder, 'winnow.json'))
  rmSync(join(w.folder, 'winnow-ignore.jsonl'))
  await settles('the settings to go', all)
})

test('a finding is ignored with a reason, or not at all', async () => {
  const ask = async () => {
    await w.open('train.jsonl')
    await w.inHost(async vscode => {
      const editor = vscode.window.activeTextEditor as import('vscode').TextEditor
      const at = new vscode.Range(5, 0, 5, 0)
      const actions = (await vscode.commands.executeCommand(
        'vscode.executeCodeActionProvider',
        editor.document.uri,
        editor.document.lineAt(at.start.line).range,
      )) as readonly import('vscode').CodeAction[]
      const { command } = actions.find(action => action.title === 'Ignore this stray-whitespace finding…') ?? {}
      // Answered when the person has said why, which comes later.
      void vscode.commands.executeCommand(command?.command ?? '', ...(command?.arguments ?? []))
    })
    const input = w.page.locator('.quick-input-widget input[type=text]').first()
    await input.waitFor({ state: 'visible' })
    return input
  }
  await (await ask()).press('Escape')
  await settles('nothing to change', all)
  const input = await ask()
  await input.fill('two blanks are what the app shows')
  await input.press('Enter')
  await settles('the finding to be ignored', all.slice(0, -1))
  const { rule, reason } = JSON.parse(readFileSync(join(w.folder, 'winnow-ignore.jsonl'), 'utf8'))
  expect({ rule, reason }).toEqual({ rule: 'stray-whitespace', reason: 'two blanks are what the app shows' })
  await w.inHost(vscode => vscode.commands.executeCommand('workbench.action.closeAllEditors'))
  rmSync(join(w.folder, 'winnow-ignore.jsonl'))
  await settles('it to be back', all)
})

test('files and folders are followed when they are moved and deleted, open or not, here or by others', async () => {
  const inside = (folder: string) => all.map(one => `${folder}/${one}`)
  await w.inHost(async vscode => {
    const root = (vscode.workspace.workspaceFolders as readonly import('vscode').WorkspaceFolder[])[0]
      ?.uri as import('vscode').Uri
    const edit = new vscode.WorkspaceEdit()
    for (const name of ['train.jsonl', 'test.csv'])
      edit.renameFile(vscode.Uri.joinPath(root, name), vscode.Uri.joinPath(root, 'data', name))
    await vscode.workspace.applyEdit(edit)
  })
  await settles('the moved files', inside('data'))
  renameSync(join(w.folder, 'data'), join(w.folder, 'other'))
  await settles('the renamed folder', inside('other'))
  await w.open('other/train.jsonl')
  rmSync(join(w.folder, 'other'), { recursive: true })
  await settles('the deleted folder', [])
  mkdirSync(join(w.folder, '../apart'))
  writeFileSync(join(w.folder, '../apart/train.jsonl'), train)
  renameSync(join(w.folder, '../apart'), join(w.folder, 'apart'))
  await settles(
    'the folder that came',
    all.slice(1).map(one => `apart/${one}`),
  )
})

test('what is no file on disk is left alone, and a line of megabytes holds up nothing', async () => {
  await w.inHost(async vscode => {
    const content = '{"text":"a row of text"}\n{"text":"a row of text"}\n'
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: 'jsonl', content }))
    vscode.workspace.registerTextDocumentContentProvider('made', { provideTextDocumentContent: () => content })
    const made = vscode.Uri.parse('made:/train.jsonl')
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(made))
  })
  writeFileSync(
    join(w.folder, 'apart/train.jsonl'),
    train + row('word '.repeat(1_500_000), 'bug') + row('the last', 'bug').repeat(2),
  )
  await w.open('apart/train.jsonl')
  const found = await until('the last row', shown, list => list.includes('apart/train.jsonl:8 duplicate'), 30)
  expect(found.filter(one => !one.startsWith('apart/train.jsonl:'))).toEqual([])
  expect(w.violations).toEqual([])
})
