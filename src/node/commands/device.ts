import { Failure } from '../../core/base/failure.ts'
import { table } from '../../core/eval/text.ts'
import { providerNames } from '../../core/train/runtime.ts'
import type { DeviceReport } from '../device.ts'
import { runWorker } from '../program.ts'
import type { Command } from './command.ts'
import { oneOf, readOptions } from './options.ts'

export const command: Command = {
  name: 'device',
  summary: 'what this machine can train on, and what CUDA lacks here',
  usage: `winnow device [options]

Tries each provider of ONNX Runtime and says whether it runs here, why not, and which one "auto" takes. Where there is CUDA
for the system, lists the libraries that it needs, where each was found, and what brings one that is missing. Nothing is
downloaded or changed: libraries are taken from your installation. A folder in LD_LIBRARY_PATH is looked into, and WINNOW_ORT
names an installation of onnxruntime-node that has its CUDA files.

  --format text|json   default text
`,
  async run(args, io) {
    const { values } = readOptions(args, {
      command: 'device',
      options: { format: { type: 'string', default: 'text' } },
    })
    const format = oneOf(values.format, ['text', 'json'], '--format')
    let said = ''
    const err = (text: string) => {
      said += text
    }
    const { code, out } = await runWorker(['device', 'list'], { cwd: io.cwd, cancel: io.cancel, err })
    if (code !== 0) throw new Failure('device-failed', said.trim().split('\n').at(-1) || `It ended with code ${code}`)
    const report = JSON.parse(out) as DeviceReport
    io.out(format === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : deviceText(report))
    return 0
  },
}

/** The report for people. */
export function deviceText({ system, auto, providers, libraries }: DeviceReport): string {
  const missing = libraries.filter(l => l.folder === undefined)
  const cuda = providers.some(p => p.provider === 'cuda' && p.usable)
  return `${[
    ...table([
      ['provider', 'here', 'matrix products'],
      ...providers.map(p => [
        providerNames[p.provider] + (p.provider === auto ? ' (auto)' : ''),
        p.said,
        p.rate === undefined ? '' : `${p.rate.toPrecision(3)} GFLOP/s`,
      ]),
    ]),
    ...(libraries.length === 0
      ? []
      : [
          '',
          `Libraries of CUDA (${system})`,
          ...table(libraries.map(l => [`  ${l.name}`, l.folder ?? `missing: ${l.from}`])),
        ]),
    ...(missing.length === 0 || cuda
      ? []
      : ['', `To train with CUDA, install: ${[...new Set(missing.map(l => l.from))].join('; ')}`]),
  ].join('\n')}\n`
}
