import type { Shown } from './stage.ts'

/** Puts `count` runs of `points` steps each into the page as `hydrate`: made there, since sending them is not what counts. */
export async function makeLongRuns({ page }: Shown, count: number, points: number): Promise<void> {
  await page.evaluate(
    ([count, n]) => {
      const column = (f: (i: number) => number) => new Float64Array(n).map((_, i) => f(i))
      const shared = {
        step: column(i => i + 1),
        epoch: column(i => i / n),
        at: column(i => i * 10),
        rate: column(i => 1e-4 * (1 - i / n)),
        tokens: column(() => 512),
        rows: column(() => 16),
        ms: column(() => 10),
      }
      const started = { steps: 1.2 * n, epochs: 3, provider: 'cpu', rows: { train: 1, validation: 1, test: 1 }, at: 0 }
      const run = (k: number) => ({
        ...{ id: `r${k}`, name: `r${k}`, phase: 'running', started, evaluated: [], saved: [], warned: [] },
        machine: { step: [], rss: [], gpu: [], gpuMemory: [] },
        series: {
          ...Object.fromEntries(Object.entries(shared).map(([name, values]) => [name, values.slice()])),
          loss: column(i => 2 * Math.exp((-5 * i) / n) + 0.2 + 0.1 * Math.sin(i * 12.9 + k)),
          norm: column(i => 1 + 0.5 * Math.sin(i * 7.1 + k)),
        },
      })
      Object.assign(globalThis, {
        hydrate: Array.from({ length: count }, (_, k) => ({ run: run(k), recipe: {}, color: k })),
      })
    },
    [count, points] as const,
  )
}

/** Shows them, sent as the editor does it; milliseconds by the clock until the frame with all curves has been drawn. */
export function showLongRuns({ page }: Shown): Promise<number> {
  return page.evaluate(`(async () => {
    const columns = hydrate.flatMap(({ run }) => Object.values(run.series).map(column => column.buffer))
    const start = performance.now()
    postMessage({ kind: 'hydrate', shown: hydrate, others: [] }, '*', columns)
    await new Promise(done => addEventListener('message', done, { once: true }))
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)))
    return performance.now() - start
  })()`) as Promise<number>
}

/** One more step of the first run each frame, `steps` times; milliseconds between frames. */
export function appendSteps({ page }: Shown, from: number, steps: number): Promise<number[]> {
  return page.evaluate(
    async ([from, steps]) => {
      const times: number[] = []
      let last = performance.now()
      for (let k = from; k < from + steps; k++) {
        const event = { kind: 'step', at: 1e6 + k, step: 1e5 + 1 + k, epoch: 1, loss: 0.3, rate: 1e-5, norm: 1 }
        const events = [{ ...event, rows: 16, tokens: 512, ms: 10 }]
        dispatchEvent(new MessageEvent('message', { data: { kind: 'events', id: 'r0', events } }))
        const now = await new Promise<number>(requestAnimationFrame)
        times.push(now - last)
        last = now
      }
      return times
    },
    [from, steps] as const,
  )
}
