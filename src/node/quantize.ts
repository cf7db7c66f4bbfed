/*
 * The cache of quantized models: one file beside others in `.winnow/models-cache`, made from a model folder tensor by tensor
 * and read in place afterwards. It holds the codes and scales of every linear layer whose inputs are whole blocks, and
 * everything else as 32-bit floats, so that a graph maps all of it from one folder and nothing is widened at load.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Cancel, checkCancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import type { LinearSpec } from '../core/train/models/architecture.ts'
import {
  type Bits,
  type Blocks,
  dequantized,
  fitsBlocks,
  middleCodes,
  type QuantizedLinear,
  type QuantizedWeights,
  quantize,
  transposed,
  withQuantized,
} from '../core/train/models/quantized.ts'
import type { Weights } from '../core/train/models/weights.ts'
import type { BackboneFolder } from './modelFolder.ts'
import {
  readBytes,
  readFloats,
  readHeader,
  streamSafetensors,
  type TensorData,
  type TensorPlace,
} from './safetensors.ts'

export interface QuantizeOptions extends Blocks {
  readonly cancel?: Cancel
  /** Told the share that is done, 0 to 1. */
  readonly onProgress?: (share: number) => void
}

/** Changes when files of older versions must not be read. */
const version = '1'
const zerosName = 'winnow.zeros'
/** Numbers converted at once. */
const chunk = 1 << 21

/** Where quantized models of a workspace are kept. */
export const quantizedFolder = (root: string): string => join(root, '.winnow', 'models-cache')

/**
 * The quantized weights of a model, from the cache folder or put there first. The name of the file depends on the weight
 * files (path, size, time) and the options, so a changed model is quantized anew, and its old file deleted. Throws `Failure` (`no-space` and others of
 * the file system), `Cancelled`.
 */
export async function quantizedModel(
  model: BackboneFolder,
  cache: string,
  options: QuantizeOptions,
): Promise<QuantizedWeights> {
  const { bits, block } = options
  const stats = model.files.map(file => statSync(file))
  const form = `${model.name}-int${bits}-${block}-${hashOf(model.files.join('\n'))}`
  const state = hashOf([version, ...stats.map(({ size, mtimeMs }) => `${size} ${mtimeMs}`)].join('\n'))
  const file = join(cache, `${form}-${state}.safetensors`)
  const linears = model.backbone.linears()
  if (!existsSync(file)) {
    mkdirSync(cache, { recursive: true })
    // Its own name for each process: two runs may quantize the same model at once.
    const part = `${file}.${process.pid}.part`
    try {
      await writeQuantized(part, { places: model.places, linears }, options)
      renameSync(part, file)
      deleteOlder(cache, form, basename(file))
    } catch (cause) {
      rmSync(part, { force: true })
      const { code } = cause as NodeJS.ErrnoException
      if (code !== 'ENOSPC') throw cause
      throw new Failure('no-space', `${cache}: the disk is full`, 'Free some space; nothing was changed', { cause })
    }
  }
  return openQuantized(file, linears)
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8)

/** Files of earlier states of the same model: gigabytes that nothing would read again. */
function deleteOlder(cache: string, form: string, kept: string): void {
  for (const name of readdirSync(cache)) {
    if (!name.startsWith(`${form}-`) || !name.endsWith('.safetensors') || name === kept) continue
    try {
      rmSync(join(cache, name))
    } catch {
      // Windows keeps a file that another run has mapped; the next change of the model finds it again.
    }
  }
}

/** Writes the quantized form of tensors into a file. Memory: a few chunks of 2 million numbers, not the model. */
export async function writeQuantized(
  file: string,
  model: { readonly places: ReadonlyMap<string, TensorPlace>; readonly linears: readonly LinearSpec[] },
  { bits, block, cancel, onProgress }: QuantizeOptions,
): Promise<void> {
  const { layers, zeros, layout, metadata } = layoutQuantized(
    [...model.places].map(([name, { shape }]) => ({ name, shape })),
    model.linears,
    { bits, block },
  )
  const all = [...model.places.values()].reduce((n, place) => n + place.bytes, 0)
  let done = 0
  function* pieces(): Iterable<TensorData['data']> {
    yield zeros
    for (const [name, place] of model.places) {
      const layer = layers.get(name)
      const scales: Float32Array[] = []
      for (const numbers of floatsOf(place, layer)) {
        if (cancel) checkCancel(cancel)
        if (!layer) yield numbers
        else {
          const rows = numbers.length / layer.in
          const tensor = quantize(numbers, { bits, block, rows, columns: layer.in })
          scales.push(tensor.scales)
          yield tensor.codes
        }
        done += (place.bytes * numbers.length) / countOf(place)
        onProgress?.(done / all)
      }
      yield* scales
    }
  }
  await streamSafetensors(file, layout, { pieces: pieces(), metadata })
}

