import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { reduce } from '../../src/core/run/run.ts'
import { fixed, scientific } from '../../src/core/view/words.ts'
import { before, live, runEvents, runOf, shownOf } from './fixtures.ts'
import { type Shown, type Stage, stage } from './stage.ts'
import { hydrateRun } from './states.ts'

let s: Stage
beforeAll(async () => {
  s = await stage()
})
afterAll(() => s?.close())

const run = runOf(live)
const chart = (page: Page, name: string) => page.locator('.chart').filter({ has: page.getByRole('heading', { name }) })
const legend = (page: Page, name: string) => chart(page, name).locator('.legend .value span').allTextContents()

async function opened(state?: unknown): Promise<Shown> {
  const shown = await s.open({ panel: 'run', ...(state === undefined ? {} : { state }) })
  await shown.send(hydrateRun)
  return shown
}

test.concurrent('the crosshair stands on a step in all charts, with exactly the values of the log', async () => {
  const shown = await opened()
  const { page } = shown
  const box = await chart(page, 'Gradient norm').locator('.u-over').boundingBox()
  if (!box) throw new Error('no plot')
  for (const share of [0.05, 0.2, 0.286, 0.4]) {
    await page.mouse.move(box.x + box.width * share, box.y + box.height / 2)
    const badges = await page.locator('.cross-badge').allTextContents()
    expect(new Set(badges).size).toBe(1)
    const step = Number(badges[0])
    expect(Math.abs(step - 936 * share)).toBeLessThan(3)
    const i = step - 1
    const other = runOf(before)
    expect(await legend(page, 'Loss')).toEqual([
      'train',
      fixed(run.series.loss[i], 3),
      'val.',
      expect.any(String),
      'train',
      fixed(other.series.loss[i], 3),
      'val.',
      expect.any(String),
    ])
    expect(await legend(page, 'Learning rate')).toEqual([
      scientific(run.series.rate[i], 2),
      scientific(other.series.rate[i], 2),
    ])
    expect((await legend(page, 'Gradient norm'))[0]).toBe(fixed(run.series.norm[i], 2))
    // Drawn where it says: the line under the pointer, to the width of a step.
    const line = await chart(page, 'Loss').locator('.cross-line').boundingBox()
    const plot = await chart(page, 'Loss').locator('.u-over').boundingBox()
    expect(Math.abs((line?.x ?? 0) - (plot?.x ?? 0) - ((plot?.width ?? 0) * step) / 936)).toBeLessThan(1)
  }
  await page.mouse.move(5, 5)
  expect((await legend(page, 'Gradient norm'))[0]).toBe(fixed(run.series.norm.at(-1), 2))
  await shown.close()
})

test.concurrent('by keyboard: arrows move the crosshair a step, Enter asks for the rows, Escape closes them', async () => {
  const shown = await opened()
  const { page } = shown
  const plot = chart(page, 'Loss').getByRole('slider')
  await plot.focus()
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  expect(await plot.getAttribute('aria-valuenow')).toBe('3')
  expect(await plot.getAttribute('aria-valuetext')).toContain(`train ${fixed(run.series.loss[2], 3)}`)
  await page.keyboard.press('Enter')
  expect((await shown.posted()).at(-1)).toEqual({ kind: 'batch', id: live.id, step: 3 })
  await shown.send({ kind: 'loading', what: 'Rows of step 3' })
  await shown.send({
    kind: 'batch',
    id: live.id,
    step: 3,
    rows: [{ file: 'train.csv', row: 7, text: 'a', label: 'b' }],
  })
  const row = page.locator('#batch').getByRole('row').nth(1)
  // The charts are lower now: the crosshair's dots have moved with their lines.
  const dots = () =>
    chart(page, 'Loss')
      .locator('.cross-dot')
      .evaluateAll(all => all.map(dot => (dot as HTMLElement).style.transform))
  const moved = await dots()
  await plot.focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowLeft')
  expect(await dots()).toEqual(moved)
  // What was waited for has come, so nothing says that it is waited for.
  await page.waitForTimeout(250)
  expect(await page.locator('.loading').getAttribute('hidden')).toBe('')
  await row.focus()
  await page.keyboard.press('Enter')
  expect((await shown.posted()).at(-1)).toEqual({ kind: 'openRow', place: { file: 'train.csv', row: 7 } })
  // An answer to a question no longer asked is not shown.
  await shown.send({ kind: 'batch', step: 99, rows: [] })
  expect(await row.textContent()).toContain('train.csv row 7')
  await page.keyboard.press('Escape')
  expect(await page.locator('.drawer').isVisible()).toBe(false)
  await shown.close()
})

