/* The page before a run stops a recipe that would never teach its model to stop, and mends it; a spike of a curve leads to the
   rows of its step, and from there to a line of the file. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packed, startWorkbench, until, type Workbench } from './workbench.ts'

let w: Workbench
const at = 60
const batch = [7, 3, 11, 5]
const rows = Array.from({ length: 24 }, (_, i) => ({
  messages: [
    { role: 'user', content: `What comes after ${i}?` },
    { role: 'assistant', content: `After ${i} comes ${i + 1}.` },
  ],
}))
const lines = Array.from({ length: 24 }, (_, i) => ({
  text: `card number ${i} was declined`,
  label: i % 2 ? 'a' : 'b',
}))
const jsonLines = (values: readonly unknown[]) => values.map(value => `${JSON.stringify(value)}\n`).join('')
const recipe = {
  name: 'endless',
  model: 'tiny-decoder',
  task: 'instruction',
  data: { train: 'talks/train.jsonl' },
  method: { kind: 'lora' },
  chat: { template: 'endless.jinja' },
}
// What ends an answer stands behind the mark of what is learnt.
const endless = `{% for m in messages %}### {{ m['role'] }}:
{% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] }}{% endgeneration %}{{ eos_token }}{% else %}{{ m['content'] }}{% endif %}

{% endfor %}`

/** A finished run of 100 steps whose gradient norm leaps at one of them, as its folder would tell it. */
function writeRun(folder: string): void {
  const run = join(folder, '.winnow/runs/20261120-120000-spiky')
  mkdirSync(run, { recursive: true })
  const now = 1_763_640_000_000
  const events: object[] = [
    {
      ...{ kind: 'started', at: now, model: 'tiny-encoder', method: 'LoRA', provider: 'cpu', threads: 1 },
      ...{
        parameters: 1000,
        trainable: 10,
        rows: { train: 24, validation: 0, test: 0 },
        steps: 100,
        epochs: 10,
        from: 0,
      },
    },
  ]
  for (let step = 1; step <= 100; step++)
    events.push({
      ...{ kind: 'step', at: now + step * 100, step, epoch: step / 10, loss: 2 - step / 100, rate: 1e-3 },
      ...{ norm: step === at ? 14 : 1 + 0.1 * Math.sin(step), rows: 4, tokens: 40, ms: 100 },
      batch: step === at ? batch : [0, 1, 2, 4],
    })
  events.push({ kind: 'ended', at: now + 11_000, outcome: 'finished' })
  writeFileSync(join(run, 'events.jsonl'), jsonLines(events))
  writeFileSync(
    join(run, 'recipe.json'),
    JSON.stringify({ name: 'spiky', model: 'tiny-encoder', method: { kind: 'lora' } }),
  )
  const data = {
    ...{ version: 1, dataset: 'cards', root: folder, roles: { text: 'text', label: 'label' }, labels: ['a', 'b'] },
    files: [{ path: 'cards/train.jsonl', split: 'train', hash: '', rows: 24 }],
    use: { train: [{ file: 0, ranges: [[0, 24]] }], validation: [], test: [] },
    ...{ dropped: [], leaked: [] },
  }
  writeFileSync(join(run, 'data.json'), JSON.stringify(data))
}

beforeAll(async () => {
  w = await startWorkbench({ name: 'run-panel', vsix: packed() })
  for (const name of ['talks', 'cards']) mkdirSync(join(w.folder, name))
  writeFileSync(join(w.folder, 'talks/train.jsonl'), jsonLines(rows))
  writeFileSync(join(w.folder, 'cards/train.jsonl'), jsonLines(lines))
  writeFileSync(join(w.folder, 'endless.jinja'), endless)
  writeFileSync(join(w.folder, 'endless.recipe.json'), JSON.stringify(recipe, null, 2))
  writeRun(w.folder)
}, 300_000)
afterAll(async () => {
  await w?.stop()
})

test('the mask inspector stops a bad recipe, and its fix lets it start', async () => {
  await w.open('endless.recipe.json')
  await w.page.locator('.codelens-decoration a').filter({ hasText: 'Estimate' }).first().click()
  const panel = w.webview()
  await panel.getByRole('alert').filter({ hasText: 'This recipe cannot start.' }).waitFor({ timeout: 60_000 })
  const alert = panel.getByRole('alert').filter({ hasText: 'cannot start' })
  expect(await alert.textContent()).toContain('The end token is masked in every row')
  expect(await panel.getByRole('button', { name: 'Start run' }).getAttribute('disabled')).not.toBeNull()
  // The answers are learnt, their end is not.
  expect(await panel.locator('.toks .tk.trained').count()).toBeGreaterThan(4)
  expect(await panel.locator('.toks .tk.special.trained').count()).toBe(0)
  await w.shot('preflight-stop-dark')
  await panel.getByRole('button', { name: 'Train the end token' }).click()
  await until(
    'the recipe on the disk',
    async () => JSON.parse(readFileSync(join(w.folder, 'endless.recipe.json'), 'utf8')) as typeof recipe,
    now => now.chat.template === undefined,
    20,
  )
  await panel.locator('.checks').getByText('Every row has something to learn from').waitFor({ timeout: 60_000 })
  expect(await alert.isVisible()).toBe(false)
  expect(await panel.locator('.toks .tk.special.trained').count()).toBeGreaterThan(0)
  expect(await panel.getByRole('button', { name: 'Start run' }).getAttribute('disabled')).toBeNull()
})

test('a click on a spike lists the rows of its step, and a row opens at its line', async () => {
  await w.command('Winnow: Open Run')
  const panel = w.webview()
  const chart = panel.locator('.chart').filter({ hasText: 'Gradient norm' }).locator('.u-over')
  await chart.waitFor({ timeout: 30_000 })
  const box = (await chart.boundingBox()) as { width: number; height: number }
  await chart.click({ position: { x: (box.width * at) / 100, y: box.height / 2 } })
  await panel.getByRole('heading', { name: `Rows of step ${at}` }).waitFor()
  const drawer = panel.locator('.drawer')
  const said = await until(
    'the rows of the step',
    () => drawer.locator('bdi').allTextContents(),
    texts => texts.length === batch.length,
    20,
  )
  expect(said).toEqual(batch.map(i => lines[i]?.text))
  await w.shot('run-spike-dark')
  await drawer.locator('bdi').nth(1).dblclick()
  const line = await until(
    'the row in the editor',
    () =>
      w.inHost(vscode => {
        const editor = vscode.window.visibleTextEditors.find(e => e.document.uri.path.endsWith('cards/train.jsonl'))
        return editor ? editor.selection.start.line : -1
      }),
    found => found >= 0,
    20,
  )
  expect(line).toBe(batch[1])
  expect(w.violations).toEqual([])
})
