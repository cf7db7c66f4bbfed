/* A graph as the bytes of an ONNX model (IR 10, opset 21, com.microsoft 1), through the generated protobuf types. */
import { create, toBinary } from '@bufbuild/protobuf'
import { never } from '../base/failure.ts'
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.ts'
import type { Attribute, Graph, Initializer, Node, Value } from './graph.ts'
import { dtypeNumbers } from './ops/elementwise.ts'
import { ShapeError } from './shape.ts'

/** `AttributeProto.AttributeType` of ONNX. */
const attributeTypes = { float: 1, int: 2, text: 3, tensor: 4, graph: 5, ints: 7 } as const

/** The model file of a graph, for `Runtime.load`. Stored tensors are copied into it, external ones only named. */
export function modelBytes(g: Graph): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: 10n,
    producerName: 'winnow',
    graph: graphProto(g),
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: '', version: 21n }),
      create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }),
    ],
  })
  return toBinary(ModelProtoSchema, model)
}

function graphProto(g: Graph): GraphProto {
  return create(GraphProtoSchema, {
    name: g.name,
    node: g.nodes.map(nodeProto),
    initializer: g.initializers.map(tensorProto),
    input: g.inputs.map(valueProto),
    output: g.outputs.map(valueProto),
  })
}

function nodeProto(node: Node) {
  return create(NodeProtoSchema, {
    name: node.name,
    opType: node.op,
    domain: node.domain,
    input: node.inputs.map(v => v?.name ?? ''),
    output: node.outputs.map(v => v.name),
    attribute: Object.entries(node.attributes).map(([name, attribute]) => attributeProto(name, attribute)),
  })
}

function attributeProto(name: string, attribute: Attribute): AttributeProto {
  const proto = create(AttributeProtoSchema, { name, type: attributeTypes[attribute.kind] })
  switch (attribute.kind) {
    case 'int':
      proto.i = BigInt(attribute.value)
      return proto
    case 'float':
      proto.f = attribute.value
      return proto
    case 'text':
      proto.s = ascii(attribute.value)
      return proto
    case 'ints':
      proto.ints = attribute.value.map(BigInt)
      return proto
    case 'tensor':
      proto.t = tensorProto(attribute.value)
      return proto
    case 'graph':
      proto.g = graphProto(attribute.value)
      return proto
  }
  return never(attribute)
}

function tensorProto({ value, data }: Initializer): TensorProto {
  const proto = create(TensorProtoSchema, {
    name: value.name,
    dataType: dtypeNumbers[value.dtype],
    dims: value.dims.map(dim => BigInt(dim)),
  })
  if (data instanceof Uint8Array) proto.rawData = data
  else {
    const entry = (key: string, text: string) => create(StringStringEntryProtoSchema, { key, value: text })
    proto.dataLocation = 1
    proto.externalData = [
      entry('location', data.location),
      entry('offset', String(data.offset)),
      entry('length', String(data.length)),
    ]
  }
  return proto
}

function valueProto(value: Value): ValueInfoProto {
  const dim = value.dims.map(d =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof d === 'number' ? { case: 'dimValue', value: BigInt(d) } : { case: 'dimParam', value: d },
    }),
  )
  const tensor = create(TypeProto_TensorSchema, {
    elemType: dtypeNumbers[value.dtype],
    shape: create(TensorShapeProtoSchema, { dim }),
  })
  return create(ValueInfoProtoSchema, {
    name: value.name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  })
}

/** String attributes are the fixed words of ONNX (`'add'`, `'RIGHT'`): ASCII. */
function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, char => {
    const code = char.charCodeAt(0)
    if (code > 127) throw new ShapeError(`attribute "${text}" is not ASCII`)
    return code
  })
}
