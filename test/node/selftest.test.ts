import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import type { SelftestReport } from '../../src/node/selftest.ts'
import { bundle } from '../tool/build.mjs'

const programs = fileURLToPath(new URL('../../out/selftest-test', import.meta.url))
beforeAll(() => bundle({ out: programs, only: ['cli', 'worker'] }), 120_000)

const winnow = (...args: string[]) =>
  spawnSync(process.execPath, [join(programs, 'cli.cjs'), ...args], { encoding: 'utf8' })

test('all checks hold on the CPU, with figures', () => {
  const { status, stdout, stderr } = winnow('selftest', '--format', 'json')
  expect(stderr).toBe('')
  const report = JSON.parse(stdout) as SelftestReport
  expect(report.checks.filter(c => !c.passed)).toEqual([])
  expect(status).toBe(0)
  const names = new Set(report.checks.map(c => c.name))
  expect(names.size).toBeGreaterThanOrEqual(9)
  // What is compared is not the same thing twice: rounding shows.
  expect(report.checks.filter(c => c.allowed > 0 && c.found > 0).length).toBeGreaterThan(8)
})

test('a provider that is not there is one line', () => {
  const { status, stdout, stderr } = winnow('selftest', '--device', 'cuda')
  if (status === 0) return // A machine with CUDA.
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^winnow: CUDA cannot be used here: it [^\n]+\n$/)
})
