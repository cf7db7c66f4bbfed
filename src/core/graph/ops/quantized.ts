/* Products with frozen weights in blocks of 4 or 8 bits, read from the file as they lie. */
import { type External, type Graph, int, type Value, valueText } from '../graph.ts'
import { dimAt, ShapeError } from '../shape.ts'

export interface QuantizedWeight {
  /** uint8 [N, K/block, block·bits/8], for the forward product. */
  readonly packed: Value
  /** The same bytes declared again as uint4 or uint8 [N,K], for dequantization in the backward product. */
  readonly codes: Value
  /** float32 [N, K/block]. */
  readonly scales: Value
  /** The middle code for each block, uint4 or uint8 [N, K/block]. */
  readonly zeros: Value
  readonly bits: 4 | 8
  readonly block: number
}

export interface QuantizedSource {
  readonly bits: 4 | 8
  readonly block: number
  /** Rows (outputs) and columns (inputs) of the weight, as in Hugging Face [out,in]. */
  readonly rows: number
  readonly columns: number
  readonly codes: ArrayBufferView | { readonly external: External }
  readonly scales: ArrayBufferView | { readonly external: External }
}

/** Declares a quantized weight: the same bytes twice, no copy, since both layouts are byte-identical. */
export function quantizedWeight(g: Graph, name: string, source: QuantizedSource): QuantizedWeight {
  const { bits, block, rows, columns } = source
  if (columns % block !== 0) throw new ShapeError(`${name}: ${columns} columns are not blocks of ${block}`)
  const blocks = columns / block
  const dtype = bits === 4 ? 'uint4' : 'uint8'
  const middle = bits === 4 ? 0x88 : 0x80
  const zeros = new Uint8Array(Math.ceil((rows * blocks * bits) / 8)).fill(middle)
  return {
    packed: g.init(`${name}.packed`, source.codes, [rows, blocks, (block * bits) / 8], 'uint8'),
    codes: g.init(`${name}.codes`, source.codes, [rows, columns], dtype),
    scales: g.init(`${name}.scales`, source.scales, [rows, blocks], 'float32'),
    zeros: g.init(`${name}.zeros`, zeros, [rows, blocks], dtype),
    bits,
    block,
  }
}

/** x [...,K] times the transpose of a quantized weight [N,K]: contrib `MatMulNBits`. Only x gets a gradient. */
export function quantizedMatmul(g: Graph, x: Value, weight: QuantizedWeight): Value {
  const [n, k] = weight.codes.dims as [number, number]
  if (dimAt('QuantizedMatMul', x.dims, -1) !== k) {
    throw new ShapeError(`QuantizedMatMul: ${valueText(x)} does not fit the weight ${valueText(weight.codes)}`)
  }
  const { bits, block, packed, codes, scales, zeros } = weight
  const attributes = { K: int(k), N: int(n), bits: int(bits), block_size: int(block), accuracy_level: int(0) }
  const spec = { dtype: x.dtype, dims: [...x.dims.slice(0, -1), n] }
  return g.emit1('MatMulNBits', [x, packed, scales], attributes, spec, {
    domain: 'com.microsoft',
    rule: 'QuantizedMatMul',
    saved: { codes, scales, zeros },
  })
}

/** The weight as float32 [N,K]. */
export function dequantize(g: Graph, codes: Value, scales: Value, zeros: Value): Value {
  const columns = dimAt('DequantizeLinear', codes.dims, 1)
  const blocks = dimAt('DequantizeLinear', scales.dims, 1)
  const block = Number(columns) / Number(blocks)
  const spec = { dtype: scales.dtype, dims: codes.dims }
  return g.emit1('DequantizeLinear', [codes, scales, zeros], { axis: int(1), block_size: int(block) }, spec)
}
