import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { never } from '../core/base/failure.ts'
import type { NamedTensor } from '../core/train/learner.ts'
import { tunable } from '../core/train/methods/divide.ts'
import { type Method, methodOf } from '../core/train/methods.ts'
import type { Pooling } from '../core/train/models/encoder.ts'
import type { Recipe } from '../core/train/recipe.ts'
import { hubJson, type WeightLayout } from './checkpoint.ts'
import { type EncoderFolder, finder } from './modelFolder.ts'
import { readFloats, type TensorData, writeSafetensors } from './safetensors.ts'

/** What an exported classifier is made of. */
export interface ExportedModel {
  readonly folder: EncoderFolder
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

function writeAdapter(
  folder: string,
  parameters: readonly NamedTensor[],
  { folder: base, labels, recipe, pooling }: ExportedModel,
): void {
  const { method } = recipe
  const model = tunable({ family: base.family, config: base.encoder, pooling, classes: labels.length })
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
    modules_to_save: model.modules,
    peft_type: config.peft_type,
    qalora_group_size: 16,
    r: 8,
    rank_pattern: {},
    revision: null,
    target_modules: targets,
    target_parameters: null,
    task_type: 'SEQ_CLS',
    trainable_token_indices: null,
    use_dora: false,
    use_qalora: false,
    use_rslora: false,
    ...config.keys,
  }
  writeFileSync(join(folder, 'adapter_config.json'), hubJson(peft), { flush: true })
  // PEFT does not say which label is which, and a classifier is of no use without.
  writeConfig(folder, { folder: base, labels, pooling })
  copyTokenizer(base.path, folder)
}

function writeModel(folder: string, parameters: readonly NamedTensor[], model: ExportedModel): void {
  const { folder: base } = model
  const trained = new Map(parameters.map(p => [p.name, p]))
  const find = finder(base, base.family)
  const tensors: TensorData[] = [...base.places.keys()].map(name => {
    const own = trained.get(name)
    trained.delete(name)
    if (own) return own
    const place = find(name)
    if (!place) throw new Error(`no weight ${name}`)
    return { name, shape: place.shape, data: readFloats(place) }
  })
  writeSafetensors(join(folder, 'model.safetensors'), [...tensors, ...trained.values()])
  writeConfig(folder, model)
  copyTokenizer(base.path, folder)
}

function writeConfig(folder: string, { folder: base, labels, pooling }: Omit<ExportedModel, 'recipe'>): void {
  const config = {
    ...base.config,
    architectures: [base.family.architectures.classification],
    problem_type: 'single_label_classification',
    id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
    // Transformers ignores the key for BERT and always pools by the pooler; whoever loads this elsewhere can see it.
    classifier_pooling: pooling,
    torch_dtype: 'float32',
  }
  writeFileSync(join(folder, 'config.json'), hubJson(config), { flush: true })
}

function copyTokenizer(from: string, to: string): void {
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'vocab.txt'])
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name))
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
