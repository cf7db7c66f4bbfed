import { afterAll, beforeAll, expect, test } from 'vitest'
import { count, percent, points } from '../../src/core/base/words.ts'
import type { LedgerRow } from '../../src/core/eval/ledger.ts'
import { fixed, probability } from '../../src/core/view/words.ts'
import { compareHydrate, decidedPlan, ledgerOf, noisePlan } from './fixtures.ts'
import { textLedger } from './gradedLedgers.ts'
import { type Shown, type Stage, stage } from './stage.ts'

let s: Stage
beforeAll(async () => {
  s = await stage()
})
afterAll(() => s?.close())

const ledger = ledgerOf(decidedPlan)
const rowsOf = (outcome: string) => ledger.rows.filter(r => r.outcome === outcome)

async function opened(given = ledger): Promise<Shown> {
  const shown = await s.open({ panel: 'compare' })
  await shown.send(compareHydrate(given))
  return shown
}

/** What the selected line says, as the numbers it was made of. */
const lineOf = (row: LedgerRow) => {
  const said = (side: 'a' | 'b') => {
    const p = row[side].probabilities.find(([label]) => label === row[side].label)?.[1]
    return row[side].label === row.gold ? `right ${fixed(p, 2)}` : `${row[side].label} ${fixed(p, 2)}`
  }
  return [`test.csv row ${row.row}`, row.text, row.gold, said('a'), said('b')]
}
const cells = async (shown: Shown, selector = '.list .grid-row.sel') =>
  (await shown.page.locator(`${selector} [role=gridcell]`).allTextContents()).map(t => t.replace(/\s+/g, ' ').trim())

/** The last of a kind: what is nearest to the chosen row is asked for a moment later, behind whatever else was done. */
const last = async (shown: Shown, kind: string) => (await shown.posted()).filter(m => m.kind === kind).at(-1)

test.concurrent('the numbers on screen are the numbers of the ledger', async () => {
  const shown = await opened()
  const { page } = shown
  const text = ((await page.locator('.headline').textContent()) ?? '').replace(/\s+/g, ' ')
  for (const a of [ledger.all, ledger.withoutLeaks]) {
    if (!a) throw new Error('the plan has leaked rows')
    expect(text).toContain(`${percent(a.a)} → ${percent(a.b)}`)
    expect(text).toContain(`${points(a.difference)} points`)
    expect(text).toContain(`p = ${probability(a.p)}`)
  }
  expect(text).toContain(`${ledger.all.fixed} fixed against ${ledger.all.broken} broken`)
  const tabs = (await page.getByRole('tab').allTextContents()).map(t =>
    Number((t.match(/[\d,]+/) ?? ['-1'])[0].replace(',', '')),
  )
  const { fixed: f, broken, stillRight, stillWrong } = ledger.all
  expect(tabs).toEqual([f, broken, stillRight, stillWrong])
  for (const l of ledger.perLabel) {
    const line = page
      .locator('.label-row')
      .filter({ has: page.locator('.name', { hasText: new RegExp(`^${l.label}$`) }) })
    const aria = await line.getAttribute('title')
    expect(aria).toContain(`over ${count(l.rows)} rows`)
    expect(aria?.replace('\u2212', '-')).toContain(
      `recall ${points(l.recallB - l.recallA)} points`.replace('\u2212', '-'),
    )
  }
  const wrong = ledger.rows.filter(r => r.b.label !== r.gold)
  const drawn = await page
    .locator('.confusion-cells .wrong')
    .evaluateAll(all =>
      all.map(e => Number((e.getAttribute('aria-label') ?? '').match(/(\d+) row/)?.[1])).reduce((a, b) => a + b, 0),
    )
  expect(drawn).toBe(wrong.length)
  await shown.close()
})

test.concurrent('1 to 4 choose the outcome, arrows the row, Enter opens it', async () => {
  const shown = await opened()
  const { page } = shown
  expect(await page.getByRole('tab', { selected: true }).textContent()).toContain('broken')
  for (const [key, outcome] of [
    ['1', 'fixed'],
    ['3', 'still-right'],
    ['4', 'still-wrong'],
    ['2', 'broken'],
  ] as const) {
    await page.keyboard.press(key)
    expect(await page.locator('#rows').getAttribute('aria-rowcount')).toBe(String(rowsOf(outcome).length + 1))
    expect(await cells(shown)).toEqual(lineOf(rowsOf(outcome)[0] as LedgerRow))
  }
  await page.locator('.list .grid-row.sel').focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  const third = rowsOf('broken')[2] as LedgerRow
  expect(await cells(shown)).toEqual(lineOf(third))
  expect(await page.locator('.detail .row-text').textContent()).toBe(third.text)
  const shares = await page.locator('.detail .probabilities').nth(1).locator('li .end').allTextContents()
  expect(shares).toEqual(third.b.probabilities.map(([, p]) => fixed(p, 2)))
  await page.keyboard.press('Enter')
  const opens = (await shown.posted()).filter(m => m.kind === 'openRow')
  expect(opens).toEqual([{ kind: 'openRow', place: { file: third.file, row: third.row } }])
  await page.locator('vscode-button', { hasText: 'Open row' }).click()
  expect((await shown.posted()).filter(m => m.kind === 'openRow')).toHaveLength(2)
  await shown.close()
})

