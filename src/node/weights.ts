import type { Dtype } from '../core/graph/graph.ts'
import type { Weights } from '../core/train/models/weights.ts'
import { externalData, type ModelFolder } from './modelFolder.ts'
import { readFloats, type TensorPlace } from './safetensors.ts'

const mapped: Readonly<Partial<Record<TensorPlace['dtype'], Dtype>>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
}

/** A model's tensors: mapped from their files where a graph only reads them, so that frozen weights cost no copy. */
export function folderWeights(folder: ModelFolder & { readonly places: ReadonlyMap<string, TensorPlace> }): Weights {
  const external = externalData(folder.files)
  const place = (name: string): TensorPlace => {
    const found = folder.places.get(name)
    if (!found) throw new Error(`no weight ${name}`)
    return found
  }
  return {
    folder: external.folder,
    names: [...folder.places.keys()],
    frozen(name) {
      const { dtype, shape, file, offset, bytes } = place(name)
      const type = mapped[dtype]
      if (!type) return { kind: 'frozen', name, dims: shape, dtype: 'float32', data: readFloats(place(name)) }
      const range = { location: external.location(file), offset, length: bytes }
      return { kind: 'frozen', name, dims: shape, dtype: type, data: { external: range } }
    },
    read: name => ({ name, shape: place(name).shape, data: readFloats(place(name)) }),
  }
}
