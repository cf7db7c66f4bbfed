import { afterAll, beforeAll, expect, test } from 'vitest'
import { estimate, inspectionOf, stopped } from './preflightStates.ts'
import { type Shown, type Stage, stage } from './stage.ts'

let s: Stage
beforeAll(async () => {
  s = await stage()
})
afterAll(() => s?.close())

const recipe = { kind: 'hydrate', recipe: 'a.recipe.json', address: 'file:///w/a.recipe.json' }
const asked = async (shown: Shown, kind: string) => (await shown.posted()).filter(m => m.kind === kind)

test('nothing starts before the rows are read, nor a recipe that is stopped; the fixes lift the stop', async () => {
  const shown = await s.open({ panel: 'preflight' })
  const { page } = shown
  await shown.send(recipe)
  await page.keyboard.press('Control+Enter')
  await shown.send({ kind: 'inspection', inspection: stopped })
  await page.keyboard.press('Control+Enter')
  expect(await asked(shown, 'start')).toEqual([])
  const alert = page.locator('.preflight-stop')
  expect(await alert.textContent()).toContain('never learn to stop. 3 rows have no token to learn from.')
  await page.getByRole('button', { name: 'Leave out 3 rows' }).click()
  expect(await alert.textContent()).not.toContain('3 rows')
  await page.getByRole('button', { name: 'Train the end token' }).click()
  expect(await asked(shown, 'fix')).toEqual([{ kind: 'fix', path: ['chat', 'template'] }])
  // The recipe was changed: everything is said anew.
  await shown.send(recipe)
  await shown.send({ kind: 'inspection', inspection: inspectionOf() })
  expect(await alert.isVisible()).toBe(false)
  await shown.send({ kind: 'preflight', preflight: estimate })
  expect(await page.locator('.facts').textContent()).toContain('3.9 GB')
  await page.keyboard.press('Control+Enter')
  expect((await asked(shown, 'start')).length).toBe(1)
  expect(await shown.saved()).toEqual({ panel: 'preflight', recipe: recipe.address })
  // Of the batches that were tried it is said how fast they are; of others nothing.
  const batches = await page.locator('.batches tbody tr').allTextContents()
  expect(batches.map(text => /(\d+|–| does not fit)$/.exec(text)?.[0])).toEqual([
    '47',
    '53',
    '54',
    '–',
    ' does not fit',
  ])
  expect(shown.complaints).toEqual([])
  await shown.close()
})

test('what a check speaks of is one key away', async () => {
  const shown = await s.open({ panel: 'preflight' })
  const { page } = shown
  const inspection = inspectionOf()
  await shown.send({ ...recipe, inspection })
  const link = page.locator('.checks li').first().getByRole('button', { name: 'Show them' })
  await link.focus()
  await page.keyboard.press('Enter')
  expect(await page.getByRole('radio', { name: 'Longest' }).getAttribute('aria-checked')).toBe('true')
  const longest = inspection.shown[inspection.picked.longest[0] as number]
  const first = page.locator('.mask-rows .grid-row').nth(1)
  expect(await first.textContent()).toContain(`row ${longest?.row}`)
  expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('row')
  await page.keyboard.press('Enter')
  expect(await asked(shown, 'openRow')).toEqual([
    { kind: 'openRow', place: { file: 'train.jsonl', row: longest?.row } },
  ])
  expect(shown.complaints).toEqual([])
  await shown.close()
})

test('by keyboard: rows, tokens and their ids, and the row in its file', async () => {
  const shown = await s.open({ panel: 'preflight' })
  const { page } = shown
  const inspection = inspectionOf()
  await shown.send({ ...recipe, inspection })
  const tokens = page.locator('.tokens')
  await tokens.focus()
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight')
  const row = inspection.shown[0] as (typeof inspection.shown)[number]
  const piece = row.pieces[3] as { id: number }
  const info = page.locator('.token-info')
  expect(await info.textContent()).toContain(`token 3`)
  expect(await info.textContent()).toContain(`id ${piece.id}`)
  await page.keyboard.press('End')
  expect(await info.textContent()).toContain(`token ${row.tokens - 1}`)
  expect(await page.locator('.toks .tk').count()).toBe(row.pieces.length)
  expect(await page.locator('.toks .tk.trained').count()).toBe(row.trained)
  expect(await page.locator('.toks .tk.truncated').count()).toBe(row.truncated)
  await page.getByRole('radio', { name: 'Ids' }).click()
  expect(await page.locator('.toks .tk').nth(3).textContent()).toBe(String(piece.id))
  await page.getByRole('radio', { name: 'Least trained' }).click()
  await page.getByRole('button', { name: 'Open row' }).click()
  const least = inspection.shown[inspection.picked.least[0] as number]
  expect(await asked(shown, 'openRow')).toEqual([{ kind: 'openRow', place: { file: 'train.jsonl', row: least?.row } }])
  expect(shown.complaints).toEqual([])
  await shown.close()
})