test.concurrent('events stream in: state, values and warnings follow; what a resume trains again is replaced', async () => {
  const shown = await opened()
  const { page } = shown
  const more = runEvents({ ...live, done: 500, warnings: 0 }).filter(e => e.kind === 'step' && e.step > 412)
  await shown.send({ kind: 'events', id: live.id, events: more })
  expect(await page.getByRole('status').first().textContent()).toContain('step 500 of 936')
  const full = more.reduce(reduce, runOf(live))
  expect((await legend(page, 'Gradient norm'))[0]).toBe(fixed(full.series.norm.at(-1), 2))
  await shown.send({ kind: 'events', id: 'another run', events: [{ kind: 'ended', at: 1, outcome: 'failed' }] })
  expect(await page.getByRole('status').first().textContent()).toContain('running')
  const again = { ...(more[0] as object), loss: 7.5, step: 450, at: 9e12 }
  await shown.send({ kind: 'events', id: live.id, events: [again] })
  expect(await page.getByRole('status').first().textContent()).toContain('step 450 of 936')
  expect((await legend(page, 'Loss'))[1]).toBe('7.500')
  await shown.send({ kind: 'events', id: live.id, events: [{ kind: 'ended', at: 9e12, outcome: 'stopped' }] })
  expect(await page.getByRole('status').first().textContent()).toBe('stopped at step 450 of 936')
  expect(await page.getByRole('button', { name: 'Resume' }).isVisible()).toBe(true)
  expect(await page.getByRole('button', { name: 'Stop' }).isVisible()).toBe(false)
  expect(shown.complaints).toEqual([])
  await shown.close()
})

test.concurrent('stop is asked once, and says so until the run has ended', async () => {
  const shown = await opened()
  const stop = shown.page.locator('vscode-button', { hasText: 'Stop' })
  await stop.click()
  expect((await shown.posted()).filter(m => m.kind === 'stop')).toEqual([{ kind: 'stop', id: live.id }])
  expect(await stop.getAttribute('disabled')).toBe('')
  expect(await shown.page.getByRole('status').first().textContent()).toBe('stopping after this step')
  await shown.close()
})

test.concurrent('runs are added from the menu and removed at their line', async () => {
  const shown = await opened()
  const { page } = shown
  await page.locator('vscode-button', { hasText: 'Add run' }).click()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  expect((await shown.posted()).at(-1)).toEqual({ kind: 'addRun', id: 'full' })
  await shown.send({ kind: 'overlay', shown: shownOf({ ...before, id: 'full', name: 'full-2e5', seed: 3 }, 2) })
  expect(await page.locator('.aside tbody').first().locator('tr').count()).toBe(3)
  await page.getByRole('button', { name: 'Remove full-2e5' }).click()
  expect((await shown.posted()).at(-1)).toEqual({ kind: 'removeRun', id: 'full' })
  await page.waitForFunction(() => document.querySelectorAll('.aside tbody')[0]?.childElementCount === 2)
  expect(await shown.saved()).toMatchObject({ overlaid: [before.id] })
  await shown.close()
})

test.concurrent('what was set outlives a reload, and the state names the runs to bring back', async () => {
  const shown = await opened()
  const { page } = shown
  await page.getByRole('radio', { name: 'Epochs' }).click()
  await page.getByLabel('Smoothing').fill('0.9')
  await page.locator('vscode-checkbox', { hasText: 'Log y' }).click()
  await page.locator('vscode-button', { hasText: 'Rows of step 268' }).click()
  expect(await shown.saved()).toMatchObject({
    panel: 'run',
    id: live.id,
    overlaid: [before.id],
    view: { axis: 'epochs', weight: 0.9, log: true, step: 268 },
  })
  await page.reload()
  await shown.send(hydrateRun)
  expect(await page.getByRole('radio', { name: 'Epochs' }).getAttribute('aria-checked')).toBe('true')
  expect(await page.getByLabel('Smoothing').inputValue()).toBe('0.9')
  expect(await page.getByRole('heading', { name: 'Rows of step 268' }).isVisible()).toBe(true)
  expect((await shown.posted()).filter(m => m.kind === 'batch')).toHaveLength(1)
  expect(shown.complaints).toEqual([])
  await shown.close()
})

test.concurrent('a state of another shape does not break the panel', async () => {
  const shown = await opened({ view: { axis: 7, dismissed: 'x', weight: 'much', step: null, log: 1 } })
  expect(await shown.page.getByRole('radio', { name: 'Steps' }).getAttribute('aria-checked')).toBe('true')
  expect(shown.complaints).toEqual([])
  await shown.close()
})

test.concurrent('numbers and pictures leave the panel', async () => {
  const shown = await opened()
  const { page } = shown
  for (const choice of ['Numbers', 'SVG', 'PNG']) {
    await page.locator('vscode-button', { hasText: 'Export' }).click()
    await page.getByRole('menuitem').filter({ hasText: choice }).click()
  }
  const made = (await shown.posted()).filter(m => m.kind === 'export') as unknown as {
    format: string
    name: string
    content: string
  }[]
  expect(made.map(m => [m.format, m.name])).toEqual(['csv', 'svg', 'png'].map(f => [f, `lora-r16-2e4.${f}`]))
  const [csv, svg, png] = made.map(m => m.content) as [string, string, string]
  expect(csv.split('\r\n')).toHaveLength(1 + 412 + 936 + 1)
  const sizes = await page.evaluate(text => {
    const doc = new DOMParser().parseFromString(text, 'image/svg+xml')
    return [doc.querySelectorAll('parsererror').length, doc.querySelectorAll('path').length]
  }, svg)
  expect(sizes).toEqual([0, 6 + 2 + 2 + 4])
  expect(Buffer.from(png, 'base64').subarray(1, 4).toString()).toBe('PNG')
  await shown.close()
})

