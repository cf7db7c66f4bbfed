import { afterAll, beforeAll, expect, test } from 'vitest'
import { bankingPlan, editorOf, hydrateOf, showRows } from './rowsFixture.ts'
import { type Shown, type Stage, stage } from './stage.ts'

let s: Stage
beforeAll(async () => {
  s = await stage()
})
afterAll(() => s?.close())

const all = bankingPlan.files.flatMap(({ rows, split }) => rows.map((row, i) => ({ ...row, split, i })))

async function opened(more: object = {}) {
  const shown = await s.open({ panel: 'rows' })
  const editor = await showRows(shown, bankingPlan, more)
  const press = async (...keys: string[]) => {
    for (const key of keys) {
      await shown.page.keyboard.press(key)
      await editor.settle(shown)
    }
  }
  return { shown, page: shown.page, editor, press }
}
const rowCount = async (shown: Shown) => Number(await shown.page.locator('#rows').getAttribute('aria-rowcount')) - 1
const selected = async (shown: Shown) =>
  (await shown.page.locator('.rows-row.sel [role=gridcell]').allTextContents()).map(text => text.trim())
const last = async (shown: Shown, kind: string) => (await shown.posted()).filter(one => one.kind === kind).at(-1)

test.concurrent('rows, arrows, and the row that Enter opens', async () => {
  const { shown, page, press } = await opened()
  expect(await rowCount(shown)).toBe(all.length)
  await page.locator('#rows').focus()
  await press('ArrowDown', 'ArrowDown')
  expect((await selected(shown)).slice(0, 4)).toEqual(['2', 'train', all[2]?.text, all[2]?.category])
  const active = await page.locator('#rows').getAttribute('aria-activedescendant')
  expect(await page.locator(`#${active}`).textContent()).toBe(all[2]?.text)
  await press('Enter')
  expect(await last(shown, 'openRow')).toEqual({ kind: 'openRow', at: 2 })
  await press('End')
  expect((await selected(shown)).slice(0, 2)).toEqual(['79', 'test'])
  await press('PageUp', 'Home')
  expect((await selected(shown))[0]).toBe('0')
  expect(shown.complaints).toEqual([])
  await shown.close()
})

test.concurrent('how a row fared in training stands under it, and not under another', async () => {
  const { shown, page, press } = await opened()
  await page.locator('#rows').focus()
  await press('ArrowDown')
  const history = (losses: number[]) => ({ kind: 'history', at: 1, history: { run: 'lora-r16', losses } })
  await shown.send(history([2.5, 1.2, 0.05]))
  const side = page.locator('.rows-side')
  const chart = side.getByRole('img', { name: 'Loss by epoch: 2.50, 1.20, 0.05' })
  expect(await chart.locator('circle').count()).toBe(3)
  expect(await side.textContent()).toContain(
    'Loss 2.50 → 0.05 over 3 epochs: the model gives its answer a chance of 95.1 %',
  )
  await shown.send(history([2.5, 3]))
  expect(await side.textContent()).toContain('so it was not learnt')
  await press('ArrowDown')
  expect(await side.textContent()).not.toContain('In training')
  // What comes late belongs to a row that is not shown any more.
  await shown.send(history([1, 1]))
  expect(await side.textContent()).not.toContain('In training')
  expect(shown.complaints).toEqual([])
  await shown.close()
})

test.concurrent('/ filters by text or pattern, chips by value and number; Escape shows all again', async () => {
  const { shown, page, editor, press } = await opened()
  await press('/')
  await page.keyboard.type('PIN at')
  await page.waitForTimeout(200)
  await editor.settle(shown)
  expect(await rowCount(shown)).toBe(all.filter(row => row.text.includes('PIN at')).length)
  expect(await page.locator('mark').first().textContent()).toBe('PIN at')
  await press('Escape')
  expect(await rowCount(shown)).toBe(all.length)
  await page.getByRole('button', { name: 'Regular expression' }).click()
  await press('/')
  await page.keyboard.type('^(why|how)\\b.*\\d')
  await page.waitForTimeout(200)
  await editor.settle(shown)
  expect(await rowCount(shown)).toBe(all.filter(row => /^(why|how)\b.*\d/i.test(row.text)).length)
  await page.keyboard.type('(')
  await page.waitForTimeout(200)
  await editor.settle(shown)
  expect(await page.locator('.bad').textContent()).toContain('No pattern')
  expect(await rowCount(shown)).toBe(all.length)
  await press('Escape')
  // By keyboard alone: the chip of splits, its second value.
  await page.locator('.chips .field').first().focus()
  await press('Enter', 'Tab', 'Space', 'Escape')
  const split = await page.locator('.chips .field.on').first().textContent()
  expect(split).toContain('split')
  const shownSplit = (await selected(shown))[1]
  expect(await rowCount(shown)).toBe(all.filter(row => row.split === shownSplit).length)
  await page.locator('#rows').focus()
  await press('Escape')
  await page.locator('.chips .field', { hasText: 'loss' }).click()
  await page.getByLabel('loss from').fill('2.5')
  await press('Enter')
  expect(await rowCount(shown)).toBe(all.filter(row => row.loss >= 2.5).length)
  expect(shown.complaints).toEqual([])
  await shown.close()
})

