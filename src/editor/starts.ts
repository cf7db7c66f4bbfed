import type { ReportedDataset } from '../core/check/report.ts'
import { type TaskName, taskNames } from '../core/train/tasks/task.ts'
import { taskOf } from '../core/train/tasks.ts'

/** What can be learnt from a dataset, by the columns that were recognised: the first one is what its rows were made for. */
export function fittingTasks({ roles }: Pick<ReportedDataset, 'roles'>): readonly TaskName[] {
  if (roles.messages || (roles.prompt && roles.completion)) return ['instruction']
  if (!roles.text) return []
  return roles.label
    ? ['classification', 'multi-label', 'regression', 'pair', 'causal', 'masked']
    : ['causal', 'masked']
}

/** Can a model learn from it? It needs rows to learn from, with texts or conversations. */
export function isTunable(dataset: Pick<ReportedDataset, 'roles' | 'splits'>): boolean {
  const train = dataset.splits.find(split => split.name === 'train')
  return fittingTasks(dataset).length > 0 && Boolean(train?.files.some(file => file.rows > 0))
}

/** The tasks that a dataset is not known to fit: a recipe may name columns that were not recognised. */
export function otherTasks(dataset: Pick<ReportedDataset, 'roles'>): readonly TaskName[] {
  const fitting = new Set(fittingTasks(dataset))
  return taskNames.filter(task => !fitting.has(task))
}

/** Can a model of this kind do the task? */
export function canDo(kind: 'encoder' | 'decoder' | undefined, task: TaskName): boolean {
  return kind === undefined || taskOf(task).kinds.includes(kind)
}

/** The one file of a dataset that has no splits yet; undefined where it has some. */
export function wholeFile({ splits }: Pick<ReportedDataset, 'splits'>): string | undefined {
  const [only, ...others] = splits.flatMap(split => split.files.map(file => ({ split: split.name, uri: file.uri })))
  return only?.split === 'train' && others.length === 0 ? only.uri : undefined
}