test.concurrent('labels that look misspelt are named and marked, and lead to their fix', async () => {
  const shown = await s.open({ panel: 'compare' })
  const [gold] = ledger.perLabel
  const typos = [{ label: gold?.label ?? '', like: 'another' }]
  await shown.send({ ...(compareHydrate(ledger) as object), typos })
  const { page } = shown
  const section = page.getByRole('region', { name: 'Labels that look misspelt' })
  expect(await section.locator('li').textContent()).toBe(`${gold?.label}looks likeanotherFix`)
  expect(await page.locator('.label-row .codicon-warning').count()).toBe(1)
  await section.getByRole('button', { name: `Fix the label ${gold?.label}` }).click()
  expect((await shown.posted()).filter(m => m.kind === 'fixLabel')).toEqual([{ kind: 'fixLabel', label: gold?.label }])
  await shown.send(compareHydrate(ledger))
  expect(await section.count()).toBe(0)
  await shown.close()
})

test.concurrent('of very many labels the ends are shown, and the others behind a count', async () => {
  const labels = Array.from({ length: 60 }, (_, i) => `label ${i + 100}`)
  const shown = await opened(ledgerOf({ ...decidedPlan, rows: 1200, labels }))
  const { page } = shown
  const ends = page.getByRole('list', { name: 'Labels', exact: true }).locator('.label-row')
  expect(await ends.count()).toBe(24)
  await page.locator('summary', { hasText: '36 labels between these' }).click()
  const between = page.getByRole('list', { name: 'Labels between' }).locator('.label-row')
  expect(await between.count()).toBe(36)
  const names = [
    ...(await ends.locator('.name').allTextContents()),
    ...(await between.locator('.name').allTextContents()),
  ]
  expect(names.toSorted()).toEqual(labels)
  await shown.close()
})

test.concurrent('a broken row asks for the training rows like it, which open; changed training rows are named', async () => {
  const shown = await s.open({ panel: 'compare' })
  const counts = [
    ['relabelled', 2],
    ['removed', 1],
  ] as const
  const changed = ['relabelled', 'relabelled', 'removed'].map((kind, row) => ({ kind, file: 'train.csv', row }))
  await shown.send({ ...(compareHydrate(ledger) as object), changes: { counts, rows: changed } })
  const { page } = shown
  const section = page.getByRole('region', { name: 'Training rows changed' })
  expect(await section.textContent()).toContain('2 relabelled, 1 removed')
  // What was removed has no place to open.
  expect(await section.getByRole('button').allTextContents()).toEqual(['train.csv row 0', 'train.csv row 1'])
  await section.getByRole('button', { name: 'train.csv row 1' }).click()
  const asked = async () => (await shown.posted()).filter(m => m.kind === 'nearest')
  await expect.poll(asked).toHaveLength(1)
  const first = rowsOf('broken')[0] as LedgerRow
  const place = { file: first.file, row: first.row }
  expect(await asked()).toEqual([{ kind: 'nearest', place }])
  const near = { file: 'train.csv', row: 7, text: 'where is it', gold: 'other', similarity: 0.81, disagrees: true }
  // An answer about another row is too late.
  await shown.send({ kind: 'nearest', place: { ...place, row: -1 }, rows: [{ ...near, row: 8 }] })
  await shown.send({ kind: 'nearest', place, rows: [near] })
  const list = page.getByRole('region', { name: 'Nearest training rows' })
  expect((await list.locator('li').allTextContents()).map(text => text.replace(/\s+/g, ' '))).toEqual([
    '0.81train.csv row 7other label: otherwhere is it',
  ])
  await list.getByRole('button', { name: 'train.csv row 7' }).click()
  expect((await shown.posted()).filter(m => m.kind === 'openRow').map(m => m['place'])).toEqual([
    { file: 'train.csv', row: 1 },
    { file: 'train.csv', row: 7 },
  ])
  await page.locator('vscode-button', { hasText: 'Tune again' }).click()
  expect(await last(shown, 'tuneAgain')).toEqual({ kind: 'tuneAgain' })
  // Rows that b has right need no reason.
  await page.keyboard.press('1')
  await expect.poll(() => list.count()).toBe(0)
  await shown.close()
})