test.concurrent('a head sorts up, down and back, by mouse and keyboard; a bar filters', async () => {
  const { shown, page, editor, press } = await opened()
  const head = page.getByRole('columnheader').filter({ hasText: 'loss' })
  await head.getByRole('button').focus()
  await press('Enter')
  expect(await head.getAttribute('aria-sort')).toBe('ascending')
  const losses = all.map(row => row.loss).sort((a, b) => a - b)
  expect(Number((await selected(shown))[5])).toBe(losses[0])
  await press('Enter')
  expect(await head.getAttribute('aria-sort')).toBe('descending')
  await page.locator('#rows').focus()
  await press('Home')
  expect(Number((await selected(shown))[5])).toBe(losses.at(-1))
  const bar = page.getByRole('columnheader').filter({ hasText: 'category' }).locator('.bars g').first()
  const title = (await bar.locator('title').textContent()) ?? ''
  await bar.click()
  await editor.settle(shown)
  const [label, count] = title.split(': ')
  expect(await rowCount(shown)).toBe(Number.parseInt(count as string, 10))
  expect(await rowCount(shown)).toBe(all.filter(row => row.category === label).length)
  await shown.close()
})

test.concurrent('the cluster of a row: twins with exact similarity and word diff; one of them can be gone to', async () => {
  const { shown, page, editor, press } = await opened()
  await page.locator('#rows').focus()
  await press('ArrowDown')
  const twins = page.locator('.twins > li')
  expect(await twins.count()).toBe(4)
  expect(await twins.first().textContent()).toContain('train.csv row 0')
  expect(await twins.first().textContent()).toContain('same normal form')
  expect(await twins.nth(2).locator('ins').allTextContents()).toEqual([' now'])
  await twins.nth(2).locator('.link').click()
  await editor.settle(shown)
  expect((await selected(shown))[0]).toBe('3')
  await press('Delete')
  await page.locator('#rows').focus()
  await press('Delete')
  expect(await last(shown, 'fix')).toEqual({ kind: 'fix', at: 3, rule: 'near-duplicate', title: 'Remove this row' })
  await shown.close()
})

test.concurrent('ten rows labelled by keyboard, one key each, and taken back', async () => {
  const { shown, page, press } = await opened()
  await page.locator('#rows').focus()
  await press('l')
  const names = await page.locator('.label-key span.cut').allTextContents()
  const keys = ['1', '2', '1', '1', '1', '1', 'Enter', '2', '3', '1']
  await press(...keys)
  const edits = (await shown.posted()).filter(one => one.kind === 'edit')
  expect(edits.map(({ at, value }) => [at, value])).toEqual(
    keys.map((key, i) => [i, key === 'Enter' ? 'card_arrival' : names[Number(key) - 1]]),
  )
  expect(await page.locator('.label-done').textContent()).toContain('10 of 1,000 labelled')
  // Rows 1 and 6 have a suggestion: the first was not followed, the second was.
  expect(await page.locator('.label-done').textContent()).toContain('1 of 2 agree')
  expect((await selected(shown))[0]).toBe('10')
  await press(...'uuuuuuuuuu')
  expect(await page.locator('.label-done').textContent()).toContain('0 of 1,000 labelled')
  expect((await selected(shown)).slice(0, 4)).toEqual(['0', 'train', all[0]?.text, all[0]?.category])
  await press('Space', 'Space', 'Escape')
  expect((await selected(shown))[0]).toBe('2')
  expect(await page.locator('.labelling').isVisible()).toBe(false)
  await shown.close()
})

