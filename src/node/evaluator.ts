import { readFileSync } from 'node:fs'
import { Failure } from '../core/base/failure.ts'
import type { EvaluateRequest } from '../core/eval/evaluation.ts'
import type { NamedTensor } from '../core/train/learner.ts'
import { headParameters } from '../core/train/models/classifier.ts'
import { parametersOf } from '../core/train/models/weights.ts'
import { applyHead, Predictor } from '../core/train/predict.ts'
import { type RecipeInput, resolveRecipe } from '../core/train/recipe.ts'
import type { Runtime } from '../core/train/runtime.ts'
import { listCheckpoints, readCheckpoint } from './checkpoint.ts'
import { checkpointLayout } from './export.ts'
import { finder, openEncoder, placeParameters } from './modelFolder.ts'
import { readData, readRecipe, readRun } from './runs.ts'
import { readFloats } from './safetensors.ts'
import type { TrainIo } from './trainer.ts'
import { baseHead, FeatureCache } from './trainModel.ts'
import { predictionsOf, writePredictions } from './trainScore.ts'
import { setUp, type TrainSetup } from './trainSetup.ts'

export interface EvaluateIo extends Pick<TrainIo, 'open' | 'models' | 'ending'> {
  readonly progress: (done: number, total: number) => void
}

/** Scores rows as the request says and writes the predictions to its `out`. Throws `Failure`. */
export async function evaluate(request: EvaluateRequest, io: EvaluateIo): Promise<void> {
  const { device, threads, of } = request
  const { runtime } = await io.open({ provider: device, ...(threads > 0 ? { threads } : {}) })
  const { setup, logits } =
    of.kind === 'model'
      ? await ofModel(runtime, of.folder, { request, io })
      : of.which === 'base'
        ? await ofBase(runtime, of.folder, { request, io })
        : await ofRun(runtime, { folder: of.folder, which: of.which }, { request, io })
  writePredictions(request.out, predictionsOf(setup, request.split, logits))
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
type Answer = { readonly setup: TrainSetup; readonly logits: Float32Array }

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
  const { base, model, weights, parameters } = setup
  const layout = checkpointLayout({ folder: base, pooling: model.pooling, labels: request.data.labels, recipe })
  const values = readCheckpoint(found.path, layout).published
  const predictor = await Predictor.load(runtime, { model, parameters, output: 'logits', ...external(weights) })
  return { setup, logits: await scan(predictor, setup, { values, request, io }) }
}

/** The untuned model of a run on other rows: its features' head is trained again, from the run's own training rows. */
async function ofBase(runtime: Runtime, folder: string, { request, io }: Asked): Promise<Answer> {
  const [recipe, data] = await Promise.all([readRecipe(folder), readData(folder)])
  const own = await setUp(folder, { recipe, data, models: io.models, splits: ['train'] })
  const asked = await setUp(folder, { recipe, data: request.data, models: io.models, splits: [request.split] })
  const { split } = request
  // Asked for its own training rows, both are the same.
  const encoded = { ...own.encoded, ...(split === 'train' ? {} : { [split]: asked.encoded[split] }) }
  const features = new FeatureCache(runtime, { ...own, encoded }, io.ending)
  const head = await baseHead(runtime, own, features)
  await features.fill([split])
  return { setup: asked, logits: applyHead(features.get(split), own.model.config.hidden, head) }
}

/** A folder in Hugging Face layout that has a head of its own. */
async function ofModel(runtime: Runtime, folder: string, { request, io }: Asked): Promise<Answer> {
  const input: RecipeInput = { model: folder, data: {}, method: { kind: 'head' }, batch: request.batch }
  const recipe = resolveRecipe(input, { hidden: openEncoder(folder).encoder.hidden })
  const setup = await setUp(folder, { recipe, data: request.data, models: io.models, splits: [request.split] })
  const { model, weights, base } = setup
  const head = placeParameters(base, headParameters(model), finder(base, base.family))
  const values = [...head].map(([name, place]): NamedTensor => ({ name, shape: place.shape, data: readFloats(place) }))
  const parameters = parametersOf(setup.division, weights)
  const predictor = await Predictor.load(runtime, { model, parameters, output: 'logits', ...external(weights) })
  return { setup, logits: await scan(predictor, setup, { values, request, io }) }
}

async function scan(
  predictor: Predictor,
  setup: TrainSetup,
  { values, request, io }: Asked & { readonly values: readonly NamedTensor[] },
): Promise<Float32Array> {
  const rows = setup.encoded[request.split]
  const total = rows.lengths.length
  try {
    const logits = await predictor.scan(rows, values, { limit: setup.limit, check: done => io.progress(done, total) })
    io.progress(total, total)
    return logits
  } finally {
    await predictor.release()
  }
}

const external = (weights: TrainSetup['weights']) => (weights.folder === undefined ? {} : { folder: weights.folder })