test.concurrent('/ filters by text, Escape shows all again; keys typed there are text', async () => {
  const shown = await opened()
  const { page } = shown
  await page.keyboard.press('/')
  await page.keyboard.type('row 41')
  const match = (r: LedgerRow) => `${r.file} row ${r.row}`.includes('row 41')
  expect(await page.locator('#rows').getAttribute('aria-rowcount')).toBe(
    String(rowsOf('broken').filter(match).length + 1),
  )
  expect(await page.getByRole('tab', { selected: true }).textContent()).toContain('broken')
  await page.keyboard.press('Escape')
  expect(await page.locator('#rows').getAttribute('aria-rowcount')).toBe(String(rowsOf('broken').length + 1))
  await shown.close()
})

test.concurrent('a label and a cell of the confusion filter the rows; leaked rows can be seen alone', async () => {
  const shown = await opened()
  const { page } = shown
  const cell = page.locator('.confusion-cells .wrong').first()
  const [, gold, predicted] =
    ((await cell.getAttribute('aria-label')) ?? '').match(/gold (\S+), predicted (\S+):/) ?? []
  await cell.click()
  const of = ledger.rows.filter(r => r.gold === gold && r.b.label === predicted)
  const tab = (await page.getByRole('tab', { selected: true }).getAttribute('id'))?.replace('tab-', '') ?? ''
  expect(await page.locator('#rows').getAttribute('aria-rowcount')).toBe(
    String(of.filter(r => r.outcome === tab).length + 1),
  )
  expect(of.filter(r => r.outcome === tab).length).toBeGreaterThan(0)
  await page.getByRole('button', { name: `Remove filter predicted ${predicted}` }).click()
  await page.getByRole('button', { name: `Remove filter gold ${gold}` }).click()
  await page.getByRole('button', { name: 'Show the 25 rows' }).click()
  const leaked = ledger.rows.filter(r => r.leaked)
  const now = (await page.getByRole('tab', { selected: true }).getAttribute('id'))?.replace('tab-', '') ?? ''
  expect(await page.locator('#rows').getAttribute('aria-rowcount')).toBe(
    String(leaked.filter(r => r.outcome === now).length + 1),
  )
  await shown.close()
})

test.concurrent('in the confusion one cell can be reached by Tab and the arrows go on from there', async () => {
  const shown = await opened()
  const { page } = shown
  expect(await page.locator('.confusion-cells [tabindex="0"]').count()).toBe(1)
  await page.locator('.confusion-cells [tabindex="0"]').focus()
  const labels = new Set<string>()
  for (const key of ['ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowLeft', 'ArrowUp']) {
    await page.keyboard.press(key)
    labels.add((await page.locator(':focus').getAttribute('aria-label')) ?? '')
  }
  expect(labels.size).toBeGreaterThan(2)
  await shown.close()
})

test.concurrent('columns sort both ways and back', async () => {
  const shown = await opened()
  const { page } = shown
  await page.keyboard.press('1')
  const head = page.locator('#rows').getByRole('button', { name: 'Row' })
  await head.click()
  await head.click()
  const last = Math.max(...rowsOf('fixed').map(r => r.row))
  expect((await cells(shown, '.list .grid-canvas .grid-row:first-child'))[0]).toBe(`test.csv row ${last}`)
  expect(await page.locator('.list').getByRole('columnheader', { name: 'Row' }).getAttribute('aria-sort')).toBe(
    'descending',
  )
  await head.click()
  expect(await page.locator('.list').getByRole('columnheader', { name: 'Row' }).getAttribute('aria-sort')).toBe(null)
  await shown.close()
})

test.concurrent('thousands of rows: only those in sight exist, and the last can be reached', async () => {
  const big = ledgerOf({ ...decidedPlan, rows: 4000 })
  const shown = await opened(big)
  const { page } = shown
  await page.keyboard.press('3')
  const right = big.rows.filter(r => r.outcome === 'still-right')
  expect(right.length).toBeGreaterThan(3000)
  expect(await page.locator('.list .grid-canvas .grid-row').count()).toBeLessThan(60)
  await page.locator('.list .grid-row.sel').focus()
  await page.keyboard.press('End')
  expect(await cells(shown)).toEqual(lineOf(right.at(-1) as LedgerRow))
  await page.locator('.list .grid-scroll').evaluate(e => e.scrollTo(0, 0))
  await page.keyboard.press('ArrowUp')
  expect(await cells(shown)).toEqual(lineOf(right.at(-2) as LedgerRow))
  await shown.close()
})