/**
 * What a file of quantized weights holds, in its order: the zero points that all layers share, then every tensor, or the
 * codes and scales of it.
 */
export function layoutQuantized(
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
  linears: readonly LinearSpec[],
  { bits, block }: Blocks,
) {
  const layers = new Map(
    linears.filter(layer => fitsBlocks(layer.in, block)).map(layer => [`${layer.name}.weight`, layer]),
  )
  const sizes = [...layers.values()].map(layer => (layer.out * layer.in) / block)
  // Whole multiples of 64 bytes, so that what follows is aligned.
  const zeros = middleCodes(bits, Math.ceil(Math.max(1, ...sizes) / 128) * 128)
  const layout: Omit<TensorData, 'data'>[] = [{ name: zerosName, dtype: 'U8', shape: [zeros.length] }]
  for (const { name, shape } of tensors) {
    const layer = layers.get(name)
    if (!layer) layout.push({ name, shape })
    else
      layout.push(
        { name: `${name}.codes`, dtype: 'U8', shape: [layer.out, (layer.in * bits) / 8] },
        { name: `${name}.scales`, shape: [layer.out, layer.in / block] },
      )
  }
  const metadata = { format: 'pt', quantized: `winnow ${version}`, bits: String(bits), block: String(block) }
  return { layers, zeros, layout, metadata }
}

/** A tensor as floats, some rows at a time; the weight of a layer in rows of outputs. */
function* floatsOf(place: TensorPlace, layer: LinearSpec | undefined): Iterable<Float32Array> {
  const total = countOf(place)
  if (layer?.stored === 'in-out') {
    yield transposed(readFloats(place), layer.in, layer.out)
    return
  }
  const width = place.bytes / total
  const columns = layer?.in ?? 1
  const step = Math.max(1, Math.floor(chunk / columns)) * columns
  for (let at = 0; at < total; at += step) {
    const count = Math.min(step, total - at)
    yield readFloats({ ...place, offset: place.offset + at * width, bytes: count * width })
  }
}

const countOf = (place: TensorPlace): number => place.shape.reduce((a, b) => a * b, 1)

/** The weights in a file of `writeQuantized`, mapped. Throws `Failure` (`bad-safetensors`). */
export function openQuantized(file: string, linears: readonly LinearSpec[]): QuantizedWeights {
  const { tensors, metadata } = readHeader(file)
  const bits = Number(metadata['bits']) as Bits
  const block = Number(metadata['block'])
  if (metadata['quantized'] !== `winnow ${version}` || (bits !== 4 && bits !== 8) || !(block > 0))
    throw new Failure('bad-safetensors', `${file} is no quantized model of this version`, 'Delete it')
  const place = (name: string): TensorPlace => {
    const found = tensors.get(name)
    if (!found) throw new Failure('bad-safetensors', `${file} lacks ${name}`, 'Delete it, so that it is made again')
    return found
  }
  const external = ({ offset, bytes }: TensorPlace, length = bytes) => ({
    external: { location: basename(file), offset, length },
  })
  const layers = linears
    .filter(layer => tensors.has(`${layer.name}.weight.codes`))
    .map(({ name, stored, in: columns, out: rows }): QuantizedLinear => {
      const zeros = external(place(zerosName), Math.ceil((rows * columns * bits) / block / 8))
      const [codes, scales] = [external(place(`${name}.weight.codes`)), external(place(`${name}.weight.scales`))]
      return { name, stored, bits, block, rows, columns, codes, scales, zeros }
    })
  const own = new Set([zerosName, ...layers.flatMap(l => [`${l.name}.weight.codes`, `${l.name}.weight.scales`])])
  const base: Weights = {
    folder: dirname(file),
    names: [...tensors.keys()].filter(name => !own.has(name)),
    frozen: name => ({
      kind: 'frozen',
      name,
      dims: place(name).shape,
      dtype: 'float32',
      data: external(place(name)),
    }),
    read: name => ({ name, shape: place(name).shape, data: readFloats(place(name)) }),
  }
  return withQuantized(base, layers, layer => {
    const codes = place(`${layer.name}.weight.codes`)
    const scales = readFloats(place(`${layer.name}.weight.scales`))
    return dequantized({ codes: readBytes(file, codes.offset, codes.bytes), scales }, layer)
  })
}
