/* A trained model for other programs: merged weights in Hugging Face's layout, or ONNX that was held against the trained one. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import { random } from '../core/base/random.ts'
import { modelBytes } from '../core/graph/onnx.ts'
import { loweringFor, type NamedTensor } from '../core/train/learner.ts'
import { tunableOf } from '../core/train/methods/tunable.ts'
import { resolveMethod } from '../core/train/methods.ts'
import { buildInference } from '../core/train/models/inference.ts'
import { quantizedInMemory, quantizedProduct } from '../core/train/models/quantized.ts'
import { memoryWeights, parametersOf, type Weights } from '../core/train/models/weights.ts'
import { resolveRecipe } from '../core/train/recipe.ts'
import { float32, int64, type Runtime, type Tensor } from '../core/train/runtime.ts'
import { stateName } from '../core/train/state.ts'
import { buildEvaluation } from '../core/train/step.ts'
import { runCard } from './card.ts'
import { inPlace } from './checkpoint.ts'
import { copyTokenizer, type ExportedModel, exportLayout, writeConfig } from './export.ts'
import type { ExportReport, ExportRequest, ExportType } from './exporting.ts'
import { openStandalone, type Standalone } from './standalone.ts'

/** What may be lost: float32 but for rounding, blocks of 8 and 4 bits what their codes lose in every layer. */
const allowed: Readonly<Record<ExportType, number>> = { fp32: 1e-4, int8: 0.05, int4: 0.5 }
/** Larger files would not fit into one message of protobuf (2 GB): weights then lie beside the graph. */
const embedded = 1.5e9
/** Numbers that share a scale, as in QLoRA. */
const block = 32

/** Throws `Failure` (`not-empty`, `export-differs`, `disk-full`, and what opening the source says). */
export async function exportModel(
  request: ExportRequest,
  io: { readonly runtime: () => Promise<Runtime>; readonly models: readonly string[]; readonly embedBelow?: number },
): Promise<ExportReport> {
  const { source, form } = request
  const out = resolve(request.out)
  if (existsSync(out) && readdirSync(out).length > 0)
    throw new Failure('not-empty', `${out} is there already`, 'Name another folder, or delete it')
  const own = await openStandalone(source, io.models)
  mkdirSync(dirname(out), { recursive: true })
  let check: ExportReport['check']
  const card = own.recipe && (await runCard(source, form === 'merged' ? { form: 'model' } : { form: 'onnx' }))
  // The folder is whole or not there; what must be awaited comes before.
  if (form === 'merged') build(out, folder => writeMerged(own, folder, card))
  else {
    const runtime = await io.runtime()
    const graph = onnxFiles(own, request.type, io.embedBelow ?? embedded)
    build(out, folder => {
      for (const [name, data] of graph) writeFileSync(join(folder, name), data, { flush: true })
      writeConfig(folder, exportedOf(own))
      copyTokenizer(own.base.path, folder)
      copyTokenizer(own.folder, folder)
      if (card !== undefined) writeFileSync(join(folder, 'README.md'), card, { flush: true })
    })
    try {
      check = await compare(runtime, own, { out, allowed: allowed[request.type] })
    } catch (error) {
      // What answers otherwise, or cannot be opened, is of no use to anybody.
      rmSync(out, { recursive: true, force: true })
      throw error
    }
  }
  const files = readdirSync(out).sort()
  const bytes = files.reduce((n, file) => n + readFileSync(join(out, file)).length, 0)
  return { version: 1, out, files, bytes, ...(check ? { check } : {}) }
}

const nameOf = (path: string): string => path.slice(dirname(path).length).replace(/^[\\/]+/, '')

/** The model as one whose every tensor was trained: that is how it is laid out. */
function exportedOf({ base, kind, model, pooling, labels, recipe }: Standalone): ExportedModel {
  const plain = resolveRecipe(
    { model: base.path, data: {}, method: { kind: 'full' } },
    { hidden: base.backbone.sizes.hidden },
  )
  return {
    base,
    kind,
    model,
    pooling,
    labels,
    recipe: { ...(recipe ?? plain), method: resolveMethod({ kind: 'full' }) },
  }
}

const tensorsOf = ({ weights }: Pick<Standalone, 'weights'>): NamedTensor[] =>
  weights.names.map(name => weights.read(name))

/** A Hugging Face folder with the adapter worked in. */
function writeMerged(own: Standalone, folder: string, card: string | undefined): void {
  exportLayout(exportedOf(own)).write(folder, tensorsOf(own))
  copyTokenizer(own.folder, folder)
  if (card !== undefined) writeFileSync(join(folder, 'README.md'), card, { flush: true })
}

/** Fills the folder or leaves none. Throws `Failure` (`disk-full`). */
function build(out: string, fill: (folder: string) => void): void {
  try {
    inPlace(dirname(out), nameOf(out), fill)
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'disk-full') throw error
    throw new Failure(error.code, error.message, 'Free some space and export it again', { cause: error })
  }
}

