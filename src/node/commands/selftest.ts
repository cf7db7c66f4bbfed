import { Failure } from '../../core/base/failure.ts'
import { table } from '../../core/eval/text.ts'
import { providerNames } from '../../core/train/runtime.ts'
import { runWorker } from '../program.ts'
import type { SelftestReport } from '../selftest.ts'
import type { Command } from './command.ts'
import { oneOf, readOptions } from './options.ts'

export const command: Command = {
  name: 'selftest',
  summary: 'check that training computes here what it should',
  usage: `winnow selftest [options]

Tries on small models, with the provider that runs here, what must be true whatever is trained: pieces of a batch add up to
the batch; a resumed run has the same bits; Loop equals step by step; merged equals unmerged, exported equals trained, packed
equals apart; the provider learns as the CPU; and the gradient of every operator is what its loss does. Exit code 1 when a
check fails.

Where a program imitates a graphics card (SwiftShader, llvmpipe), each check takes one method, or it would take minutes.

  --device <name>      cpu, cuda, webgpu, dml or coreml; auto takes the fastest that works (default cpu)
  --format text|json   default text
`,
  async run(args, io) {
    const { values } = readOptions(args, {
      command: 'selftest',
      options: { device: { type: 'string', default: 'cpu' }, format: { type: 'string', default: 'text' } },
    })
    const format = oneOf(values.format, ['text', 'json'], '--format')
    const device = oneOf(values.device, ['auto', ...Object.keys(providerNames)], '--device')
    let said = ''
    const err = (text: string) => {
      said += text
      for (const [, name, seconds] of text.matchAll(/^(\w+) (\d+\.\d)$/gm))
        if (io.watched || device !== 'cpu') io.err(`${name}: ${seconds} s\n`)
    }
    const { code, out } = await runWorker(['selftest', device], { cwd: io.cwd, cancel: io.cancel, err })
    if (code !== 0 || out === '')
      throw new Failure('selftest-failed', said.trim().split('\n').at(-1) || `The self-test ended with code ${code}`)
    const report = JSON.parse(out) as SelftestReport
    io.out(format === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(report))
    return report.checks.every(check => check.passed) ? 0 : 1
  },
}

const quickNote =
  'A program imitates a graphics card here, which is slow: each check took one method. On a card all of them are tried.'

function reportText({ checks, provider, threads, seconds, passedOver, quick }: SelftestReport): string {
  const number = (x: number | null) => (x === null ? 'no number' : x === 0 ? '0' : x.toExponential(1))
  const lines = table([
    ['', 'check', 'on', 'difference', 'allowed'],
    ...checks.map(c => [c.passed ? 'ok' : 'FAILED', c.name, c.error ?? c.on, number(c.found), number(c.allowed)]),
  ])
  const failed = checks.filter(c => !c.passed).length
  const sum = failed === 0 ? `all ${checks.length} hold` : `${failed} of ${checks.length} fail`
  const on = `${provider}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${seconds.toFixed(1)} s`
  return `${[...lines, '', `${sum} (${on})`, ...(passedOver ? [passedOver] : []), ...(quick ? [quickNote] : [])].join('\n')}\n`
}