test.concurrent('the table shows the same numbers, and only the rows in sight exist', async () => {
  const shown = await opened()
  const { page } = shown
  await page.getByRole('button', { name: 'Table' }).click()
  const table = page.locator('#numbers')
  await table.waitFor()
  expect(await table.getAttribute('aria-rowcount')).toBe('413')
  expect(await table.locator('.grid-canvas .grid-row').count()).toBeLessThan(70)
  await table.locator('.grid-canvas .grid-row').first().focus()
  await page.keyboard.press('End')
  const last = table.locator('.grid-canvas .grid-row.sel')
  expect(await last.getAttribute('aria-rowindex')).toBe('413')
  expect(await last.locator('[role=gridcell]').nth(2).textContent()).toBe(fixed(run.series.loss.at(-1), 3))
  await table.getByRole('button', { name: 'Gradient norm' }).click()
  await table.getByRole('button', { name: 'Gradient norm' }).click()
  expect(await table.locator('.grid-canvas .grid-row').first().locator('[role=gridcell]').first().textContent()).toBe(
    '268',
  )
  await shown.close()
})

test.concurrent('nothing flickers: waiting is told after 200 ms only', async () => {
  const shown = await s.open({ panel: 'run' })
  expect(await shown.page.locator('.loading i').count()).toBe(1)
  await shown.send(hydrateRun)
  await shown.page.waitForTimeout(300)
  expect(await shown.page.locator('.loading').getAttribute('hidden')).toBe('')
  await shown.close()
})

test.concurrent('F6 goes from region to region and comes back', async () => {
  const shown = await opened()
  const regions: string[] = []
  for (let i = 0; i < 5; i++) {
    await shown.page.keyboard.press('F6')
    regions.push(
      await shown.page.evaluate(
        () => document.activeElement?.closest<HTMLElement>('[data-region]')?.dataset['region'] ?? '',
      ),
    )
  }
  expect(regions).toEqual(['Run', 'Curve settings', 'Charts', 'About this run', 'Run'])
  await shown.close()
})

test('pause, continue and another rate are asked for by button and by key; notes are kept', async () => {
  const shown = await s.open({ panel: 'run' })
  await shown.send(hydrateRun)
  const { page } = shown
  const asked = async (kind: string) => (await shown.posted()).filter(m => m.kind === kind)
  await page.getByRole('button', { name: 'Pause' }).click()
  expect(await asked('pause')).toEqual([{ kind: 'pause', id: live.id, paused: true }])
  const event = { kind: 'controlled', at: 1, step: 412, paused: true, factor: 1 }
  await shown.send({ kind: 'events', id: live.id, events: [event] })
  expect(await page.locator('.head [role=status]').textContent()).toBe('paused · step 412 of 936')
  await page.keyboard.press('p')
  expect((await asked('pause')).at(-1)).toEqual({ kind: 'pause', id: live.id, paused: false })
  await shown.send({ kind: 'events', id: live.id, events: [{ ...event, paused: false, factor: 0.5 }] })
  expect(await page.locator('.head [role=status]').textContent()).toMatch(/^running .* rate times 0.5$/)
  await page.getByRole('button', { name: 'Change rate', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Times 0.25' }).click()
  expect(await asked('rate')).toEqual([{ kind: 'rate', id: live.id, factor: 0.25 }])
  // No key acts while text is being typed.
  const notes = page.getByRole('textbox', { name: 'Notes about this run' })
  await notes.fill('')
  await notes.pressSequentially('pp lower rate')
  await notes.blur()
  expect(await asked('notes')).toEqual([{ kind: 'notes', id: live.id, text: 'pp lower rate' }])
  expect((await asked('pause')).length).toBe(2)
  expect(shown.complaints).toEqual([])
  await shown.close()
})

test('a long run is handed over in columns: the panel is the same as if it had come at once', async () => {
  const shown = await s.open({ panel: 'run' })
  const whole = shownOf(live, 0)
  const stretch = (from: number, to: number) =>
    Object.fromEntries(Object.entries(whole.run.series).map(([name, column]) => [name, column.slice(from, to)]))
  const head = { ...whole, run: { ...whole.run, series: stretch(0, 100) } }
  await shown.send({ kind: 'hydrate', shown: [head], others: [] })
  await shown.send({ kind: 'steps', id: live.id, series: stretch(100, 300) })
  await shown.send({ kind: 'steps', id: live.id, series: stretch(300, live.done) })
  const texts = () => shown.page.locator('.chart figcaption').allTextContents()
  const pieces = await texts()
  await shown.send({ kind: 'hydrate', shown: [whole], others: [] })
  expect(pieces).toEqual(await texts())
  expect(pieces[0]).toContain(fixed(whole.run.series.loss.at(-1), 3))
  await shown.close()
})
