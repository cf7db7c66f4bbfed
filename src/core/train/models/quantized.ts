/*
 * Frozen linear layers in blocks of 4 or 8 bits (the base of QLoRA, Dettmers et al. 2023; here round-to-nearest codes instead
 * of NF4, because ONNX Runtime has kernels for them). A layer `x` whose weight is quantized has, in place of the tensor
 * `x.weight`, the four of `quantizedNames`: the same bytes twice, for the product and for dequantization, which the backward
 * pass reads; scales; and zero points.
 *
 * A block is `block` numbers of a row that lie side by side along the input axis. Its scale is −m/2^(bits−1), where m is its
 * number of largest magnitude; a number is stored as the code round(w/scale) + 2^(bits−1), cut to what fits; code − 2^(bits−1)
 * times the scale is what it is from then on. So m itself is exact, zero is exact, and the error is at most half a scale,
 * but a whole one for a number near −m. Of two 4-bit codes in a byte the first is in the lower half.
 */
import type { Builder } from '../../graph/builder.ts'
import type { External, Value } from '../../graph/graph.ts'
import type { QuantizedWeight } from '../../graph/ops/quantized.ts'
import type { Frozen } from '../state.ts'
import type { BackboneOptions, LinearSpec, Lookup } from './architecture.ts'
import type { Weights } from './weights.ts'

/** Bits of a code. */
export type Bits = 4 | 8

/** Codes of a weight [rows, columns] row by row, and the scale of each block [rows, columns/block]. */
export interface QuantizedTensor {
  readonly codes: Uint8Array
  readonly scales: Float32Array
}

/** The form of quantized layers. */
export interface Blocks {
  readonly bits: Bits
  /** Numbers that share a scale: a power of two from 16 on that divides the columns. */
  readonly block: number
}

export interface QuantizedShape extends Blocks {
  /** Outputs and inputs of the layer. */
  readonly rows: number
  readonly columns: number
}

/** Can a layer of so many inputs be cut into such blocks? Others stay as they are. */
export const fitsBlocks = (columns: number, block: number): boolean => columns % block === 0

/** Rounds weights [rows, columns] (as Hugging Face stores them, [out, in]) to codes. */
export function quantize(weights: Float32Array, shape: QuantizedShape): QuantizedTensor {
  const { bits, block, rows, columns } = shape
  const middle = 2 ** (bits - 1)
  const blocks = columns / block
  if (!fitsBlocks(columns, block)) throw new Error(`${columns} columns are no blocks of ${block}`)
  const codes = new Uint8Array((rows * columns * bits) / 8)
  const scales = new Float32Array(rows * blocks)
  for (let b = 0; b < rows * blocks; b++) {
    const from = b * block
    let extreme = 0
    for (let i = from; i < from + block; i++) {
      const w = weights[i] as number
      if (Math.abs(w) > Math.abs(extreme)) extreme = w
    }
    // Rounded to float32 first: the codes are made with the scale that will be stored.
    const scale = Math.fround(-extreme / middle)
    scales[b] = scale
    const inverse = scale === 0 ? 0 : 1 / scale
    for (let i = from; i < from + block; i++) {
      const code = Math.min(2 * middle - 1, Math.max(0, Math.round((weights[i] as number) * inverse) + middle))
      if (bits === 8) codes[i] = code
      else codes[i >> 1] = (codes[i >> 1] as number) | (code << (i % 2 === 0 ? 0 : 4))
    }
  }
  return { codes, scales }
}

/** The numbers that codes stand for, [rows, columns]. */
export function dequantized({ codes, scales }: QuantizedTensor, shape: QuantizedShape): Float32Array {
  const { bits, block, rows, columns } = shape
  const middle = 2 ** (bits - 1)
  const out = new Float32Array(rows * columns)
  for (let i = 0; i < out.length; i++) {
    const code = bits === 8 ? (codes[i] as number) : ((codes[i >> 1] as number) >> (i % 2 === 0 ? 0 : 4)) & 15
    out[i] = (code - middle) * (scales[Math.floor(i / block)] as number)
  }
  return out
}

/** The tensors that stand for `layer.weight`. */
export const quantizedNames = (layer: string) => ({
  /** The codes as the product reads them: uint8 [rows, columns/block, block·bits/8]. */
  packed: `${layer}.weight.packed`,
  /** The same bytes as dequantization reads them: uint4 or uint8 [rows, columns]. */
  codes: `${layer}.weight.codes`,
  /** float32 [rows, columns/block]. */
  scales: `${layer}.weight.scales`,
  /** The middle code for each block, uint4 or uint8 [rows, columns/block]. */
  zeros: `${layer}.weight.zeros`,
})

type Stored = ArrayBufferView | { readonly external: External }

