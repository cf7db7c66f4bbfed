/*
 * `npm run bench -- gpu [cuda] [webgpu] [dry] [alone]`: tokens per second and memory of training on a GPU, CUDA and WebGPU, beside PyTorch
 * and PEFT on the same card: MiniLM's shape with LoRA and whole, a Llama shape of half a billion parameters with LoRA. One step
 * warms up (shaders, arenas), then ROUNDS rounds of STEPS steps; medians. `dry` takes tiny shapes, and the CPU where there is no CUDA; `alone` leaves PyTorch out.
 *
 * The bundle out/bench/gpu.mjs stands alone: on a machine with Node, the package onnxruntime-node (its folder in WINNOW_ORT, or one with
 * CUDA's files in WINNOW_CUDA_ORT) and a Python with torch, transformers and peft (PYTHON), run it beside test/bench/peers/speed.py
 * (SPEED_PY). `node test/tool/gpuPack.mjs` packs all of it, Node included, for a machine that has nothing but that Python. CUDA's libraries
 * are taken from the loader's path and from where PyTorch has its own. A provider that cannot be used is named with the reason, one that
 * takes longer than LIMIT seconds is ended, and figures are written after each line (BENCH_OUT). The operators of each are compared with the CPU first.
 */
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Provider } from '../../src/core/train/runtime.ts'
import { dryCases, gpuCases, type SpeedCase } from './speed/cases.ts'
import { serve } from './speed/child.ts'
import { Partner } from './speed/partner.ts'

const args = process.argv.slice(2)
if (args[0] === 'child') await serve()
const { env } = process
const root = process.cwd()
const dry = args.includes('dry')
const rounds = Number(env['ROUNDS'] ?? 5)
const steps = Number(env['STEPS'] ?? (dry ? 2 : 8))
const here = (paths: readonly string[]) => paths.find(path => existsSync(path))
const python = env['PYTHON'] ?? here([join(root, 'out/peers-venv/bin/python')]) ?? 'python3'
const script = env['SPEED_PY'] ?? here([join(root, 'test/bench/peers/speed.py'), join(root, 'speed.py')])
const known: readonly Provider[] = dry ? ['cuda', 'webgpu', 'cpu'] : ['cuda', 'webgpu']
const wanted = known.filter(provider => args.includes(provider))
const providers = wanted.length > 0 ? wanted : known
const limit = 1000 * Number(env['LIMIT'] ?? 100)
const out = env['BENCH_OUT'] ?? join(root, 'out/bench')
const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] as number

/** MB in use on the card, all processes together; undefined where no tool tells. */
function cardMemory(): number | undefined {
  try {
    const out = execFileSync('nvidia-smi', ['--query-gpu=memory.used', '--format=csv,noheader,nounits'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return Number(out.trim().split('\n')[0])
  } catch {
    return undefined
  }
}

interface Figures {
  readonly tokens: number
  /** MB more on the card than before; resident memory of the process beside it. */
  readonly card: number | undefined
  readonly resident: number
  readonly loss: number
}

/** Folders of CUDA's libraries that came with PyTorch. */
function torchLibraries(): string[] {
  const script =
    'import glob,os,torch\nroot=os.path.dirname(os.path.dirname(torch.__file__))\nprint(os.pathsep.join(glob.glob(root+"/nvidia/*/lib")+glob.glob(root+"/nvidia/*/*/lib")+[root+"/torch/lib"]))'
  try {
    const options: ExecFileSyncOptionsWithStringEncoding = { encoding: 'utf8', stdio: 'pipe', timeout: 60_000 }
    return execFileSync(python, ['-c', script], options).trim().split(delimiter)
  } catch {
    return []
  }
}

/** The environment of our side: the loader reads its path once, so a process has to be started with it. */
function environmentOf(provider: Provider): NodeJS.ProcessEnv {
  if (provider !== 'cuda') return env
  const runtime = env['WINNOW_CUDA_ORT']
  const path = [env['LD_LIBRARY_PATH'] ?? '', ...libraries].filter(folder => folder !== '').join(delimiter)
  return { ...env, LD_LIBRARY_PATH: path, ...(runtime ? { WINNOW_ORT: runtime } : {}) }
}

/** One trainer alone on the card: what it takes of it is the difference. */
async function measure(make: () => Partner, c: SpeedCase, device: Provider): Promise<Figures> {
  const before = cardMemory()
  const partner = make()
  const timer = setTimeout(() => partner.end(), limit)
  try {
    await partner.ask({ open: c, device, threads: 2 })
    const warm = await partner.ask({ run: steps })
    const times: number[] = []
    let last = warm
    for (let i = 0; i < rounds; i++) {
      last = await partner.ask({ run: steps })
      times.push((last.seconds ?? Number.NaN) / steps)
    }
    const after = cardMemory()
    return {
      tokens: (c.rows * c.length) / median(times),
      card: after === undefined || before === undefined ? undefined : after - before,
      resident: last.memory,
      loss: warm.loss ?? Number.NaN,
    }
  } finally {
    clearTimeout(timer)
    partner.end()
  }
}

const libraries = providers.includes('cuda') ? torchLibraries() : []
const mine = (provider: Provider) => () =>
  new Partner(process.execPath, [fileURLToPath(import.meta.url), 'child'], environmentOf(provider))
const theirs = () => new Partner(python, [script ?? ''])
const cell = (figures: Figures | string) =>
  typeof figures === 'string'
    ? figures
    : `${figures.tokens.toFixed(0)} tokens/s, card ${figures.card ?? '?'} MB, resident ${figures.resident} MB, loss ${figures.loss.toFixed(4)}`
const tried = (run: Promise<Figures>): Promise<Figures | string> =>
  run.catch((error: unknown) => `not measured: ${(error as Error).message}`)

mkdirSync(out, { recursive: true })
const table: { readonly name: string; readonly who: string; readonly figures: Figures | string }[] = []
for (const c of dry ? dryCases : gpuCases) {
  const told = (who: string, figures: Figures | string) => {
    table.push({ name: c.name, who, figures })
    process.stdout.write(`${c.name.padEnd(24)} ${who.padEnd(14)} ${cell(figures)}\n`)
    writeFileSync(join(out, 'gpu.json'), `${JSON.stringify({ rounds, steps, table }, null, 1)}\n`)
  }
  for (const provider of providers) told(`winnow ${provider}`, await tried(measure(mine(provider), c, provider)))
  const peer = args.includes('alone')
    ? Promise.resolve('left out')
    : script
      ? tried(measure(theirs, c, 'cuda'))
      : Promise.resolve('not measured: there is no speed.py')
  told('pytorch', await peer)
}
