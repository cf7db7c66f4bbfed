/* The self-test in the process that owns ONNX Runtime: every check, and that what is exported answers as what was trained. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { failureLine } from '../core/base/failure.ts'
import { planTraining } from '../core/train/methods/plan.ts'
import { tunableOf } from '../core/train/methods/tunable.ts'
import { initialTensors } from '../core/train/models/initial.ts'
import { parametersOf } from '../core/train/models/weights.ts'
import { type Provider, passedOver, type Runtime, type RuntimeChoice } from '../core/train/runtime.ts'
import { Scanner } from '../core/train/scan.ts'
import { type Check, type Checked, checks, passed } from '../core/train/selftest/selftest.ts'
import {
  furthest,
  type TinyInput,
  takeSteps,
  tinyBatches,
  tinyConfigs,
  tinyLearner,
  tinyModel,
  tinyRows,
} from '../core/train/selftest/tiny.ts'
import { classification } from '../core/train/tasks/classification.ts'
import { adapterTensors, openAdapter } from './adapterFolder.ts'
import { exportLayout } from './export.ts'
import { openModel, placeHead } from './modelFolder.ts'
import { readFloats, writeSafetensors } from './safetensors.ts'
import { folderWeights } from './weights.ts'

/** What `winnow selftest` tells. */
export interface SelftestReport {
  readonly version: 1
  readonly provider: string
  readonly threads: number
  /** Where it runs and why not elsewhere, where something was passed over. */
  readonly passedOver?: string
  readonly checks: readonly (Checked & { readonly passed: boolean; readonly error?: string })[]
  readonly seconds: number
  /** A program imitates the GPU, so each check took one method. */
  readonly quick?: true
}

/** GFLOP/s of matrix products below which a device is taken for a program that imitates one. */
const software = 30

/** Runs every check. One that breaks off counts as failed, with its reason. */
export async function selftest(
  device: Provider | 'auto',
  io: {
    readonly open: (request: {
      readonly provider: Provider | 'auto'
      readonly threads?: number
    }) => Promise<RuntimeChoice>
    readonly clock: () => number
    /** Told of each check when it is over, with the seconds it took. */
    readonly done: (name: string, seconds: number) => void
  },
): Promise<SelftestReport> {
  const began = io.clock()
  const choice = await io.open({ provider: device })
  const own = choice.runtime
  const cpu = own.provider === 'cpu' ? own : (await io.open({ provider: 'cpu' })).runtime
  const found: SelftestReport['checks'][number][] = []
  const rate = choice.attempts.find(a => a.provider === own.provider)?.rate ?? Number.POSITIVE_INFINITY
  const extent = own.provider !== 'cpu' && rate < software ? 'quick' : 'all'
  for (const [name, check] of Object.entries({ ...checks, exporting })) {
    const from = io.clock()
    try {
      found.push(...(await check({ own, cpu, extent })).map(one => ({ ...one, passed: passed(one) })))
    } catch (error) {
      found.push({
        name,
        on: '',
        found: Number.POSITIVE_INFINITY,
        allowed: 0,
        passed: false,
        error: failureLine(error),
      })
    }
    io.done(name, (io.clock() - from) / 1000)
  }
  const passing = passedOver(choice)
  return {
    version: 1,
    provider: own.provider,
    threads: own.threads,
    ...(passing === undefined ? {} : { passedOver: passing }),
    ...(extent === 'quick' ? { quick: true as const } : {}),
    checks: found,
    seconds: (io.clock() - began) / 1000,
  }
}

/** A run's folder, opened again by itself, gives the scores that the run had. */
export const exporting: Check = async ({ own, extent }) => {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-selftest-'))
  try {
    const lora = await exported(own, folder, ['LoRA', { method: { kind: 'lora', rank: 4 } }])
    if (extent === 'quick') return [lora]
    return [
      await exported(own, folder, ['full', { method: { kind: 'full' } }]),
      lora,
      await exported(own, folder, ['DoRA', { method: { kind: 'dora', rank: 4 } }]),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function exported(
  runtime: Runtime,
  parent: string,
  [name, input]: readonly [name: string, input: TinyInput],
): Promise<Checked> {
  const labels = ['a', 'b', 'c']
  const rows = tinyRows(40, 'class')
  const tiny = tinyModel(input)
  const learner = await tinyLearner(runtime, tiny, { rows, mode: 'steps' })
  await takeSteps(learner, tinyBatches(rows), { to: 6 })
  const trained = (await learner.state()).parameters
  await learner.release()
  const scores = async (
    model: Parameters<typeof classification.answers>[0],
    parameters: ReturnType<typeof parametersOf>,
    { values, at }: { readonly values: typeof trained; readonly at?: string },
  ) => {
    const graph = classification.answers(model, rows)
    const scanner = await Scanner.load(runtime, { graph, parameters, ...(at === undefined ? {} : { folder: at }) })
    const answers = await scanner.scan(graph, values, { lengths: rows.lengths, limit: 32 })
    await scanner.release()
    return answers.scores
  }
  const want = await scores(tiny.model, parametersOf(tiny.division, tiny.weights), { values: trained })

  const base = join(parent, 'base')
  mkdirSync(base, { recursive: true })
  writeFileSync(join(base, 'config.json'), JSON.stringify(tinyConfigs.encoder))
  writeSafetensors(join(base, 'model.safetensors'), initialTensors(tiny.whole.stored, 'weights', 0.1))
  const out = join(parent, name)
  mkdirSync(out)
  const opened = openModel(base)
  const layout = exportLayout({
    base: opened,
    kind: classification,
    model: tiny.bare,
    pooling: 'mean',
    labels,
    recipe: tiny.recipe,
  })
  layout.write(out, trained)
  const again = openModel(layout.prefix === '' ? out : base)
  const weights = folderWeights(again)
  const { division, wrap } = planTraining(tunableOf(tiny.bare), tiny.recipe)
  const model = wrap ? { ...tiny.bare, wrap } : tiny.bare
  const adapter = layout.prefix !== '' && openAdapter(out, again.backbone.architecture.prefix)
  const head = placeHead(again, adapter ? [] : (tiny.bare.head?.fresh ?? []))
  const values = adapter
    ? adapterTensors(adapter, tiny.whole)
    : division.trained.map(spec => {
        const place = head.get(spec.name)
        return place ? { name: spec.name, shape: place.shape, data: readFloats(place) } : weights.read(spec.name)
      })
  const at = weights.folder === undefined ? {} : { at: weights.folder }
  const got = await scores(model, parametersOf(division, weights), { values, ...at })
  return { name: 'an exported model answers as the trained', on: name, found: furthest(got, want), allowed: 1e-5 }
}