test.concurrent('inside the noise no winner is named, and the rows that would decide are', async () => {
  const noise = ledgerOf(noisePlan)
  const shown = await opened(noise)
  const text = await shown.page.locator('.headline').textContent()
  expect(text).toContain('Not enough rows to say')
  expect(text).not.toContain('better')
  const left = await shown.page.locator('.left').textContent()
  expect(left).toContain('Smallest difference that can be shown')
  expect(left).toContain('too few')
  await shown.close()
})

test.concurrent('two others are chosen, swapped and exported', async () => {
  const shown = await opened()
  const { page } = shown
  await page.locator('vscode-button', { hasText: 'Swap' }).click()
  expect(await last(shown, 'choose')).toEqual({ kind: 'choose', a: 'tuned', b: 'base' })
  await page.getByRole('combobox', { name: 'Compare from' }).click()
  await page.getByRole('option', { name: 'lora-r8-5e4' }).first().click()
  expect(await last(shown, 'choose')).toEqual({ kind: 'choose', a: 'other', b: 'tuned' })
  for (const choice of ['JSON', 'HTML']) {
    await page.locator('vscode-button', { hasText: 'Export' }).click()
    await page.getByRole('menuitem').filter({ hasText: choice }).click()
  }
  const made = (await shown.posted()).filter(m => m.kind === 'export') as unknown as {
    format: string
    content: string
  }[]
  expect(JSON.parse(made[0]?.content ?? '')).toEqual(JSON.parse(JSON.stringify(ledger)))
  expect(made[1]?.content).toMatch(/^<!doctype html>/i)
  await shown.close()
})

test.concurrent('what was set outlives a reload', async () => {
  const shown = await opened()
  const { page } = shown
  await page.keyboard.press('4')
  await page.locator('.list .grid-row.sel').focus()
  await page.keyboard.press('ArrowDown')
  const second = rowsOf('still-wrong')[1] as LedgerRow
  expect(await shown.saved()).toMatchObject({
    panel: 'compare',
    a: 'base',
    b: 'tuned',
    view: { tab: 'still-wrong', selected: `${second.file}#${second.row}` },
  })
  await page.reload()
  await shown.send(compareHydrate(ledger))
  expect(await page.getByRole('tab', { selected: true }).textContent()).toContain('still wrong')
  expect(await cells(shown)).toEqual(lineOf(second))
  expect(shown.complaints).toEqual([])
  await shown.close()
})

test.concurrent('text of the data stays text', async () => {
  const shown = await opened(ledgerOf({ ...decidedPlan, text: () => '<img src=x onerror="alert(1)"><b>bold</b>' }))
  expect(await shown.page.locator('.detail .row-text').textContent()).toContain('<img src=x')
  expect(await shown.page.locator('main img').count()).toBe(0)
  expect(shown.complaints).toEqual([])
  await shown.close()
})

test.concurrent('beside an editor nothing is cut off at the side: tabs two by two, columns that fit', async () => {
  const shown = await s.open({ panel: 'compare', width: 490, height: 1200 })
  const { page } = shown
  await shown.send(compareHydrate(ledger))
  const boxes = await page.getByRole('tab').evaluateAll(all => all.map(e => e.getBoundingClientRect().toJSON()))
  expect(boxes.map(b => b.right <= 490)).toEqual([true, true, true, true])
  expect(new Set(boxes.map(b => b.top)).size).toBe(2)
  expect(await page.locator('.list').getByRole('columnheader').allTextContents()).toEqual([
    'Text',
    'Gold',
    ledger.a.name,
    ledger.b.name,
  ])
  const wider = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.querySelector('.list .grid-scroll') as HTMLElement
    return [scrollWidth - clientWidth, document.documentElement.scrollWidth - innerWidth]
  })
  expect(wider).toEqual([0, 0])
  await page.setViewportSize({ width: 1400, height: 900 })
  await page.locator('.list').getByRole('columnheader', { name: 'Row' }).waitFor()
  expect(await cells(shown)).toEqual(lineOf(rowsOf('broken')[0] as LedgerRow))
  await shown.close()
})

