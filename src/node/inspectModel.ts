import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Failure, failureLine } from '../core/base/failure.ts'
import { estimateMemory, type MemoryEstimate } from '../core/train/models/memory.ts'
import { type BackboneFolder, checkTokenizer, type ModelFolder, openModel, openModelFolder } from './modelFolder.ts'

/** What a model folder is, and whether it will train. */
export interface ModelSummary {
  readonly path: string
  readonly name: string
  /** `bert encoder, 6 x 384, 12 heads, vocabulary 30522`. */
  readonly what: string
  /** Known where the architecture is. */
  readonly kind?: 'encoder' | 'decoder'
  readonly parameters: number
  /** Size of the weights on disk. */
  readonly bytes: number
  readonly trains: boolean
  /** Why it does not train. */
  readonly reason?: string
  /** Longest row in tokens. */
  readonly tokens?: number
  /** The types of its tensors: `F16`, `BF16`. */
  readonly types: readonly string[]
  /** What each method would take. */
  readonly memory: readonly MemoryEstimate[]
}

/**
 * What a folder holds; never throws for what is in it. `listed` reads no tokenizer, which may be tens of megabytes: it is only
 * seen to be there.
 */
export function inspectModel(path: string, depth: 'listed' | 'whole' = 'whole'): ModelSummary {
  let folder: ModelFolder
  try {
    folder = openModelFolder(path)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const nothing = { what: 'not a usable model', parameters: 0, bytes: 0, types: [], memory: [] }
    return { path, name: basename(path), ...nothing, trains: false, reason: error.message }
  }
  const all = [...folder.tensors.values()]
  const parameters = all.reduce((n, t) => n + t.shape.reduce((a, b) => a * b, 1), 0)
  const bytes = all.reduce((n, t) => n + t.bytes, 0)
  const types = [...new Set(all.map(t => t.dtype))].sort()
  const common = { path: folder.path, name: folder.name, parameters, bytes, types }
  try {
    const opened = openModel(path)
    const { sizes, architecture } = opened.backbone
    const what = `${architecture.type} ${architecture.kind}, ${sizes.layers} x ${sizes.hidden}, ${sizes.heads} heads, vocabulary ${sizes.vocab}`
    const memory = estimateMemory(opened.backbone, { numbers: parameters, bytes })
    const known = { ...common, what, kind: architecture.kind, tokens: sizes.positions, memory }
    const reason = tokenizerProblem(opened, depth)
    return reason === undefined ? { ...known, trains: true } : { ...known, trains: false, reason }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const type = folder.config['model_type']
    const what = typeof type === 'string' ? type : 'unknown'
    return { ...common, what, memory: [], trains: false, reason: failureLine(error) }
  }
}

/** Why the folder's tokenizer cannot be used with its weights, by the file alone: it is not run. */
function tokenizerProblem(folder: BackboneFolder, depth: 'listed' | 'whole'): string | undefined {
  const path = join(folder.path, 'tokenizer.json')
  if (!existsSync(path)) return 'tokenizer.json is missing'
  if (depth === 'listed') return undefined
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return 'tokenizer.json is not JSON'
  }
  try {
    checkTokenizer(folder, tokenizerSize(json))
    return undefined
  } catch (error) {
    return failureLine(error)
  }
}

/** Ids that a `tokenizer.json` has: the largest of its vocabulary and its added tokens, plus one. */
export function tokenizerSize(json: unknown): number {
  const { model, added_tokens } = (json ?? {}) as { model?: { vocab?: unknown }; added_tokens?: unknown }
  const vocab = model?.vocab
  let size = 0
  if (Array.isArray(vocab)) size = vocab.length
  else if (typeof vocab === 'object' && vocab !== null)
    for (const id of Object.values(vocab)) if (typeof id === 'number') size = Math.max(size, id + 1)
  if (Array.isArray(added_tokens))
    for (const { id } of added_tokens as { id?: unknown }[]) if (typeof id === 'number') size = Math.max(size, id + 1)
  return size
}
