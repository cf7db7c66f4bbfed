import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { never } from '../core/base/failure.ts'
import type { NamedTensor } from '../core/train/learner.ts'
import { tunableOf } from '../core/train/methods/tunable.ts'
import { type Method, methodOf } from '../core/train/methods.ts'
import type { Pooling } from '../core/train/models/architecture.ts'
import type { Recipe } from '../core/train/recipe.ts'
import type { TaskKind, TaskModel } from '../core/train/tasks/task.ts'
import { hubJson, type WeightLayout } from './checkpoint.ts'
import type { BackboneFolder } from './modelFolder.ts'
import { readFloats, type TensorData, writeSafetensors } from './safetensors.ts'

/** What an exported model is made of. */
export interface ExportedModel {
  readonly base: BackboneFolder
  readonly kind: TaskKind
  readonly model: TaskModel
  readonly pooling: Pooling
  readonly labels: readonly string[]
  readonly recipe: Recipe
}

/** The name of the folder that a run leaves: an adapter goes on top of its base model, a model stands alone. */
export const exportName = (method: Method['kind']): 'adapter' | 'model' => methodOf(method).leaves

/**
 * How the weights of a run are laid out: an adapter as PEFT writes it (`adapter_config.json`,
 * `adapter_model.safetensors`), else a Hugging Face model folder.
 */
export function exportLayout(model: ExportedModel): WeightLayout {
  const { leaves } = methodOf(model.recipe.method.kind)
  switch (leaves) {
    case 'adapter':
      return {
        file: 'adapter_model.safetensors',
        prefix: 'base_model.model.',
        write: (folder, parameters) => writeAdapter(folder, parameters, model),
      }
    case 'model':
      return {
        file: 'model.safetensors',
        prefix: '',
        write: (folder, parameters) => writeModel(folder, parameters, model),
      }
    default:
      return never(leaves)
  }
}

/** The layout of checkpoints: as exported, but for a head alone, which does not repeat the frozen encoder each time. */
export function checkpointLayout(model: ExportedModel): WeightLayout {
  if (!methodOf(model.recipe.method.kind).cached) return exportLayout(model)
  const file = 'head.safetensors'
  return { file, prefix: '', write: (folder, parameters) => writeSafetensors(join(folder, file), parameters) }
}

function writeAdapter(folder: string, parameters: readonly NamedTensor[], exported: ExportedModel): void {
  const { base, kind, recipe } = exported
  const { method } = recipe
  const model = tunableOf(exported.model, name => base.places.has(name))
  const config = methodOf(method.kind).peft?.(model, method)
  if (!config) throw new Error(`${method.kind} leaves no adapter`)
  writeSafetensors(
    join(folder, 'adapter_model.safetensors'),
    parameters.map(p => ({ ...p, name: `base_model.model.${p.name}` })),
  )
  // PEFT matches a target by the end of a module's name: the shortest ending that no other linear layer shares.
  const wrapped = new Set(config.layers.map(layer => layer.name))
  const rest = model.linears.map(layer => layer.name).filter(name => !wrapped.has(name))
  const targets = [...new Set([...wrapped].map(name => ending(name, rest)))].sort()
  const peft = {
    alora_invocation_tokens: null,
    alpha_pattern: {},
    arrow_config: null,
    auto_mapping: null,
    base_model_name_or_path: base.path,
    bias: 'none',
    corda_config: null,
    ensure_weight_tying: false,
    eva_config: null,
    exclude_modules: null,
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layer_replication: null,
    layers_pattern: null,
    layers_to_transform: null,
    loftq_config: {},
    lora_alpha: 8,
    lora_bias: false,
    lora_dropout: 0,
    megatron_config: null,
    megatron_core: 'megatron.core',
    modules_to_save: model.modules.length > 0 ? model.modules : null,
    peft_type: config.peft_type,
    qalora_group_size: 16,
    r: 8,
    rank_pattern: {},
    revision: null,
    target_modules: targets,
    target_parameters: null,
    task_type: kind.peft,
    trainable_token_indices: null,
    use_dora: false,
    use_qalora: false,
    use_rslora: false,
    ...config.keys,
  }
  writeFileSync(join(folder, 'adapter_config.json'), hubJson(peft), { flush: true })
  // PEFT does not say which label is which, and a classifier is of no use without.
  writeConfig(folder, exported)
  copyTokenizer(base.path, folder)
}

function writeModel(folder: string, parameters: readonly NamedTensor[], model: ExportedModel): void {
  const { base, kind } = model
  const trained = new Map(parameters.map(p => [p.name, p]))
  // The language-model head of a checkpoint has no place in a classifier.
  const other = new Set(kind.head === 'language' ? [] : base.backbone.language.parameters.map(spec => spec.name))
  // But for what the two heads share, as in ModernBERT.
  for (const { name } of model.model.head?.stored ?? []) other.delete(name)
  const kept = [...base.places].filter(([name]) => !other.has(name))
  const tensors = kept.map(([name, place]): TensorData => {
    const own = trained.get(name)
    trained.delete(name)
    return own ?? { name, shape: place.shape, data: readFloats(place) }
  })
  writeSafetensors(join(folder, 'model.safetensors'), [...tensors, ...trained.values()])
  writeConfig(folder, model)
  copyTokenizer(base.path, folder)
}

/** `config.json` with labels, problem and pooling. */
export function writeConfig(folder: string, { base, kind, labels, pooling }: ExportedModel): void {
  const config = {
    ...base.config,
    architectures: [base.backbone.architecture.architectures[kind.head]],
    ...(kind.problem === undefined ? {} : { problem_type: kind.problem }),
    ...labelNames(kind, labels),
    // Transformers ignores the key for BERT and always pools by the pooler; whoever loads this elsewhere can see it.
    ...(kind.head === 'sequence' ? { classifier_pooling: pooling } : {}),
    torch_dtype: 'float32',
  }
  writeFileSync(join(folder, 'config.json'), hubJson(config), { flush: true })
}

function labelNames(kind: TaskKind, labels: readonly string[]): object {
  if (kind.head === 'language') return {}
  const names = labels.length > 0 ? labels : ['LABEL_0']
  return {
    id2label: Object.fromEntries(names.map((label, i) => [i, label])),
    label2id: Object.fromEntries(names.map((label, i) => [label, i])),
  }
}

const tokenizerFiles = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'vocab.txt',
  'chat_template.jinja',
  'generation_config.json',
]

/** Copies what a tokenizer is made of, where it is there. */
export function copyTokenizer(from: string, to: string): void {
  for (const name of tokenizerFiles) if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name))
}

/** The fewest last parts of a dotted name that single it out against `others`. */
function ending(name: string, others: readonly string[]): string {
  const parts = name.split('.')
  for (let n = 1; n < parts.length; n++) {
    const end = parts.slice(-n).join('.')
    if (!others.some(other => other === end || other.endsWith(`.${end}`))) return end
  }
  return name
}
