import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { terminalOf } from '../../src/node/terminal.ts'
import { bundle } from '../tool/build.mjs'

function written(isTTY: boolean) {
  const all: string[] = []
  const stream = (name: string) => ({
    isTTY,
    writableNeedDrain: false,
    write: (text: string) => void all.push(`${name}:${text}`),
    once: () => {},
  })
  return { all, terminal: terminalOf(stream('out'), stream('err'), {}) }
}

describe('at a terminal', () => {
  test('a progress line is wiped before other text, whichever stream that goes to', () => {
    const { all, terminal } = written(true)
    terminal.err('\rorder 36 %\u001b[K\r')
    terminal.err('\rorder 40 %\u001b[K\r')
    terminal.out('test.csv\n')
    terminal.err('\rstep 3')
    terminal.err('warning\n')
    terminal.out('end\n')
    expect(all).toEqual([
      'err:\rorder 36 %\u001b[K\r',
      'err:\rorder 40 %\u001b[K\r',
      'err:\r\u001b[K',
      'out:test.csv\n',
      'err:\rstep 3',
      'err:\r\u001b[K',
      'err:warning\n',
      'out:end\n',
    ])
  })

  test('nothing of the data steers it, and colours stay', () => {
    const { all, terminal } = written(true)
    terminal.out('\u001b[1ma\u001b[0m \u001b]0;title\u0007 \u001b[2J b\rc\r\n\u202e\n')
    terminal.err('\u009b5A\n')
    expect(all).toEqual([
      'out:\u001b[1ma\u001b[0m \\u001b]0;title\\u0007 \\u001b[2J b\\u000dc\r\n\\u202e\n',
      'err:\\u009b5A\n',
    ])
  })
})

test('a program gets every character as it is', () => {
  const { all, terminal } = written(false)
  terminal.out('-a\u001b]0;\u0007\rb\r\n')
  expect([all, terminal.isTTY, terminal.watched]).toEqual([['out:-a\u001b]0;\u0007\rb\r\n'], false, false])
})

describe('the program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-terminal-'))
  const cli = join(folder, 'cli.cjs')
  beforeAll(() => bundle({ out: folder, only: ['cli'] }))
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each([
    [['chek'], 'winnow: There is no command "chek". Did you mean "check"?'],
    [['zzz'], /^winnow: There is no command "zzz"\. The commands are check, /],
    [['check', '--fail-no', 'error'], 'winnow: check has no option "--fail-no". Did you mean "--fail-on"?'],
    [['check', '--memory', '-5'], /^winnow: check: Option '--memory' argument is ambiguous\. winnow check --help/],
    [
      ['check', '--format', 'jsn'],
      'winnow: --format must be text, json, sarif or html, not "jsn". Did you mean "json"?',
    ],
    [['check', '--rule', 'leak'], /^winnow: --rule must be <id>=<severity>, not "leak"\. Such as --rule leak=warning/],
    [['device', 'install'], 'winnow: what to install is missing. Name it: cuda'],
    [['pairs'], 'winnow: pairs: an argument is missing. winnow pairs --help tells how it is used'],
  ])('says what is wrong with %j in one line', (args, says) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8' })
    expect([status, stdout, stderr.trimEnd().split('\n').length]).toEqual([2, '', 1])
    expect(stderr.trimEnd()).toMatch(says)
  })
})
