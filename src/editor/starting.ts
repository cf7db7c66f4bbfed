import * as vscode from 'vscode'
import { count, counted } from '../core/base/words.ts'
import type { ReportedDataset } from '../core/check/report.ts'
import type { Method } from '../core/train/methods.ts'
import type { TaskName } from '../core/train/tasks/task.ts'
import type { Choice } from './picks.ts'
import { fittingTasks, isTunable, otherTasks } from './starts.ts'

/** What a task is, in the words of who has the data. */
function taskWords(task: TaskName): { readonly label: string; readonly detail: string } {
  const { t } = vscode.l10n
  switch (task) {
    case 'classification':
      return { label: t('Classification'), detail: t('One label a row: topics, intents, spam or not') }
    case 'multi-label':
      return { label: t('Several labels a row'), detail: t('Each label holds or does not: tags, emotions') }
    case 'pair':
      return { label: t('Pairs of texts'), detail: t('One label for two texts: same question, entailment') }
    case 'regression':
      return { label: t('A number a row'), detail: t('Scores, ratings, similarities') }
    case 'token-classification':
      return { label: t('A tag for each word'), detail: t('Names, places, parts of speech') }
    case 'instruction':
      return { label: t('Answers to prompts'), detail: t('Conversations, or prompts with their answers') }
    case 'masked':
      return { label: t('Hidden words'), detail: t('An encoder goes on learning the language of your texts') }
    case 'causal':
      return { label: t('The next word'), detail: t('A decoder goes on learning from your texts as they are') }
  }
}

/** The tasks, those first that fit the columns of the dataset. */
export function taskItems(dataset: ReportedDataset): readonly Choice<TaskName>[] {
  const item = (task: TaskName): Choice<TaskName> => {
    const words = taskWords(task)
    // The name that a recipe gives it, where that says more.
    return { ...words, ...(words.label.toLowerCase() === task ? {} : { description: task }), value: task }
  }
  const heading = (label: string): Choice<TaskName> => ({ label, kind: vscode.QuickPickItemKind.Separator })
  return [
    heading(vscode.l10n.t('fits the columns')),
    ...fittingTasks(dataset).map(item),
    heading(vscode.l10n.t('needs other columns, named in the recipe')),
    ...otherTasks(dataset).map(item),
  ]
}

/** What may change in the model, the usual choice first. */
export function methodItems(): readonly Choice<Method['kind']>[] {
  const { t } = vscode.l10n
  const rows: readonly (readonly [Method['kind'], string, string, string])[] = [
    [
      'lora',
      t('LoRA'),
      t('small adapters, the model itself stays'),
      t('Close to full fine-tuning at a fraction of the memory. A good first choice.'),
    ],
    [
      'full',
      t('Full'),
      t('every weight of the model'),
      t('The most it can learn; needs the most memory and the most rows.'),
    ],
    [
      'head',
      t('Head only'),
      t('a classifier on top, the model stays'),
      t('Fastest. A baseline to hold the others against.'),
    ],
    ['last', t('Last layers'), t('the upper layers, the rest stays'), t('Between head only and full.')],
    [
      'qlora',
      t('QLoRA'),
      t('adapters on a model in four bits'),
      t('The least memory, somewhat slower: for models that would not fit otherwise.'),
    ],
    ['dora', t('DoRA'), t('adapters that learn size and direction apart'), t('A little better than LoRA, slower.')],
    ['rslora', t('rsLoRA'), t('adapters of a large rank'), t('Keeps learning where the rank is 64 or more.')],
    ['lora-plus', t('LoRA+'), t('adapters with two rates'), t('Learns faster with the same memory as LoRA.')],
    ['bitfit', t('BitFit'), t('only the biases'), t('Almost no memory; for models that have biases.')],
  ]
  return rows.map(([value, label, description, detail]) => ({ value, label, description, detail }))
}

/** A dataset to choose; one without rows to learn from says what it lacks. */
export function datasetItem(dataset: ReportedDataset): Choice<ReportedDataset> {
  const rows = (name: string) =>
    dataset.splits.find(split => split.name === name)?.files.reduce((sum, file) => sum + file.rows, 0) ?? 0
  const splits = dataset.splits.map(split => `${split.name} ${count(rows(split.name))}`).join(', ')
  const lacks = vscode.l10n.t('$(warning) Needs a train split with texts or conversations')
  return {
    label: dataset.name,
    description: dataset.labels ? `${splits} · ${counted(dataset.labels.length, 'label')}` : splits,
    ...(isTunable(dataset) ? { value: dataset } : { detail: lacks }),
    iconPath: new vscode.ThemeIcon('database'),
  }
}
