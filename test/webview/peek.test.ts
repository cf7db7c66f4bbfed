import { afterAll, beforeAll, test } from 'vitest'
import { before, compareHydrate, decidedPlan, ledgerOf, live, noisePlan, shownOf } from './fixtures.ts'
import { type Stage, shots, stage } from './stage.ts'

let s: Stage
beforeAll(async () => {
  s = await stage()
})
afterAll(async () => {
  await s?.close()
})
test('peek run', async () => {
  const p = await s.open({ panel: 'run' })
  await p.send({
    kind: 'hydrate',
    shown: [shownOf(live, 0), shownOf(before, 1)],
    others: [{ id: 'x', name: 'head-only', detail: 'yesterday' }],
  })
  await p.page.waitForTimeout(300)
  await p.page.screenshot({ path: shots + 'peek-run.png' })
  console.log(p.complaints)
})
test('peek compare', async () => {
  const p = await s.open({ panel: 'compare' })
  await p.send(compareHydrate(ledgerOf(decidedPlan)))
  await p.page.waitForTimeout(300)
  await p.page.screenshot({ path: shots + 'peek-compare.png' })
  console.log(p.complaints)
  await p.send(compareHydrate(ledgerOf(noisePlan)))
  await p.page.waitForTimeout(300)
  await p.page.screenshot({ path: shots + 'peek-noise.png' })
})
