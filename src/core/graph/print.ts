/* A graph as text, one line per value: for golden files, and for reading what a lowering made. */
import { never } from '../base/failure.ts'
import type { Attribute, Graph, Initializer, Node } from './graph.ts'
import { dimsText } from './shape.ts'

/** Inputs, initializers, nodes and outputs in order; bodies of `Loop` are indented. Large tensors show their size. */
export function printGraph(g: Graph, indent = ''): string {
  const lines = [
    `${indent}graph ${g.name} ${g.dtype} ${g.lowering}`,
    ...g.inputs.map(v => `${indent}in  ${v.name} ${v.dtype}${dimsText(v.dims)}`),
    ...g.initializers.map(i => `${indent}    ${initializerText(i)}`),
    ...g.nodes.map(node => nodeText(node, indent)),
    ...g.outputs.map(v => `${indent}out ${v.name} ${v.dtype}${dimsText(v.dims)}`),
  ]
  return lines.join('\n')
}

function nodeText(node: Node, indent: string): string {
  const outputs = node.outputs.map(v => `${v.name} ${v.dtype}${dimsText(v.dims)}`).join(', ')
  const inputs = node.inputs.map(v => v?.name ?? '-').join(', ')
  const op = node.domain ? `${node.domain}.${node.op}` : node.op
  const attributes = Object.entries(node.attributes).map(([name, a]) => ` ${name}=${attributeText(a, indent)}`)
  return `${indent}    ${outputs} = ${op}(${inputs})${attributes.join('')}`
}

function attributeText(attribute: Attribute, indent: string): string {
  switch (attribute.kind) {
    case 'int':
      return String(attribute.value)
    case 'float':
      return String(Math.fround(attribute.value))
    case 'text':
      return attribute.value
    case 'ints':
      return `[${attribute.value.join(',')}]`
    case 'tensor':
      return initializerText(attribute.value)
    case 'graph':
      return `{\n${printGraph(attribute.value, `${indent}  `)}\n${indent}    }`
  }
  return never(attribute)
}

function initializerText({ value, data }: Initializer): string {
  const head = `${value.name} ${value.dtype}${dimsText(value.dims)} =`
  if (!(data instanceof Uint8Array)) return `${head} ${data.location} at ${data.offset}, ${data.length} bytes`
  const numbers = data.byteLength <= 64 ? elements(value.dtype, data) : undefined
  return numbers ? `${head} ${numbers.join(' ')}` : `${head} ${data.byteLength} bytes`
}

function elements(dtype: string, data: Uint8Array): (number | bigint)[] | undefined {
  const buffer = data.slice().buffer
  switch (dtype) {
    case 'float32':
      return [...new Float32Array(buffer)]
    case 'float64':
      return [...new Float64Array(buffer)]
    case 'int64':
      return [...new BigInt64Array(buffer)]
    case 'int32':
      return [...new Int32Array(buffer)]
    case 'uint32':
      return [...new Uint32Array(buffer)]
    case 'bool':
    case 'uint8':
      return [...data]
    default:
      return undefined
  }
}
