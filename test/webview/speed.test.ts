import { afterAll, beforeAll, expect, test } from 'vitest'
import { appendSteps, makeLongRuns, showLongRuns } from './longRuns.ts'
import { type Stage, stage } from './stage.ts'

let s: Stage
beforeAll(async () => {
  s = await stage()
})
afterAll(() => s?.close())

/** What the page's thread has worked, in milliseconds of its own processor time: other work of the machine is not in it. */
async function worked(metrics: { metrics: { name: string; value: number }[] }): Promise<number> {
  return 1000 * (metrics.metrics.find(m => m.name === 'TaskDuration')?.value ?? Number.NaN)
}

test('20 runs of 100,000 points: the first draw, and what one more step costs', async () => {
  const shown = await s.open({ panel: 'run' })
  const { page } = shown
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Performance.setTimeDomain', { timeDomain: 'threadTicks' })
  await devtools.send('Performance.enable')
  const now = async () => worked(await devtools.send('Performance.getMetrics'))
  await makeLongRuns(shown, 20, 100_000)
  const start = await now()
  await showLongRuns(shown)
  const first = (await now()) - start
  const append = async (from: number, steps: number) => {
    const before = await now()
    await appendSteps(shown, from, steps)
    return ((await now()) - before) / steps
  }
  const early = await append(0, 10)
  const each = await append(10, 60)
  console.log(
    `20 runs x 100,000 points: first draw ${first.toFixed(0)} ms of processor time, one more step ${each.toFixed(1)} ms (first ten ${early.toFixed(1)} ms)`,
  )
  // Several times what it takes, for slower machines: what it forbids is work that grows with the length of the runs.
  expect(first).toBeLessThan(4000)
  expect(each).toBeLessThan(250)
  expect(shown.complaints).toEqual([])
  await shown.close()
})
