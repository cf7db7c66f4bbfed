import { readFileSync } from 'node:fs'
import { Failure } from '../core/base/failure.ts'
import type { EvaluateRequest } from '../core/eval/evaluation.ts'
import type { NamedTensor } from '../core/train/learner.ts'
import { startTensors } from '../core/train/models/start.ts'
import { type RecipeInput, resolveRecipe } from '../core/train/recipe.ts'
import type { Runtime } from '../core/train/runtime.ts'
import { Scanner } from '../core/train/scan.ts'
import type { Answers } from '../core/train/tasks/task.ts'
import { adapterBase, adapterPooling, isAdapter, openAdapter } from './adapterFolder.ts'
import { answersOf, type Writer } from './answering.ts'
import { listCheckpoints, readCheckpoint } from './checkpoint.ts'
import { checkpointLayout } from './export.ts'
import { FeatureCache } from './featureCache.ts'
import { findModel, openModel, placeHead } from './modelFolder.ts'
import { readData, readRecipe, readRun } from './runs.ts'
import { readFloats } from './safetensors.ts'
import type { TrainIo } from './trainer.ts'
import { baseAnswers, scanTokens } from './trainModel.ts'
import { predictionsOf, writePredictions } from './trainScore.ts'
import { setUp, type TrainSetup } from './trainSetup.ts'

export interface EvaluateIo extends Pick<TrainIo, 'open' | 'models' | 'ending'> {
  readonly progress: (done: number, total: number) => void
}

/** Scores rows as the request says and writes the predictions to its `out`. Throws `Failure`. */
export async function evaluate(request: EvaluateRequest, io: EvaluateIo): Promise<void> {
  const { device, threads, of } = request
  const { runtime } = await io.open({ provider: device, ...(threads > 0 ? { threads } : {}) })
  const { setup, answers, writer } =
    of.kind === 'model'
      ? await ofModel(runtime, of.folder, { request, io })
      : of.which === 'base'
        ? await ofBase(runtime, of.folder, { request, io })
        : await ofRun(runtime, { folder: of.folder, which: of.which }, { request, io })
  const written =
    writer &&
    (await answersOf(runtime, setup, {
      split: request.split,
      writer,
      limits: request.answers,
      clock: () => performance.now(),
      cancel: {
        get aborted() {
          return io.ending()
        },
      },
      progress: io.progress,
    }))
  writePredictions(request.out, predictionsOf(setup, request.split, { answers, ...(written ? { written } : {}) }))
}

/** A request file. Throws `Failure` (`bad-request`). */
export function readRequest(path: string): EvaluateRequest {
  try {
    const request = JSON.parse(readFileSync(path, 'utf8')) as EvaluateRequest
    if (request.version === 1) return request
  } catch (cause) {
    throw new Failure('bad-request', `${path} cannot be read: ${(cause as Error).message}`, '', { cause })
  }
  throw new Failure('bad-request', `${path} is no request that this version knows`)
}

interface Asked {
  readonly request: EvaluateRequest
  readonly io: EvaluateIo
}
type Answer = { readonly setup: TrainSetup; readonly answers: Answers; readonly writer: Writer | undefined }

async function ofRun(
  runtime: Runtime,
  { folder, which }: { readonly folder: string; readonly which: 'best' | 'last' | number },
  { request, io }: Asked,
): Promise<Answer> {
  const recipe = await readRecipe(folder)
  const setup = await setUp(folder, { recipe, data: request.data, models: io.models, splits: [request.split] })
  const checkpoints = listCheckpoints(folder)
  const { run } = await readRun(folder)
  const step = which === 'best' ? (run.best?.step ?? checkpoints.at(-1)?.step) : which
  const found = which === 'last' ? checkpoints.at(-1) : checkpoints.find(c => c.step === step)
  if (!found)
    throw new Failure(
      'no-checkpoint',
      `The run ${folder} has no checkpoint of ${typeof which === 'number' ? `step ${which}` : `its ${which} weights`}`,
      checkpoints.length > 0 ? `It has steps ${checkpoints.map(c => c.step).join(', ')}` : 'It has saved none yet',
    )
  const layout = checkpointLayout({ ...setup, labels: request.data.labels })
  const values = readCheckpoint(found.path, layout).published
  return { setup, answers: await scan(runtime, setup, { values, request, io }), writer: { ...setup, values } }
}

