/*
 * What a model learns to do. A `TaskKind` reads rows, turns them into tokens and targets, puts a loss on a backbone and says
 * what the model answered. The engine (loop, learner, methods, checkpoints) knows no task by name: a further one is one more
 * file in this folder and one more line in `tasks.ts`.
 */
import type { Table } from '../../data/table.ts'
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import type { LossValues } from '../../graph/ops/loss.ts'
import type { Batch } from '../batch.ts'
import type { Backbone, BackboneOptions, DropoutPlan, Head, Lookup } from '../models/architecture.ts'
import type { Feed, Task } from '../models/task.ts'
import type { Metric } from '../recipe/evaluate.ts'
import type { ChatTemplate } from './chat.ts'
import type { Columns } from './columns.ts'
import type { EncodedRows } from './encoded.ts'
import type { Sample, Unusable } from './sample.ts'

/** The tasks by the names that recipes use. */
export const taskNames = [
  'classification',
  'multi-label',
  'pair',
  'regression',
  'token-classification',
  'instruction',
  'masked',
  'causal',
] as const
/** One of `taskNames`. */
export type TaskName = (typeof taskNames)[number]

/** A backbone with what a task puts on top of it and what a method wraps around its layers. */
export interface TaskModel {
  readonly backbone: Backbone
  /** From hidden states to scores; absent for language models, whose head is `backbone.language`. */
  readonly head?: Head
  /** Scores of a row or token: labels, 1 for a number, the vocabulary for language models. */
  readonly classes: number
  /** What the method changes in a forward pass; `dropout` is absent in evaluations. */
  readonly wrap?: (lookup: Lookup, dropout?: DropoutPlan) => Omit<BackboneOptions, 'dropout'>
}

/** Text to token ids, as tasks need it; `node/tokenizer.ts` gives one for a model folder. */
export interface SampleEncoder {
  readonly special: {
    readonly pad: number
    readonly mask?: number
    readonly cls?: number
    readonly sep?: number
    /** The token that ends a document (`eos_token`). */
    readonly end?: number
  }
  /** Tokens that end an answer: `end`, and those of the usual chat formats that the vocabulary has. */
  readonly ends: ReadonlySet<number>
  /** Is the id a special token? */
  isSpecial(id: number): boolean
  /** At most `limit` ids, special tokens included. A pair loses tokens from the longer text first. */
  encode(
    text: string,
    options: { readonly limit: number; readonly pair?: string },
  ): { readonly ids: readonly number[]; readonly types: readonly number[]; readonly cut: number }
  /** The special tokens that stand before and after a single text. */
  readonly frame: { readonly before: readonly number[]; readonly after: readonly number[] }
  /** Ids of the text alone, without special tokens around it; special tokens written in it count as such. */
  content(text: string): readonly number[]
  /** The text of each token as it stands in the encoded text, as far as the vocabulary tells. */
  pieces(ids: readonly number[]): readonly string[]
  decode(ids: readonly number[]): string
}

/** What encoding depends on beside the rows. */
export interface EncodeOptions {
  readonly encoder: SampleEncoder
  /** Longest row in tokens. */
  readonly limit: number
  /** All labels; the position is the class index. */
  readonly labels: readonly string[]
  /** How conversations become text; for tasks that have some. */
  readonly chat?: ChatTemplate
  /** `all` turns of the assistant are learnt, or the `last` one alone. */
  readonly answers?: 'all' | 'last'
  /** Do documents share rows? */
  readonly packing?: 'packed' | 'apart'
}

/** What a model said about rows: numbers, before they are put into words. */
export interface Answers {
  /** Scores [rows, classes]; for tasks on tokens the class said for each token, end to end like `tokens.ids`. */
  readonly scores: Float32Array
  /** For tasks on tokens: the loss of each token, nats; 0 where there is no target. */
  readonly losses?: Float32Array
}

