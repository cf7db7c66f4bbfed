import { join } from 'node:path'
import { random } from '../core/base/random.ts'
import { type Inspection, inspectRows } from '../core/train/inspection.ts'
import { methodOf } from '../core/train/methods.ts'
import type { EncodeOptions } from '../core/train/tasks/task.ts'
import { taskOf } from '../core/train/tasks.ts'
import { openChatTemplate } from './chatTemplate.ts'
import { findModel, openModel } from './modelFolder.ts'
import type { PreparedRun } from './prepare.ts'
import { askWorker, type WorkerIo } from './preparedRun.ts'
import { readData, readRecipe } from './runs.ts'
import { openTokenizer } from './tokenizer.ts'
import { readRunRows } from './trainRows.ts'

/**
 * What the training of a run folder (`recipe.json`, `data.json`) would see of its rows. Unlike training it does not refuse
 * rows from which nothing can be learnt: it says so. Throws `Failure`.
 */
export async function inspectRun(folder: string, models: readonly string[]): Promise<Inspection> {
  const [recipe, data] = await Promise.all([readRecipe(folder), readData(folder)])
  const kind = taskOf(data.task ?? 'classification')
  const base = openModel(findModel(recipe.model, data.root, [...models, join(data.root, '.winnow', 'models')]))
  const { architecture, sizes } = base.backbone
  const encoder = openTokenizer(base.path)
  const has = (token: string) => encoder.content(token).length === 1
  const { template } = recipe.chat
  const chat = { folder: base.path, has, ...(template === undefined ? {} : { file: template }) }
  const encoding: EncodeOptions = {
    encoder,
    limit: Math.min(recipe.batch.tokens, sizes.positions),
    labels: data.labels,
    answers: recipe.chat.learn,
    packing: recipe.packing ? 'packed' : 'apart',
    ...(kind.name === 'instruction' ? { chat: openChatTemplate(chat) } : {}),
  }
  const { train } = await readRunRows(data, ['train'])
  const draw = random(`inspect-${recipe.seed}`)
  return inspectRows({
    ...{ kind, encoding, samples: train.samples, refs: train.refs, files: data.files, leaked: data.leaked.length },
    about: {
      name: recipe.name,
      dataset: data.dataset,
      model: `${base.name} (${architecture.type}, ${sizes.layers} x ${sizes.hidden})`,
      method: methodOf(recipe.method.kind).text(recipe.method),
      task: kind.name,
      seed: recipe.seed,
    },
    template: template === undefined ? "model's" : 'own',
    most: sizes.positions,
    random: n => draw.int(n),
  })
}

/** The same for a run that was prepared only, in a process of its own; nothing of it stays. Throws `Failure`. */
export async function inspectPrepared(
  prepared: Pick<PreparedRun, 'recipe' | 'data'>,
  io: WorkerIo,
): Promise<Inspection> {
  return (await askWorker(prepared, { verb: 'inspect', answer: 'inspection.json' }, io)) as Inspection
}
