/** The numbers of a NumPy file of float16, float64, uint16 or int64, version 1 header, C order. */
export function readNpy(bytes: Uint8Array): { readonly shape: readonly number[]; readonly values: Float64Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = 10 + view.getUint16(8, true)
  const header = Buffer.from(bytes.subarray(10, start)).toString('latin1')
  const type = /'descr': '<([a-z]\d)'/.exec(header)?.[1]
  const shape = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter(part => part.trim() !== '')
    .map(Number)
  const count = shape.reduce((a, b) => a * b, 1)
  const read = (i: number) => {
    if (type === 'f2') return half(view.getUint16(start + i * 2, true))
    if (type === 'f8') return view.getFloat64(start + i * 8, true)
    if (type === 'u2') return view.getUint16(start + i * 2, true)
    if (type === 'i8') return Number(view.getBigInt64(start + i * 8, true))
    throw new Error(`numbers of type ${type} in the header ${header}`)
  }
  return { shape, values: Float64Array.from({ length: count }, (_, i) => read(i)) }
}

function half(bits: number): number {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15)
  return bits & 0x8000 ? -size : size
}