test.concurrent('a cell is edited in its place; keys typed there are text', async () => {
  const { shown, page, press } = await opened()
  await page.locator('#rows').focus()
  await press('F2')
  const field = page.locator('.cell-edit')
  expect(await field.inputValue()).toBe(all[0]?.text)
  await page.keyboard.type('l/ another text')
  await press('Enter')
  expect(await last(shown, 'edit')).toEqual({ kind: 'edit', at: 0, column: 'column:text', value: 'l/ another text' })
  expect((await selected(shown))[2]).toBe('l/ another text')
  await press('Control+z')
  expect((await selected(shown))[2]).toBe(all[0]?.text)
  await press('F2', 'x', 'Escape')
  expect((await shown.posted()).filter(one => one.kind === 'edit')).toHaveLength(1)
  await shown.close()
})

test.concurrent('the view comes back after a reload', async () => {
  const state = {
    panel: 'rows',
    id: 'dataset:/d/train.csv',
    view: {
      clauses: [{ kind: 'values', column: 'split', values: ['test'] }],
      sort: { column: 'column:loss', down: true },
      selected: 930,
    },
  }
  const shown = await s.open({ panel: 'rows', state })
  const editor = await editorOf(bankingPlan)
  await shown.send(hydrateOf(editor.head))
  await editor.settle(shown)
  expect(await rowCount(shown)).toBe(80)
  expect(await shown.page.getByRole('columnheader').filter({ hasText: 'loss' }).getAttribute('aria-sort')).toBe(
    'descending',
  )
  expect(await shown.saved()).toMatchObject({ panel: 'rows', view: { sort: { column: 'column:loss', down: true } } })
  await shown.close()
})

test('a million rows: the last can be reached, and scrolling draws what is in sight only', async () => {
  const shown = await s.open({ panel: 'rows' })
  const { page } = shown
  const rows = 1_000_000
  const columns = [
    { id: 'row', name: 'row', kind: 'row', editable: false },
    { id: 'column:text', name: 'text', kind: 'text', role: 'text', editable: true },
  ]
  const head = { name: 'many', files: [{ path: '/d/many.jsonl', rows }], rows, columns, version: 1 }
  // Answered in the page itself, as soon as it is asked.
  await page.evaluate(() => {
    const list = (globalThis as unknown as { posted: { kind: string; from: number; to: number; query: number }[] })
      .posted
    const push = list.push.bind(list)
    list.push = (...all) => {
      for (const one of all)
        if (one.kind === 'lines') {
          const lines = Array.from({ length: Math.min(1_000_000, one.to) - one.from }, (_, i) => ({
            at: one.from + i,
            file: 0,
            row: one.from + i,
            cells: [null, `text ${one.from + i}`],
            findings: [],
          }))
          queueMicrotask(() =>
            dispatchEvent(
              new MessageEvent('message', {
                data: { kind: 'lines', version: 1, query: one.query, from: one.from, lines },
              }),
            ),
          )
        }
      return push(...all)
    }
  })
  await shown.send(hydrateOf(head as never))
  await page.locator('#rows').focus()
  const active = () => page.locator('.rows-row.sel').textContent()
  await page.keyboard.press('End')
  expect(await active()).toBe('999999text 999999')
  await page.keyboard.press('ArrowUp')
  expect(await active()).toBe('999998text 999998')
  await page.evaluate(() => {
    const scroller = document.querySelector('.rows-scroll') as HTMLElement
    scroller.scrollTop = scroller.scrollHeight / 2
  })
  await page.waitForTimeout(100)
  const first = Number(await page.locator('.rows-row:not([hidden])').first().getAttribute('data-at'))
  expect(first).toBeGreaterThan(490_000)
  expect(first).toBeLessThan(510_000)
  const before = await page
    .locator('.rows-row:not([hidden])')
    .evaluateAll(all => Math.min(...all.map(e => Number((e as HTMLElement).dataset['at']))))
  // The wheel moves by its pixels, though the scrollbar stands for more.
  await page.mouse.move(300, 500)
  await page.mouse.wheel(0, 240)
  await page.waitForTimeout(100)
  const after = await page
    .locator('.rows-row:not([hidden])')
    .evaluateAll(all => Math.min(...all.map(e => Number((e as HTMLElement).dataset['at']))))
  expect(after - before).toBeGreaterThanOrEqual(9)
  expect(after - before).toBeLessThanOrEqual(11)
  expect(await page.locator('.rows-row').count()).toBeLessThan(80)
  expect(shown.complaints).toEqual([])
  await shown.close()
})