/** `model.onnx`, and `model.onnx.data` where the weights are large. */
function onnxFiles(own: Standalone, type: ExportType, embedBelow: number): [name: string, data: Uint8Array][] {
  const plain = memoryWeights(tensorsOf(own))
  const linears = tunableOf(own.model, () => true).linears
  const weights: Weights =
    type === 'fp32' ? plain : quantizedInMemory(plain, linears, { bits: type === 'int8' ? 8 : 4, block })
  const graph = buildInference(own.model, weights)
  const bytes = graph.initializers.reduce((n, { data }) => n + (data instanceof Uint8Array ? data.length : 0), 0)
  if (bytes <= embedBelow) return [['model.onnx', modelBytes(graph)]]
  const data = new Uint8Array(graph.initializers.reduce((n, i) => n + aligned(sizeOfData(i.data)), 0))
  let offset = 0
  const moved = graph.initializers.map(initializer => {
    const own = initializer.data
    // Small constants stay: shapes are read before files are.
    if (!(own instanceof Uint8Array) || own.length < 1024) return initializer
    data.set(own, offset)
    const external = { location: 'model.onnx.data', offset, length: own.length }
    offset += aligned(own.length)
    return { ...initializer, data: external }
  })
  graph.initializers.splice(0, moved.length, ...moved)
  return [
    ['model.onnx', modelBytes(graph)],
    ['model.onnx.data', data.subarray(0, offset)],
  ]
}

const sizeOfData = (data: unknown): number => (data instanceof Uint8Array ? data.length : 0)
/** Offsets of mapped data are whole pages on some systems. */
const aligned = (bytes: number): number => Math.ceil(bytes / 4096) * 4096

/** Logits of random rows by the file and by the model as it was trained. Throws `Failure` (`export-differs`). */
async function compare(
  runtime: Runtime,
  own: Standalone,
  { out, allowed }: { readonly out: string; readonly allowed: number },
): Promise<NonNullable<ExportReport['check']>> {
  const rows = randomRows(own)
  const file = await runtime.load(readFileSync(join(out, 'model.onnx')), { folder: out })
  const reference = await referenceOf(runtime, own)
  let squares = 0
  let all = 0
  let largest = 0
  let otherBest = 0
  try {
    for (const { ids, mask } of rows) {
      const dims = [1, ids.length]
      const types = file.inputs.includes('token_type_ids')
        ? {
            token_type_ids: int64(
              ids.map(() => 0),
              dims,
            ),
          }
        : {}
      const got = await file.run({ input_ids: int64(ids, dims), attention_mask: int64(mask, dims), ...types })
      const { logits: want } = await reference.run({
        ...reference.fed,
        ids: int64(ids, dims),
        mask: float32(mask, dims),
      })
      const [a, b] = [got['logits'], want].map(t => t?.data as Float32Array) as [Float32Array, Float32Array]
      // Padding is answered, but nobody asks: the first rows of what is said for each token count.
      const width = own.model.head ? own.model.classes : own.model.backbone.sizes.vocab
      const count = own.kind.head === 'sequence' ? a.length : mask.filter(m => m > 0).length * width
      for (let at = 0; at < count; at += width) {
        const best = (x: Float32Array) =>
          x.subarray(at, at + width).reduce((top, v, i, s) => (v > (s[top] as number) ? i : top), 0)
        if (best(a) !== best(b)) otherBest++
      }
      for (let i = 0; i < count; i++) {
        const d = (a[i] as number) - (b[i] as number)
        squares += d * d
        all += (b[i] as number) ** 2
        largest = Math.max(largest, Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.abs(d))
      }
    }
  } finally {
    await file.release()
    await reference.release()
  }
  const relative = Math.sqrt(squares / Math.max(all, 1e-30))
  if (!(relative <= allowed))
    throw new Failure(
      'export-differs',
      `${out} answers otherwise than the trained model: its logits differ by ${(100 * relative).toPrecision(3)} %, ${100 * allowed} % are allowed`,
      'Export with more bits: --dtype fp32',
    )
  return { rows: rows.length, relative, largest, otherBest, allowed }
}

/** Rows of random tokens, some of them padded. */
function randomRows({ model }: Standalone): { readonly ids: number[]; readonly mask: number[] }[] {
  const { vocab, positions } = model.backbone.sizes
  const draw = random('export')
  return [3, 9, 16, 32].map((long, i) => {
    const length = Math.min(long, positions)
    const padding = i % 2 === 0 ? 0 : 2
    return {
      ids: Array.from({ length }, () => draw.int(vocab)),
      mask: Array.from({ length }, (_, s) => (s < length - padding ? 1 : 0)),
    }
  })
}

/** The model as it was trained, in the graph that scored it. */
async function referenceOf(runtime: Runtime, { trained }: Standalone) {
  const { model, division, weights, values } = trained
  const graph = buildEvaluation({
    parameters: parametersOf(division, weights),
    inputs: { ids: { dtype: 'int64', dims: ['B', 'S'] }, mask: { dtype: 'float32', dims: ['B', 'S'] } },
    layout: 'per-tensor',
    lowering: loweringFor(runtime.provider),
    outputs(g, { lookup, inputs }) {
      const { ids, mask } = inputs as Record<'ids' | 'mask', (typeof inputs)[string]>
      const wrapped = { ...(weights.stored ? { product: quantizedProduct(lookup) } : {}), ...model.wrap?.(lookup) }
      const hidden = model.backbone.hidden(g, lookup, { ids, mask }, wrapped)
      const { head } = model
      if (!head) return { logits: model.backbone.language.scores(g, lookup, g.flat2d(hidden)) }
      return { logits: head.scores(g, lookup, head.features(g, lookup, hidden, { mask, ...wrapped })) }
    },
  })
  const session = await runtime.load(modelBytes(graph), weights.folder === undefined ? {} : { folder: weights.folder })
  const fed: Record<string, Tensor> = {}
  for (const { name, shape, data } of values) fed[stateName('p', name)] = { dtype: 'float32', dims: shape, data }
  return { fed, run: session.run.bind(session), release: () => session.release() }
}
