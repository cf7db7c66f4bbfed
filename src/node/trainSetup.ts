import { join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { SplitName } from '../core/data/dataset.ts'
import { rowLength } from '../core/train/batch.ts'
import type { RunData } from '../core/train/data.ts'
import { adaptOf, divide } from '../core/train/methods/divide.ts'
import type { Classifier, LabelledRows } from '../core/train/models/classifier.ts'
import { choosePooling } from '../core/train/models/families.ts'
import { type Division, parametersOf, type Weights } from '../core/train/models/weights.ts'
import type { Recipe } from '../core/train/recipe.ts'
import type { Parameter } from '../core/train/state.ts'
import { type EncoderFolder, findModel, openEncoder } from './modelFolder.ts'
import { openTokenizer } from './tokenizer.ts'
import { encodeRows, type RunRows, readRunRows } from './trainRows.ts'
import { folderWeights } from './weights.ts'

export type EncodedRows = LabelledRows & { readonly lengths: Int32Array }

/** Everything a run is made of before a graph is built. */
export interface TrainSetup {
  /** The run's folder. */
  readonly folder: string
  readonly recipe: Recipe
  readonly data: RunData
  readonly base: EncoderFolder
  readonly weights: Weights
  readonly model: Classifier
  readonly division: Division
  readonly parameters: readonly Parameter[]
  readonly rows: RunRows
  readonly encoded: { readonly train: EncodedRows; readonly validation: EncodedRows; readonly test: EncodedRows }
  /** Longest row in tokens: the recipe's, or the model's where that is less. */
  readonly limit: number
  /** Training rows that were cut. */
  readonly cut: number
}

/** Reads model and data of a run. Throws `Failure` for what cannot be used. */
export async function setUp(
  folder: string,
  options: {
    readonly recipe: Recipe
    readonly data: RunData
    /** Folders of models known by name. */
    readonly models: readonly string[]
    /** The splits that are read; the others stay empty. */
    readonly splits: readonly SplitName[]
  },
): Promise<TrainSetup> {
  const { recipe, data, models, splits } = options
  const base = openEncoder(findModel(recipe.model, data.root, [...models, join(data.root, '.winnow', 'models')]))
  const { family, encoder: config, hasPooler } = base
  const pooling = choosePooling(recipe.pooling, base.config, hasPooler)
  const { method } = recipe
  const plain: Classifier = { family, config, pooling, classes: data.labels.length }
  const adapt = adaptOf(plain, method)
  const model: Classifier = adapt ? { ...plain, adapt } : plain
  const weights = folderWeights(base)
  const division = divide(model, method)
  const tokenizer = openTokenizer(base.path)
  const limit = Math.min(recipe.batch.tokens, config.positions)
  const rows = await readRunRows(data, splits)
  if (splits.includes('train')) checkTrainable(rows.train.texts.length, data)
  const train = encodeRows(rows.train, tokenizer, limit)
  const encoded = {
    train: withLengths(train),
    validation: withLengths(encodeRows(rows.validation, tokenizer, limit)),
    test: withLengths(encodeRows(rows.test, tokenizer, limit)),
  }
  const parameters = parametersOf(division, weights)
  return { folder, recipe, data, base, weights, model, division, parameters, rows, encoded, limit, cut: train.cut }
}

function checkTrainable(rows: number, data: RunData): void {
  if (rows === 0) throw new Failure('no-rows', 'There is no training row left', 'Drop fewer rows')
  if (data.labels.length < 2)
    throw new Failure('one-label', 'All training rows have the same label', 'A classifier needs two labels or more')
}

/** How many numbers the model has, and how many of them are trained. */
export function countParameters({ division, weights }: TrainSetup): { readonly all: number; readonly trained: number } {
  const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)
  const trained = division.trained.reduce((n, spec) => n + size(spec.shape), 0)
  return { trained, all: trained + division.frozen.reduce((n, name) => n + size(weights.frozen(name).dims), 0) }
}

function withLengths(rows: LabelledRows): EncodedRows {
  const lengths = Int32Array.from({ length: rows.labels.length }, (_, i) => rowLength(rows.tokens, i))
  return { ...rows, lengths }
}
