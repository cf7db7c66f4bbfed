/*
 * `npm run bench -- curves`: the run panel in Chromium with 20 runs of 100,000 points each. The first draw is asked to take
 * less than 150 ms, live appends to keep 60 frames a second (16.7 ms). Both by the clock, medians of five pages and the best
 * one (what the machine does besides is in the others), and in processor time of the page's thread.
 */
import { appendSteps, makeLongRuns, showLongRuns } from '../webview/longRuns.ts'
import { stage } from '../webview/stage.ts'

const say = (text: string) => process.stdout.write(`${text}\n`)
const middle = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number
const s = await stage()
const first: number[] = []
const worked: number[] = []
const frames: number[] = []
const perStep: number[] = []
for (let page = 0; page < 5; page++) {
  const shown = await s.open({ panel: 'run' })
  const devtools = await shown.page.context().newCDPSession(shown.page)
  await devtools.send('Performance.setTimeDomain', { timeDomain: 'threadTicks' })
  await devtools.send('Performance.enable')
  const spent = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics')
    return 1000 * (metrics.find(m => m.name === 'TaskDuration')?.value ?? Number.NaN)
  }
  await makeLongRuns(shown, 20, 100_000)
  const start = await spent()
  first.push(await showLongRuns(shown))
  worked.push((await spent()) - start)
  await appendSteps(shown, 0, 30)
  const before = await spent()
  frames.push(middle(await appendSteps(shown, 30, 120)))
  perStep.push(((await spent()) - before) / 120)
  await shown.close()
}
await s.close()
const line = (name: string, values: readonly number[], limit: number) =>
  say(
    `${name.padEnd(34)} median ${middle(values).toFixed(1)} ms (${(middle(values) / limit).toFixed(2)} of ${limit.toFixed(1)}), best ${Math.min(...values).toFixed(1)} ms`,
  )
say('20 runs x 100,000 points in Chromium')
line('first draw', first, 150)
line('first draw, processor time', worked, 150)
line('between two frames of live appends', frames, 1000 / 60)
line('one append, processor time', perStep, 1000 / 60)