/** What was said about one row, in words. `core/eval` scores it. */
export interface Said {
  readonly gold: string
  readonly label: string
  /** Cross entropy of the gold answer, nats (mean over its tokens, its labels); squared error of a number. */
  readonly loss: number
  /** The most probable labels, best first, and the gold one; empty where the answer is no label. */
  readonly probabilities: readonly (readonly [label: string, probability: number])[]
  /** The probability of every label, in class order, where one label is right and there are not too many. */
  readonly distribution?: readonly number[]
  /** Several labels a row. */
  readonly sets?: { readonly gold: readonly string[]; readonly said: readonly string[] }
  /** A number a row. */
  readonly numbers?: { readonly gold: number; readonly said: number }
  /** A tag a word. */
  readonly tags?: { readonly gold: readonly string[]; readonly said: readonly string[] }
  /** `label` is what the model wrote by itself; otherwise it is what it would have said at each place of the right answer. */
  readonly written?: true
  /** Tokens that were to be said, and how many of them were the most probable ones. */
  readonly tokens?: { readonly count: number; readonly right: number }
}

/** The graph that answers: inputs and outputs by name, and how the outputs of batches become answers. */
export interface AnswerGraph extends Pick<Task, 'inputs' | 'feeds'> {
  outputs(g: Builder, lookup: Lookup, inputs: Readonly<Record<string, Value>>): Readonly<Record<string, Value>>
  /** Answers to all rows, still empty. */
  start(): Answers
  /** Writes the outputs of one batch where they belong. */
  take(batch: Batch, outputs: Readonly<Record<string, ArrayLike<number | bigint>>>, into: Answers): void
}

/** How a training task is bound to rows. */
export interface BindOptions {
  readonly smoothing: number
  /** γ of the focal loss; none at 0 or where left out. */
  readonly focal?: number
  readonly seed: number
  /** Factor of each class in the loss; 1 where left out. */
  readonly classWeights?: Float32Array
}

/** How the answers of rows are learnt. */
export interface RowTarget {
  /** The inputs `targets` and `weights` for so many classes. */
  inputs(classes: number): Task['inputs']
  feeds(rows: Pick<EncodedRows, 'targets'>, batch: Batch, classes: number): Readonly<Record<string, Feed>>
  /** From scores [B, classes]; `rows` [B], or what `samples` reads. */
  loss(g: Builder, scores: Value, inputs: Readonly<Record<string, Value>>, options: BindOptions): LossValues
  readonly samples?: Task['samples']
}

/** One kind of task. */
export interface TaskKind {
  readonly name: TaskName
  /** The backbones that can do it. */
  readonly kinds: readonly Backbone['architecture']['kind'][]
  /** Which head of the backbone it uses. */
  readonly head: 'sequence' | 'tokens' | 'language'
  /** `task_type` of a PEFT adapter, and `problem_type` of a config where Transformers has a word for it. */
  readonly peft: 'SEQ_CLS' | 'TOKEN_CLS' | 'CAUSAL_LM' | 'FEATURE_EXTRACTION'
  readonly problem?: 'single_label_classification' | 'multi_label_classification' | 'regression'
  /** The scores that may make one checkpoint better than another; the first where the recipe does not say. */
  readonly metrics: readonly [Metric, ...Metric[]]
  /** The columns that a row is read from. Throws `Failure` (`no-text`, `no-label`, …) that names what is missing. */
  columns(tables: readonly Table[], given: Columns, dataset: string): Columns
  /** A row as the task sees it, or why it cannot be used. */
  read(table: Table, row: number, columns: Columns): Sample | Unusable
  /** The labels of training rows in class order; empty where there are none. Throws `Failure` (`one-label`). */
  labels(samples: readonly Sample[], dataset: string): readonly string[]
  /** Rows of one split as tokens and targets. */
  encode(samples: readonly Sample[], options: EncodeOptions): EncodedRows
  /** Learning rows. */
  task(model: TaskModel, rows: EncodedRows, options: BindOptions): Task
  /** Answering rows. */
  answers(model: TaskModel, rows: EncodedRows): AnswerGraph
  /** What makes training on these rows pointless. Throws `Failure` (`nothing-to-learn`, `end-never-trained`). */
  check?(rows: EncodedRows, options: EncodeOptions): void
  /** The target of rows, where a head alone can learn it from features that were computed once. */
  readonly target?: RowTarget
  /** In words. */
  say(
    samples: readonly Sample[],
    rows: EncodedRows,
    answers: Answers,
    options: Pick<EncodeOptions, 'encoder' | 'labels'>,
  ): Said[]
}