/** The untuned model of a run on other rows: its features' head is trained again, from the run's own training rows. */
async function ofBase(runtime: Runtime, folder: string, { request, io }: Asked): Promise<Answer> {
  const [recipe, data] = await Promise.all([readRecipe(folder), readData(folder)])
  const own = await setUp(folder, { recipe, data, models: io.models, splits: ['train'] })
  const asked = await setUp(folder, { recipe, data: request.data, models: io.models, splits: [request.split] })
  const { split } = request
  // Asked for its own training rows, both are the same.
  const encoded = { ...own.encoded, ...(split === 'train' ? {} : { [split]: asked.encoded[split] }) }
  const both = { ...own, encoded }
  const base = await baseAnswers(runtime, both, new FeatureCache(runtime, both, io.ending))
  if (!base)
    throw new Failure(
      'no-base',
      `Before tuning nothing can be said for the task ${own.kind.name} with the method ${recipe.method.kind}`,
      'Compare with another run',
    )
  try {
    return { setup: asked, answers: await base.answers(split), writer: base.writer }
  } finally {
    await base.release()
  }
}

/** An adapter in PEFT's layout, on the base model that it names. */
async function ofAdapter(runtime: Runtime, folder: string, { request, io }: Asked): Promise<Answer> {
  const task = request.data.task ?? 'classification'
  const named = adapterBase(folder)
  const model = findModel(named, folder, io.models)
  const { backbone } = openModel(model)
  const { method } = openAdapter(folder, backbone.architecture.prefix)
  const pooling = adapterPooling(folder)
  const input = { model, adapter: folder, data: {}, task, method, batch: request.batch, ...pooling } as RecipeInput
  const recipe = resolveRecipe(input, { hidden: backbone.sizes.hidden })
  const setup = await setUp(folder, { recipe, data: request.data, models: io.models, splits: [request.split] })
  const { division, start, weights } = setup
  const missing = division.trained.filter(spec => !start.some(t => t.name === spec.name))
  if (missing.length > 0)
    throw new Failure(
      'bad-adapter',
      `${folder} has no ${missing.map(spec => spec.name).join(', ')}`,
      'Save the head with the adapter: modules_to_save',
    )
  const values = startTensors(division, weights, { seed: 0, std: 0, adapter: start })
  return { setup, answers: await scan(runtime, setup, { values, request, io }), writer: { ...setup, values } }
}

/** A folder in Hugging Face layout that has a head of its own. */
async function ofModel(runtime: Runtime, folder: string, { request, io }: Asked): Promise<Answer> {
  if (isAdapter(folder)) return ofAdapter(runtime, folder, { request, io })
  const task = request.data.task ?? 'classification'
  const input: RecipeInput = { model: folder, data: {}, task, method: { kind: 'full' }, batch: request.batch }
  const recipe = resolveRecipe(input, { hidden: openModel(folder).backbone.sizes.hidden })
  const setup = await setUp(folder, { recipe, data: request.data, models: io.models, splits: [request.split] })
  const places = placeHead(setup.base, setup.model.head?.fresh ?? setup.model.backbone.language.parameters)
  const head = new Map(
    [...places].map(([name, place]) => [name, { name, shape: place.shape, data: readFloats(place) }]),
  )
  const values = setup.division.trained.map(({ name }): NamedTensor => head.get(name) ?? setup.weights.read(name))
  return { setup, answers: await scan(runtime, setup, { values, request, io }), writer: { ...setup, values } }
}

async function scan(
  runtime: Runtime,
  setup: TrainSetup,
  { values, request, io }: Asked & { readonly values: readonly NamedTensor[] },
): Promise<Answers> {
  const { kind, model, parameters, weights, limit } = setup
  const { lengths } = setup.encoded[request.split]
  const graph = kind.answers(model, setup.encoded[request.split])
  const folder = weights.folder === undefined ? {} : { folder: weights.folder }
  const scanner = await Scanner.load(runtime, { graph, parameters, tokens: scanTokens(setup), ...folder })
  try {
    const check = (done: number) => io.progress(done, lengths.length)
    const answers = await scanner.scan(graph, values, { lengths, limit, check })
    io.progress(lengths.length, lengths.length)
    return answers
  } finally {
    await scanner.release()
  }
}
