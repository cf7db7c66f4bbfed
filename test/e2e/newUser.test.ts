/* The path of a person who has never heard of Winnow: a folder with one messy CSV, the packed extension, no documentation. Every
   step is a click on something that the screen shows at that moment. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { note, packed, startWorkbench, until, type Workbench } from './workbench.ts'

const root = new URL('../..', import.meta.url).pathname
const from = join(root, 'out/e2e/messy')
let w: Workbench

/** One export of a help desk: columns with their own names, Windows line ends, twins, stray spaces, labels spelt in two ways. */
function messyCsv(): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const lines = readFileSync(join(root, 'media/sample/train.jsonl'), 'utf8').split('\n').filter(Boolean).slice(0, 500)
  const rows = lines.flatMap(line => {
    try {
      return [JSON.parse(line) as { text: string; label: string }]
    } catch {
      return []
    }
  })
  const made = rows.map(({ text, label }, i) => [
    String(4000 + i),
    i % 37 === 5 ? `  ${text} ` : text,
    i % 29 === 3 ? label.toUpperCase() : label,
  ])
  const twins = made.slice(20, 32).map(([, text, label], i) => [String(9000 + i), text as string, label as string])
  const all = [['ticket', 'message', 'category'], ...made, ...twins, ['9100', '', 'bug']]
  return `\ufeff${all.map(row => row.map(cell).join(',')).join('\r\n')}\r\n`
}

beforeAll(async () => {
  rmSync(from, { recursive: true, force: true })
  mkdirSync(from, { recursive: true })
  writeFileSync(join(from, 'tickets.csv'), messyCsv())
  w = await startWorkbench({ name: 'new-user', vsix: packed(), from })
}, 300_000)
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await w.shot('failed-new-user')
})
afterAll(async () => {
  await w?.stop()
})

const pane = (name: RegExp) => w.page.locator('.pane', { has: w.page.locator('.pane-header', { hasText: name }) })
const button = (name: string) => w.page.locator('.notification-toast .monaco-button', { hasText: name }).first()
const choice = (text: RegExp) => w.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first()

test('from one messy CSV to a tuned model and its ledger, by what is on the screen', async () => {
  const began = Date.now()
  const times: Record<string, number> = {}
  const reached = (what: string) => {
    times[what] = Math.round((Date.now() - began) / 100) / 10
  }

  await w.page.locator('.activitybar [aria-label*="Winnow"]').first().click()
  const split = pane(/runs/i).locator('.monaco-button', { hasText: 'Split into train, validation and test' })
  await split.waitFor({ timeout: 60_000 })
  await w.shot('new-user-1-welcome')
  await split.click()

  await button('Tune a Model').waitFor({ timeout: 60_000 })
  reached('divided')
  const parts = ['train', 'validation', 'test'].map(name => join(w.folder, `tickets-split/${name}.csv`))
  for (const part of parts) expect(readFileSync(part, 'utf8')).toMatch(/^\ufeff?ticket,message,category/)
  // What is wrong with the rows is on the screen, too, and a click leads to one.
  const findings = pane(/findings/i).locator('.monaco-list-row')
  await findings
    .filter({ hasText: /duplicate/ })
    .first()
    .waitFor({ timeout: 30_000 })
  await findings
    .filter({ hasText: /label-typo|label-conflict|duplicate/ })
    .first()
    .click()
  await findings
    .filter({ hasText: /\.csv row \d+/ })
    .first()
    .click()
  await w.page.locator('.tab', { hasText: /\.csv/ }).first().waitFor()
  reached('finding opened')
  await w.shot('new-user-2-findings')

  await button('Tune a Model').click()
  for (const step of [/Classification/, /tiny-encoder/, /LoRA/]) {
    await choice(step).waitFor({ timeout: 20_000 })
    if (String(step).includes('Classification')) await w.shot('new-user-3-task')
    await choice(step).click()
  }
  await w.webview().locator('canvas').first().waitFor({ timeout: 120_000 })
  reached('run panel')
  await w.shot('new-user-4-run')

  await button('Compare with Base').click({ timeout: 300_000 })
  reached('tuned')
  const body = w.webview().locator('body')
  await until(
    'the ledger',
    async () => (await body.textContent()) ?? '',
    text => /fixed/.test(text) && /broken/.test(text),
    60,
  )
  reached('ledger')
  await w.shot('new-user-5-ledger')
  // A label that is misspelt was a class of its own: the ledger says so, and leads to what mends it.
  await w
    .webview()
    .getByRole('button', { name: /^Fix the label/ })
    .first()
    .click()
  const fixes = w.page.locator('.action-widget')
  await fixes
    .getByText(/^Relabel as .* like the others/)
    .first()
    .waitFor({ timeout: 20_000 })
  await w.shot('new-user-6-fix')
  await w.page.keyboard.press('Escape')
  note('new-user', times)

  const runs = join(w.folder, '.winnow/runs')
  const run = readdirSync(runs).find(name => /^\d{8}-/.test(name)) as string
  const ended = readFileSync(join(runs, run, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .at(-1) as string
  expect(JSON.parse(ended)).toMatchObject({ kind: 'ended', outcome: 'finished' })
  expect(w.violations).toEqual([])
})
