import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { eventLine, parseEvent, parseEvents, replay } from '../../../src/core/run/log.ts'
import { newRun, pace, plainRun, type Run, reduce, timeLeft } from '../../../src/core/run/run.ts'
import { exampleEvents } from './log.ts'

const golden = new URL('../../golden/', import.meta.url)

const log = exampleEvents().map(eventLine).join('')

/** What holds of every run, however far its log reaches. */
function expectValid(run: Run): void {
  const { series } = run
  const lengths = new Set(Object.values(series).map(column => column.length))
  expect(lengths.size).toBe(1)
  expect(series.step.every((step, i) => i === 0 || step > (series.step[i - 1] as number))).toBe(true)
  expect(['waiting', 'running', 'finished', 'stopped', 'failed']).toContain(run.phase)
  if (run.phase === 'waiting') expect(run.started).toBeUndefined()
  expect(run.saved.filter(s => s.best).length).toBeLessThanOrEqual(1)
  const left = timeLeft(run)
  if (left !== undefined) expect(left).toBeGreaterThanOrEqual(0)
}

describe('replay', () => {
  test('a recorded log reduces to the recorded run', () => {
    const logFile = new URL('run-resumed.jsonl', golden)
    const runFile = new URL('run-resumed.json', golden)
    if (process.env['UPDATE'] === '1') {
      writeFileSync(logFile, log)
      writeFileSync(
        runFile,
        `${JSON.stringify(plainRun(replay('example', 'Example', parseEvents(log))), undefined, 1)}\n`,
      )
    }
    const run = replay('example', 'Example', parseEvents(readFileSync(logFile, 'utf8')))
    expectValid(run)
    expect(JSON.parse(JSON.stringify(plainRun(run)))).toEqual(JSON.parse(readFileSync(runFile, 'utf8')))
  })

  test('the resumed run: each step once, the later one, and the state of the end', () => {
    const run = replay('example', 'Example', parseEvents(log))
    expect([...run.series.step]).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
    expect(run.phase).toBe('finished')
    expect(run.started?.from).toBe(20)
    expect(run.best?.step).toBe(40)
    expect(run.saved).toEqual([
      { step: 20, path: 'checkpoint-20', best: false },
      { step: 40, path: 'checkpoint-40', best: true },
    ])
    expect(run.evaluated.map(e => [e.split, e.step, e.of])).toEqual([
      ['validation', 20, undefined],
      ['validation', 40, undefined],
      ['test', 0, 'base'],
    ])
  })

  test('watching live gives the same run as replaying', () => {
    let live = newRun('example', 'Example')
    for (const event of parseEvents(log)) live = reduce(live, event)
    expect(live).toEqual(replay('example', 'Example', parseEvents(log)))
  })

  test('a log cut at any byte is a valid run', () => {
    const bytes = Buffer.from(log)
    let most = 0
    for (let end = 0; end <= bytes.length; end++) {
      // Whole lines only would be the easy case: the reader is handed the half line too, as after a crash.
      const run = replay('example', 'Example', parseEvents(bytes.subarray(0, end).toString('utf8')))
      expectValid(run)
      most = Math.max(most, run.series.step.length)
    }
    expect(most).toBe(40)
  }, 120_000)

  test('half a line of a killed process, and what a resumed one appended to it', () => {
    const [first, second] = exampleEvents().filter(e => e.kind === 'step')
    const line = eventLine(first as never).slice(0, 30) + eventLine(second as never)
    expect(parseEvents(line)).toEqual([second])
  })

  test('events of a later version and other text are passed over', () => {
    expect(parseEvents('{"kind":"paused","at":1}\n[]\nnull\n"step"\nhello\n\n')).toEqual([])
  })

  test('a loss that is not a number stays visible as such', () => {
    const step = exampleEvents().find(e => e.kind === 'step') as never
    const event = parseEvent(eventLine({ ...(step as object), loss: Number.NaN } as never))
    expect(event?.kind === 'step' && Number.isNaN(event.loss)).toBe(true)
  })
})

test('pace and time left come from the last steps', () => {
  const events = exampleEvents().slice(0, 12)
  const run = replay('example', 'Example', events)
  expect(run.phase).toBe('running')
  const rate = pace(run)?.rows as number
  expect(rate).toBeGreaterThan(16 / 0.052)
  expect(rate).toBeLessThan(16 / 0.047)
  expect(timeLeft(run) as number).toBeGreaterThan(30 * 47)
  expect(pace(newRun('x', 'x'))).toBeUndefined()
  expect(timeLeft(newRun('x', 'x'))).toBeUndefined()
})