test.concurrent('a ledger of many rows comes in pieces and is shown when the last has come', async () => {
  const shown = await s.open({ panel: 'compare' })
  const { page } = shown
  await shown.send(compareHydrate({ ...ledger, rows: ledger.rows.slice(0, 200) }))
  expect(await page.locator('.headline').count()).toBe(0)
  expect(await page.locator('.loading span').textContent()).toContain('200')
  await shown.send({ kind: 'rows', rows: ledger.rows.slice(200) })
  expect(await page.locator('#rows').getAttribute('aria-rowcount')).toBe(String(rowsOf('broken').length + 1))
  expect(await page.locator('.loading').isVisible()).toBe(false)
  await shown.close()
})

test.concurrent('answers that are more or less right lead with their loss, twice', async () => {
  const graded = textLedger()
  const { page } = await opened(graded)
  const head = page.getByRole('region', { name: 'Scores' })
  const boxes = await head.locator(':scope > div').allTextContents()
  const { a, b } = graded.graded as { a: number; b: number }
  expect(boxes[0]).toContain(`Mean loss, all rows${a.toFixed(3)} → ${b.toFixed(3)}`)
  expect(boxes[0]).toContain('exactly right')
  expect(boxes[1]).toMatch(/^Mean loss, without 7 leaked rows/)
  expect(boxes[1]).toContain((graded.gradedWithoutLeaks as { b: number }).b.toFixed(3))
  expect(await head.getByRole('img').getAttribute('aria-label')).toMatch(/^Difference −\d\.\d+ of mean loss, 95/)
  expect(await page.getByText('Smallest difference').count()).toBe(0)
  await head.getByRole('button', { name: 'Show the 7 rows' }).click()
  expect(await page.locator('.filter').textContent()).toContain('leaked')
})

test.concurrent('slices, reliability, and for texts their scores and differences by word', async () => {
  const shown = await opened()
  const { page } = shown
  const slices = page.getByRole('table', { name: 'Accuracy by slice' })
  expect(await slices.getByRole('row').count()).toBeGreaterThan(2)
  expect(await slices.textContent()).toContain('not leaked')
  // What only the files know comes later.
  const values = ledger.rows.map((_, i) => (i % 3 === 0 ? null : i % 3 === 1 ? 'mail' : 'chat'))
  await shown.send({ kind: 'facets', facets: [{ name: 'channel', values }] })
  const mail = ledger.rows.filter((_, i) => i % 3 === 1)
  const right = mail.filter(row => row.outcome === 'fixed' || row.outcome === 'still-right').length
  const line = await slices.getByRole('row', { name: /^channel mail/ }).textContent()
  expect(line).toContain(`${mail.length}`)
  expect(line).toContain(`${((100 * right) / mail.length).toFixed(1)} %`)
  expect(await page.getByRole('img', { name: /^Calibration error/ }).count()).toBe(1)
  const texts = ledger.rows.map(row => ({
    ...row,
    gold: 'open the app and choose cancel',
    a: { label: 'you can go to the app and choose cancel', loss: 1, probabilities: [] },
    b: { label: 'open the app and choose cancel', loss: 0.1, probabilities: [] },
  }))
  const graded = { a: 1, b: 0.1, difference: -0.9, interval: [-1, -0.8] as const }
  const other = await opened({ ...ledger, graded, perLabel: [], rows: texts })
  const scores = other.page.getByRole('table', { name: 'Scores of the texts' })
  expect(await scores.getByRole('row', { name: /BLEU/ }).textContent()).toContain('100.0')
  await other.page.locator('.list .grid-row').first().click()
  const changed = other.page.locator('.detail .difference')
  expect(await changed.count()).toBe(3)
  expect(await changed.nth(0).locator('ins').first().textContent()).toContain('you')
  expect(await other.page.getByText('No difference.').count()).toBe(1)
  const ballot = other.page.getByRole('region', { name: 'Blind vote' })
  await ballot.getByRole('button', { name: 'Vote', exact: true }).click()
  expect(await ballot.textContent()).not.toContain(`Gold`)
  const first = (await ballot.locator('.row-text').nth(1).textContent()) === 'open the app and choose cancel'
  await ballot.getByRole('button', { name: first ? '1 is better' : '2 is better' }).click()
  const { file, row } = texts.find(one => one.a.label !== one.b.label)!
  expect((await other.posted()).find(m => m.kind === 'vote')).toMatchObject({
    vote: { file, row, winner: 'b', by: 'person' },
  })
  expect(await ballot.getByRole('status').textContent()).toContain('win rate 100.0 %')
})