/** A linear layer that is stored quantized. */
export interface QuantizedLinear extends QuantizedShape {
  /** Tensor name without `.weight`. */
  readonly name: string
  /** The orientation of the plain tensor; that of the codes is always [out, in]. */
  readonly stored: LinearSpec['stored']
  readonly codes: Stored
  readonly scales: Stored
  /** Bytes of the middle code (0x88 or 0x80), at least half a byte or a byte for each block; made where left out. */
  readonly zeros?: Stored
}

/** How a graph gets the four tensors of a layer. */
export function quantizedParameters(layer: QuantizedLinear): Frozen[] {
  const { bits, block, rows, columns } = layer
  const names = quantizedNames(layer.name)
  const blocks = columns / block
  const dtype = bits === 4 ? 'uint4' : 'uint8'
  const zeros = layer.zeros ?? middleCodes(bits, rows * blocks)
  return [
    {
      kind: 'frozen',
      name: names.packed,
      dims: [rows, blocks, (block * bits) / 8],
      dtype: 'uint8',
      data: layer.codes,
    },
    { kind: 'frozen', name: names.codes, dims: [rows, columns], dtype, data: layer.codes },
    { kind: 'frozen', name: names.scales, dims: [rows, blocks], dtype: 'float32', data: layer.scales },
    { kind: 'frozen', name: names.zeros, dims: [rows, blocks], dtype, data: zeros },
  ]
}

/** The middle code for so many blocks. */
export const middleCodes = (bits: Bits, blocks: number): Uint8Array =>
  new Uint8Array(Math.ceil((blocks * bits) / 8)).fill(bits === 4 ? 0x88 : 0x80)

/** The product of layers whose weights are quantized; others take their plain weight. */
export function quantizedProduct(lookup: Lookup): NonNullable<BackboneOptions['product']> {
  return (g: Builder, { name, x }: { readonly name: string; readonly x: Value }) => {
    const names = quantizedNames(name)
    const packed = lookup(names.packed)
    if (!packed) return undefined
    const [codes, scales, zeros] = [names.codes, names.scales, names.zeros].map(lookup) as [Value, Value, Value]
    const block = Number(codes.dims[1]) / Number(scales.dims[1])
    const weight: QuantizedWeight = { packed, codes, scales, zeros, bits: codes.dtype === 'uint4' ? 4 : 8, block }
    return g.quantizedMatmul(x, weight)
  }
}

/** Weights some of whose linear layers are quantized. */
export interface QuantizedWeights extends Weights {
  stored(names: readonly string[]): string[]
}

/**
 * The weights `base` with quantized layers in place of their plain tensors. `values` gives the numbers that a layer's codes
 * stand for, [rows, columns]: what merging adapters reads, in the orientation of the plain tensor. Every other name is `base`'s.
 */
export function withQuantized(
  base: Weights,
  layers: readonly QuantizedLinear[],
  values: (layer: QuantizedLinear) => Float32Array,
): QuantizedWeights {
  const byWeight = new Map(layers.map(layer => [`${layer.name}.weight`, layer]))
  const parts = new Map(layers.flatMap(quantizedParameters).map(part => [part.name, part]))
  const stored = (names: readonly string[]) =>
    names.flatMap(name => {
      const layer = byWeight.get(name)
      return layer ? Object.values(quantizedNames(layer.name)) : [name]
    })
  return {
    ...(base.folder === undefined ? {} : { folder: base.folder }),
    names: stored([...new Set([...base.names, ...byWeight.keys()])]),
    stored,
    frozen: name => parts.get(name) ?? base.frozen(name),
    read: name => {
      const layer = byWeight.get(name)
      if (!layer) return base.read(name)
      const { rows, columns } = layer
      if (layer.stored === 'out-in') return { name, shape: [rows, columns], data: values(layer) }
      return { name, shape: [columns, rows], data: transposed(values(layer), rows, columns) }
    },
  }
}

/** [rows, columns] as [columns, rows]. */
export function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length)
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c] as number
  return out
}

/** Weights in memory with the given layers quantized; for models that are small, and for tests. */
export function quantizedInMemory(
  base: Weights,
  layers: readonly Pick<LinearSpec, 'name' | 'in' | 'out' | 'stored'>[],
  { bits, block }: Blocks,
): QuantizedWeights {
  const made = layers
    .filter(layer => fitsBlocks(layer.in, block))
    .map(({ name, stored, in: columns, out: rows }) => {
      const shape = { bits, block, rows, columns }
      const { data } = base.read(`${name}.weight`)
      const tensor = quantize(stored === 'out-in' ? data : transposed(data, columns, rows), shape)
      return { name, stored, ...shape, ...tensor, numbers: dequantized(tensor, shape) }
    })
  const numbers = new Map(made.map(layer => [layer.name, layer.numbers]))
  return withQuantized(base, made, layer => numbers.get(layer.name) as Float32Array)
}
