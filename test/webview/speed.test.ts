import { afterAll, beforeAll, expect, test } from 'vitest'
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
  await page.evaluate(() => {
    const n = 100_000
    const column = (f: (i: number) => number) => Array.from({ length: n }, (_, i) => f(i))
    const shared = {
      step: column(i => i + 1),
      epoch: column(i => i / n),
      at: column(i => i * 10),
      rate: column(i => 1e-4 * (1 - i / n)),
      tokens: column(() => 512),
      rows: column(() => 16),
      ms: column(() => 10),
    }
    const started = { steps: 120_000, epochs: 3, provider: 'cpu', rows: { train: 1, validation: 1, test: 1 }, at: 0 }
    const run = (k: number) => ({
      ...{ id: `r${k}`, name: `r${k}`, phase: 'running', started, evaluated: [], saved: [], warned: [] },
      series: {
        ...Object.fromEntries(Object.entries(shared).map(([name, values]) => [name, [...values]])),
        loss: column(i => 2 * Math.exp((-5 * i) / n) + 0.2 + 0.1 * Math.sin(i * 12.9 + k)),
        norm: column(i => 1 + 0.5 * Math.sin(i * 7.1 + k)),
      },
    })
    Object.assign(globalThis, {
      hydrate: Array.from({ length: 20 }, (_, k) => ({ run: run(k), recipe: {}, color: k })),
    })
  })
  const frames = `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))`
  const start = await now()
  await page.evaluate(
    `dispatchEvent(new MessageEvent('message', { data: { kind: 'hydrate', shown: hydrate, others: [] } })), ${frames}`,
  )
  const first = (await now()) - start
  const append = async (from: number, steps: number) => {
    const before = await now()
    await page.evaluate(
      async ([from, steps]) => {
        for (let k = from; k < from + steps; k++) {
          const event = { kind: 'step', at: 1e6 + k, step: 1e5 + 1 + k, epoch: 1, loss: 0.3, rate: 1e-5, norm: 1 }
          const events = [{ ...event, rows: 16, tokens: 512, ms: 10 }]
          dispatchEvent(new MessageEvent('message', { data: { kind: 'events', id: 'r0', events } }))
          await new Promise(requestAnimationFrame)
        }
      },
      [from, steps] as const,
    )
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
