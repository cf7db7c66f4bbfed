/* PEFT's `adapter_config.json` as a method of ours. */
import * as v from 'valibot'
import { Failure } from '../../base/failure.ts'
import { type Method, resolveMethod } from '../methods.ts'

const list = v.nullish(v.array(v.string()))
const empty = v.nullish(v.record(v.string(), v.unknown()))

const schema = v.looseObject({
  peft_type: v.string(),
  base_model_name_or_path: v.nullish(v.string()),
  r: v.optional(v.number(), 8),
  lora_alpha: v.optional(v.number(), 8),
  lora_dropout: v.optional(v.number(), 0),
  target_modules: v.nullish(v.union([v.string(), v.array(v.string())])),
  modules_to_save: list,
  use_dora: v.optional(v.boolean(), false),
  use_rslora: v.optional(v.boolean(), false),
  use_qalora: v.optional(v.boolean(), false),
  bias: v.optional(v.string(), 'none'),
  lora_bias: v.optional(v.boolean(), false),
  rank_pattern: empty,
  alpha_pattern: empty,
  trainable_token_indices: v.nullish(v.unknown()),
  target_parameters: v.nullish(v.unknown()),
})

/** What an adapter is, as its configuration and the names of its tensors say. */
export interface PeftAdapter {
  readonly method: Method
  /** The base model as the file names it: a path or a name on the hub. */
  readonly base?: string
}

/**
 * Reads a configuration; `layers` are the modules that the file has factors for. Throws `Failure` (`bad-adapter`) for what
 * is not built: other kinds of adapters, ranks that differ from layer to layer, trained biases.
 */
export function readPeftConfig(value: unknown, layers: readonly string[], where: string): PeftAdapter {
  const parsed = v.safeParse(schema, value)
  const refuse = (what: string): never => {
    throw new Failure('bad-adapter', `${where}: ${what}`)
  }
  if (!parsed.success) return refuse(parsed.issues[0].message)
  const c = parsed.output
  if (c.peft_type !== 'LORA') return refuse(`peft_type ${c.peft_type} is not supported`)
  for (const key of ['rank_pattern', 'alpha_pattern'] as const)
    if (Object.keys(c[key] ?? {}).length > 0) refuse(`${key} is not supported`)
  for (const key of ['use_qalora', 'lora_bias', 'trainable_token_indices', 'target_parameters'] as const)
    if (c[key]) refuse(`${key} is not supported`)
  if (c.bias !== 'none') refuse(`bias ${c.bias} is not supported`)
  if (layers.length === 0) refuse('the adapter has no factors')
  const low = { rank: c.r, alpha: c.lora_alpha, dropout: c.lora_dropout, targets: [...layers] }
  const root = c.use_rslora ? { scaling: 'root' as const } : {}
  const method = resolveMethod(
    c.use_dora
      ? { kind: 'dora', ...low, ...root }
      : c.use_rslora
        ? { kind: 'rslora', ...low }
        : { kind: 'lora', ...low },
  )
  return { method, ...(c.base_model_name_or_path ? { base: c.base_model_name_or_path } : {}) }
}
