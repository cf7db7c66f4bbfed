import { Failure } from '../../core/base/failure.ts'
import { table } from '../../core/eval/text.ts'
import { providerNames } from '../../core/train/runtime.ts'
import { type CudaPlan, installCuda, planBytes, planCuda, publishedAt, removeCuda } from '../cuda.ts'
import { cudaParts } from '../cudaParts.ts'
import type { DeviceReport } from '../device.ts'
import { ortPath } from '../ortPath.ts'
import { runWorker } from '../program.ts'
import type { Command, CommandIo } from './command.ts'
import { fetchingLines, size } from './fetching.ts'
import { oneOf, readOptions } from './options.ts'

export const command: Command = {
  name: 'device',
  summary: 'what this machine can train on, and what CUDA lacks here',
  usage: `winnow device [options]
winnow device install cuda --from <address> [--yes]
winnow device remove cuda

Tries each provider of ONNX Runtime and says whether it runs here, why not, and which one "auto" takes. Where there is CUDA
for the system, lists the libraries that it needs, where each was found, and what brings one that is missing. Libraries are taken
from your installation: a folder in LD_LIBRARY_PATH is looked into, and WINNOW_ORT names an installation of onnxruntime-node that
has its CUDA files.

install fetches what is missing of CUDA and ONNX Runtime's provider for it into your cache folder (Linux x64): it says what, from where,
how much and under which licences, asks, and checks each archive by its SHA-256. What broke off goes on with the next call. The NVIDIA
driver has to come from your system. remove takes all of it away again.

  --from <address>     where a Python package index, or your mirror of it, keeps its files (or WINNOW_CUDA_FROM)
  --yes                install without asking
  --format text|json   default text
`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, {
      command: 'device',
      most: 2,
      options: {
        format: { type: 'string', default: 'text' },
        from: { type: 'string' },
        yes: { type: 'boolean', default: false },
      },
    })
    const format = oneOf(values.format, ['text', 'json'], '--format')
    const [verb, what] = positionals
    if (verb !== undefined) {
      oneOf(verb, ['install', 'remove'], 'the first argument')
      oneOf(what, ['cuda'], `what to ${verb}`)
      if (verb === 'remove') return remove(io)
      const env = values.from === undefined ? process.env : { ...process.env, WINNOW_CUDA_FROM: values.from }
      return install(values.yes ? 'agreed' : 'ask', env, io)
    }
    const report = await askDevice(io)
    io.out(format === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : deviceText(report))
    return 0
  },
}

/** Tries everything in the process that owns the runtime. */
async function askDevice(io: CommandIo): Promise<DeviceReport> {
  let said = ''
  const err = (text: string) => {
    said += text
  }
  const { code, out } = await runWorker(['device', 'list'], { cwd: io.cwd, cancel: io.cancel, err })
  if (code !== 0) throw new Failure('device-failed', said.trim().split('\n').at(-1) || `It ended with code ${code}`)
  return JSON.parse(out) as DeviceReport
}

/** Says what will be fetched, asks, fetches, and says what became of it. */
async function install(consent: 'ask' | 'agreed', env: NodeJS.ProcessEnv, io: CommandIo): Promise<number> {
  const plan = planCuda(cudaParts, { source: ortPath(), env })
  io.err(planText(plan, publishedAt(env)))
  if (consent === 'ask') {
    if (!io.ask) throw new Failure('not-asked', 'Nobody can be asked here', 'Say --yes to install without a question')
    if (!/^\s*y(es)?\s*$/i.test(await io.ask('Fetch and unpack these? [y/N] '))) {
      io.err('Nothing was fetched.\n')
      return 0
    }
  }
  const home = await installCuda(plan, { cancel: io.cancel, env, progress: fetchingLines(io) })
  const cuda = (await askDevice(io)).providers.find(p => p.provider === 'cuda')
  io.out(`Installed in ${home.folder}, licences included. CUDA ${cuda?.said ?? 'was not tried'}.\n`)
  return 0
}

async function remove(io: CommandIo): Promise<number> {
  const bytes = await removeCuda(process.env)
  io.out(bytes === undefined ? 'CUDA was not installed by Winnow.\n' : `Removed: ${size(bytes)} are free again.\n`)
  return 0
}

/** What a plan would do, in lines. */
export function planText(plan: CudaPlan, place: string): string {
  const { fetched, kept } = planBytes(plan)
  const from = new URL(place).host
  return `${[
    `From ${from}, ${size(fetched)} to fetch, ${size(kept)} when unpacked, into ${plan.home.folder}:`,
    ...table([
      ['', 'size', 'licence', 'SHA-256'],
      ...plan.fetched.map(one => [`  ${one.name}`, size(one.bytes), one.licence, `${one.sha256.slice(0, 12)}…`]),
    ]),
    ...plan.found.map(({ archive, folder }) => `Here already: ${archive.name} in ${folder}`),
    ...plan.warnings.map(text => `Warning: ${text}`),
    'By installing you accept these licences.',
  ].join('\n')}\n`
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
      : ['', `To train with CUDA: ${[...new Set(missing.map(l => l.from))].join('; ')}`]),
  ].join('\n')}\n`
}
