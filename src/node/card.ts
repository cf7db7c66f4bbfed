import { basename, join } from 'node:path'
import { modelCard } from '../core/train/card.ts'
import type { RunEvent } from '../core/train/event.ts'
import { taskOf } from '../core/train/tasks.ts'
import { findModel, openModel } from './modelFolder.ts'
import { embeddedModels } from './models.ts'
import { readEvents } from './runLog.ts'
import { readData, readRecipe } from './runs.ts'
import { choosePooling, type TrainSetup } from './trainSetup.ts'

const vectors = {
  pooler: 'the pooler’s vector',
  cls: 'the first token’s vector',
  mean: 'the mean of the token vectors',
  last: 'the last token’s vector',
}

/** The model card of a run. `form`: what lies beside it. */
export async function runCard(
  folder: string,
  { form, setup }: { readonly form: 'adapter' | 'model' | 'onnx'; readonly setup?: Pick<TrainSetup, 'base' | 'kind'> },
): Promise<string> {
  const [recipe, data] = await Promise.all([readRecipe(folder), readData(folder)])
  const events: RunEvent[] = []
  for await (const more of readEvents(folder)) events.push(...more)
  const base =
    setup?.base ??
    openModel(findModel(recipe.model, data.root, [embeddedModels(), join(data.root, '.winnow', 'models')]))
  const { head } = setup?.kind ?? taskOf(data.task ?? 'classification')
  const loadedBy = base.backbone.architecture.architectures[head]
  const pooling = choosePooling(recipe.pooling, base)
  const pooled = head === 'sequence' && pooling !== base.backbone.poolings[0] ? { pooled: vectors[pooling] } : {}
  return modelCard({ recipe, data, events, form, base: basename(base.path), loadedBy, ...pooled })
}
