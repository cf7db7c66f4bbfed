/*
 * `npm run bench -- rows [rows]`: the rows panel over a million rows, beside what is asked: opened within 1 s, a filter within
 * 300 ms, a sort within 1.5 s, 60 frames a second while it scrolls, and less than 300 MB in the process of the editor. The checking
 * process is the real one; the panel is the real bundle in Chromium, its messages handed on as the editor does.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FromRowsPanel, RowsClause, RowsHead } from '../../src/core/view/rowsProtocol.ts'
import { startChecker } from '../../src/node/checkerClient.ts'
import { stage } from '../webview/stage.ts'
import { sentences, writeRows } from './sentences.ts'

const rows = Number(process.argv[2] ?? 1_000_000)
const say = (line: string) => process.stdout.write(`${line}\n`)
const folder = mkdtempSync(join(tmpdir(), 'winnow-bench-'))
const quantile = (list: readonly number[], share: number) =>
  [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))]!
const timed = async <T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> => {
  const started = performance.now()
  const value = await work()
  return { value, ms: performance.now() - started }
}

const train = join(folder, 'train.jsonl')
writeRows(train, sentences(rows))
const memory = () => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1e6
}
const checker = startChecker({ worker: join(process.cwd(), 'dist/worker.cjs'), listener: { progress: () => {} } })
const page = await stage()
try {
  const view = 'bench'
  const files = [{ path: train, split: 'train' }]
  const open = (first = false) => checker.ask('rowsOpen', { view, name: 'many', files, first })
  const ask = async (message: FromRowsPanel, head: RowsHead): Promise<unknown> => {
    if (message.kind === 'query')
      return { kind: 'result', result: await checker.ask('rowsQuery', { view, query: message.query, of: message.of }) }
    if (message.kind === 'lines')
      return { kind: 'lines', ...(await checker.ask('rowsLines', { view, ...pick(message) })) }
    if (message.kind === 'detail')
      return { kind: 'detail', detail: await checker.ask('rowsDetail', { view, at: message.at }) }
    if (message.kind === 'ready') return { kind: 'hydrate', head, choices: [], chosen: 'bench', again: false }
    return undefined
  }
  const pick = ({ query, from, to }: Extract<FromRowsPanel, { kind: 'lines' }>) => ({ query, from, to })

  for (const [what, limit] of [
    ['cold: the file is read', 1000],
    ['warm: as after a check', 1000],
  ] as const) {
    const shown = await page.open({ panel: 'rows', still: false })
    const { ms } = await timed(async () => {
      const head = await open(what.startsWith('cold'))
      let answering = Promise.resolve()
      await shown.page.exposeFunction('relay', (text: string) => {
        answering = answering
          .then(async () => {
            const said = await ask(JSON.parse(text), head)
            // The page may be gone by then.
            if (said) await shown.send(said)
          })
          .catch(() => {})
      })
      await shown.page.evaluate(() => {
        const page = globalThis as unknown as { posted: unknown[]; relay(text: string): void }
        const push = page.posted.push.bind(page.posted)
        page.posted.push = (...all) => {
          for (const one of all) page.relay(JSON.stringify(one))
          return push(...all)
        }
      })
      await shown.send(await ask({ kind: 'ready' }, head))
      await shown.page.waitForFunction(
        () => (document.querySelector('.rows-row .text')?.textContent ?? '') !== '',
        undefined,
        { polling: 'raf' },
      )
    })
    say(`opened, ${what}: ${ms.toFixed(0)} ms until rows are on screen, ${(ms / limit).toFixed(2)} of the limit`)
    if (what.startsWith('cold')) {
      const { ms: rest } = await timed(() => open())
      say(`all of the file: ${rest.toFixed(0)} ms later`)
      await shown.close()
      continue
    }
    await shown.page.locator('.rows-head .some').first().waitFor({ state: 'attached' })
    for (const way of ['wheel', 'scrollbar'] as const) {
      const frames = (await shown.page.evaluate(`(async () => {
        const scroller = document.querySelector('.rows-scroll')
        const times = []
        let last = await new Promise(requestAnimationFrame)
        for (let i = 0; i < 240; i++) {
          if (${way === 'wheel'})
            scroller.dispatchEvent(new WheelEvent('wheel', { deltaY: 120, bubbles: true, cancelable: true }))
          else scroller.scrollTop += scroller.scrollHeight / 400
          const now = await new Promise(requestAnimationFrame)
          times.push(now - last)
          last = now
        }
        return times
      })()`)) as number[]
      const median = quantile(frames, 0.5)
      say(
        `scrolled by ${way}: ${(1000 / (frames.reduce((a, b) => a + b, 0) / frames.length)).toFixed(1)} frames/s (median frame ${median.toFixed(1)} ms, 95th percentile ${quantile(frames, 0.95).toFixed(1)} ms; asked 60)`,
      )
    }
    await shown.close()
  }

  await open()
  let query = 1
  const text = (value: string, regex = false): RowsClause => ({ kind: 'text', value, regex, matchCase: false })
  const time = async (clauses: readonly RowsClause[], sort?: { column: string; down: boolean }) => {
    const times: number[] = []
    let left = 0
    for (let i = 0; i < 5; i++) {
      const of = sort ? { clauses, sort } : { clauses }
      const { value, ms } = await timed(() => checker.ask('rowsQuery', { view, query: ++query, of }))
      times.push(ms)
      left = value.rows
    }
    return { ms: quantile(times, 0.5), least: Math.min(...times), left }
  }
  await time([])
  for (const [what, clauses] of [
    ['text that few rows have', [text('zyx')]],
    ['text that many rows have', [text('an')]],
    ['regular expression', [text('\\b(th|an).*e$', true)]],
    ['label', [{ kind: 'values', column: 'column:label', values: ['label0', 'label3'] }]],
    ['length', [{ kind: 'range', column: 'column:text', min: 40, max: 80 }]],
  ] as [string, RowsClause[]][]) {
    const { ms, least, left } = await time(clauses)
    say(
      `filter, ${what}: ${ms.toFixed(0)} ms (least ${least.toFixed(0)}), ${left} rows, ${(ms / 300).toFixed(2)} of the limit`,
    )
  }
  for (const column of ['column:text', 'column:label', 'findings', 'row']) {
    const { ms, least } = await time([], { column, down: true })
    say(`sort by ${column}: ${ms.toFixed(0)} ms (least ${least.toFixed(0)}), ${(ms / 1500).toFixed(2)} of the limit`)
  }
  say(
    `this process, in the place of the extension host, holds ${memory().toFixed(0)} MB (with the browser's driver; asked 300)`,
  )
} finally {
  checker.dispose()
  await page.close()
  rmSync(folder, { recursive: true, force: true })
}
