import * as v from 'valibot'
import { recipeFailure } from './recipeErrors.ts'

// Every key carries its description: the JSON schema that editors show is made from this file (recipeSchema.ts).
const say = <T>(text: string) => v.description<T, string>(text)
const whole = (from: number, text: string) => v.pipe(v.number(), v.integer(), v.minValue(from), say(text))
const fraction = (text: string) => v.pipe(v.number(), v.minValue(0), v.maxValue(1), say(text))
const above0 = (text: string) => v.pipe(v.number(), v.gtValue(0), say(text))
const words = (text: string) => v.pipe(v.string(), v.nonEmpty(), say(text))
const paths = (text: string) => v.pipe(v.union([v.string(), v.array(v.string())]), say(text))
const maybe = v.exactOptional

const dataSchema = v.pipe(
  v.strictObject({
    dataset: maybe(words('Name of a dataset of winnow.json, or a folder that holds its splits.')),
    train: maybe(paths('Training files, where no dataset is named.')),
    validation: maybe(paths('Validation files.')),
    test: maybe(paths('Test files.')),
    text: maybe(words('Column that holds the text; found by name and content where left out.')),
    label: maybe(words('Column that holds the label; found by name and content where left out.')),
    drop: maybe(
      v.pipe(v.array(v.string()), say('Rules whose rows are left out of training: "duplicate", "label-conflict", …')),
    ),
    maxRows: maybe(whole(1, 'At most so many training rows, drawn by the seed, the same share of every label.')),
    holdOut: maybe(
      v.pipe(
        v.number(),
        v.minValue(0),
        v.maxValue(0.5),
        say('Share of the training rows set aside for validation where there is no validation split.'),
      ),
    ),
  }),
  say('Which rows the run learns from and is scored on.'),
)

const methodSchema = v.pipe(
  v.variant('kind', [
    v.strictObject({ kind: v.literal('head') }),
    v.strictObject({
      kind: v.literal('lora'),
      rank: maybe(whole(1, 'Rank of each adapter.')),
      alpha: maybe(above0('Adapters are scaled by alpha / rank.')),
      dropout: maybe(fraction('Dropout on the input of each adapter.')),
      targets: maybe(
        v.pipe(
          v.union([
            v.literal('all-linear'),
            v.pipe(v.array(v.picklist(['query', 'key', 'value', 'output', 'intermediate', 'down'])), v.minLength(1)),
          ]),
          say('Which linear layers get an adapter.'),
        ),
      ),
    }),
    v.strictObject({
      kind: v.literal('full'),
      freezeEmbeddings: maybe(v.pipe(v.boolean(), say('Leave the embedding tables as they are: faster and leaner.'))),
    }),
  ]),
  say('What is trained: the head alone, low-rank adapters, or everything.'),
)

/** A recipe as people write it: everything that has a default may be left out. */
export const recipeSchema = v.strictObject({
  $schema: maybe(v.pipe(v.string(), say('Address of the schema, for editors.'))),
  name: maybe(words('What the run is called.')),
  model: words('A model folder (Hugging Face layout), or the name of a model that comes with Winnow.'),
  data: dataSchema,
  method: maybe(methodSchema),
  schedule: maybe(
    v.pipe(
      v.strictObject({
        kind: maybe(v.pipe(v.picklist(['linear', 'cosine', 'constant']), say('How the rate falls after the warm-up.'))),
        rate: maybe(above0('Highest learning rate.')),
        warmup: maybe(v.pipe(v.number(), v.minValue(0), say('Below 1: share of all steps; from 1: number of steps.'))),
        epochs: maybe(above0('Passes over the training rows.')),
        steps: maybe(whole(1, 'Stop after so many steps, whatever the epochs say.')),
      }),
      say('Learning rate over time, and how long to train.'),
    ),
  ),
  optimizer: maybe(
    v.pipe(
      v.strictObject({
        kind: maybe(v.pipe(v.picklist(['adamw']), say('AdamW (Loshchilov and Hutter 2019).'))),
        decay: maybe(v.pipe(v.number(), v.minValue(0), say('Weight decay; biases and normalisation are spared.'))),
        beta1: maybe(fraction('Decay of the first moment.')),
        beta2: maybe(fraction('Decay of the second moment.')),
        epsilon: maybe(above0('Added to the root of the second moment.')),
        clip: maybe(v.pipe(v.number(), v.minValue(0), say('Largest L2 norm of the gradient; 0 turns clipping off.'))),
      }),
      say('How gradients become updates.'),
    ),
  ),
  batch: maybe(
    v.pipe(
      v.strictObject({
        rows: maybe(whole(1, 'Rows in a batch.')),
        tokens: maybe(whole(4, 'Longest row in tokens; what is longer is cut.')),
      }),
      say('Size of a batch.'),
    ),
  ),
  pooling: maybe(
    v.pipe(
      v.picklist(['auto', 'pooler', 'cls', 'mean']),
      say('What the head sees: the model’s pooler, the first token, or the mean of all tokens.'),
    ),
  ),
  dropout: maybe(fraction('Dropout while training, in the encoder and before the head.')),
  labelSmoothing: maybe(fraction('Share of the target spread evenly over all labels.')),
  evaluate: maybe(
    v.pipe(
      v.strictObject({
        every: maybe(
          v.pipe(
            v.union([v.literal('epoch'), v.pipe(v.number(), v.integer(), v.minValue(1))]),
            say('When to score the validation split: "epoch" or a number of steps.'),
          ),
        ),
        metric: maybe(
          v.pipe(v.picklist(['accuracy', 'macroF1', 'loss']), say('What makes one checkpoint better than another.')),
        ),
        patience: maybe(whole(0, 'Stop after so many evaluations without a better one; 0 never stops early.')),
      }),
      say('When to score, and by what.'),
    ),
  ),
  save: maybe(
    v.pipe(
      v.strictObject({
        keep: maybe(whole(1, 'How many of the latest checkpoints are kept; the best is always kept.')),
      }),
      say('What stays on disk.'),
    ),
  ),
  seed: maybe(whole(0, 'Decides order, initial values and dropout: same seed, same run.')),
  device: maybe(
    v.pipe(
      v.picklist(['auto', 'cpu', 'cuda', 'webgpu', 'dml', 'coreml']),
      say('Where to compute; "auto" takes the first that works.'),
    ),
  ),
  threads: maybe(whole(0, 'Threads for one operator; 0 means all cores but one.')),
})

/** A recipe as people write it. */
export type RecipeInput = v.InferOutput<typeof recipeSchema>

/** A linear layer of a block that can have an adapter. */
export type LoraTarget = 'query' | 'key' | 'value' | 'output' | 'intermediate' | 'down'
/** What of the model learns. */
export type Method =
  | { readonly kind: 'head' }
  | {
      readonly kind: 'lora'
      readonly rank: number
      readonly alpha: number
      readonly dropout: number
      readonly targets: readonly LoraTarget[] | 'all-linear'
    }
  | { readonly kind: 'full'; readonly freezeEmbeddings: boolean }

/** `recipe.json` of a run folder: every default written out. */
export interface Recipe {
  readonly name: string
  readonly model: string
  readonly data: {
    readonly dataset?: string
    readonly train?: string | readonly string[]
    readonly validation?: string | readonly string[]
    readonly test?: string | readonly string[]
    readonly text?: string
    readonly label?: string
    readonly drop: readonly string[]
    readonly maxRows?: number
    readonly holdOut: number
  }
  readonly method: Method
  readonly schedule: {
    readonly kind: 'linear' | 'cosine' | 'constant'
    readonly rate: number
    readonly warmup: number
    readonly epochs: number
    readonly steps?: number
  }
  readonly optimizer: {
    readonly kind: 'adamw'
    readonly decay: number
    readonly beta1: number
    readonly beta2: number
    readonly epsilon: number
    readonly clip: number
  }
  readonly batch: { readonly rows: number; readonly tokens: number }
  readonly pooling: 'auto' | 'pooler' | 'cls' | 'mean'
  readonly dropout: number
  readonly labelSmoothing: number
  readonly evaluate: {
    readonly every: 'epoch' | number
    readonly metric: 'accuracy' | 'macroF1' | 'loss'
    readonly patience: number
  }
  readonly save: { readonly keep: number }
  readonly seed: number
  readonly device: 'auto' | 'cpu' | 'cuda' | 'webgpu' | 'dml' | 'coreml'
  readonly threads: number
}

/**
 * Checks a recipe's JSON value. The first problem becomes one `Failure` (`bad-recipe`) that names the key, and for
 * an unknown key or word the nearest valid one. `where` is the file, for the message.
 */
export function parseRecipe(value: unknown, where: string): RecipeInput {
  const result = v.safeParse(recipeSchema, value)
  if (result.success) return result.output
  throw recipeFailure(result.issues, { schema: recipeSchema, value, where })
}

/**
 * Suggested values for a model of a hidden size. At 768 the rates are those that BERT and LoRA were published with. Narrow
 * models take larger steps (Yang et al. 2022: the best Adam rate goes with 1/width), and, when everything is trained, larger
 * still: they know less that could be lost. At 192 on Banking77 with 20 rows a label, 2e-4, 5e-4 and 1e-3 gave 72, 76 and
 * 79 % of the test rows.
 */
export function suggested(method: Method['kind'], hidden: number): { rate: number; epochs: number; rows: number } {
  const width = 768 / hidden
  switch (method) {
    case 'head':
      return { rate: 5e-3, epochs: 30, rows: 64 }
    case 'lora':
      return { rate: round(Math.min(5e-3, 5e-4 * width)), epochs: 10, rows: 16 }
    case 'full':
      return { rate: round(Math.min(1e-3, 5e-5 * width ** 2)), epochs: 6, rows: 16 }
  }
}

/** Writes out every default. `hidden` is the model's hidden size, on which the suggested rates depend. */
export function resolveRecipe(input: RecipeInput, model: { readonly hidden: number }): Recipe {
  const method = resolveMethod(input.method)
  const { rate, epochs, rows } = suggested(method.kind, model.hidden)
  const { schedule, optimizer, batch, evaluate, data } = input
  const base = input.model.replace(/\\/g, '/').split('/').filter(Boolean).at(-1) ?? input.model
  return {
    name: input.name ?? [data.dataset?.split('/').filter(Boolean).at(-1), base, method.kind].filter(Boolean).join(' '),
    model: input.model,
    data: { ...data, drop: data.drop ?? ['broken-row', 'empty-field'], holdOut: data.holdOut ?? 0.1 },
    method,
    schedule: {
      kind: schedule?.kind ?? 'linear',
      rate: schedule?.rate ?? rate,
      warmup: schedule?.warmup ?? 0.06,
      epochs: schedule?.epochs ?? epochs,
      ...(schedule?.steps === undefined ? {} : { steps: schedule.steps }),
    },
    optimizer: {
      kind: 'adamw',
      decay: optimizer?.decay ?? 0.01,
      beta1: optimizer?.beta1 ?? 0.9,
      beta2: optimizer?.beta2 ?? 0.999,
      epsilon: optimizer?.epsilon ?? 1e-8,
      clip: optimizer?.clip ?? 1,
    },
    batch: { rows: batch?.rows ?? rows, tokens: batch?.tokens ?? 128 },
    pooling: input.pooling ?? 'auto',
    dropout: input.dropout ?? 0.1,
    labelSmoothing: input.labelSmoothing ?? 0,
    evaluate: {
      every: evaluate?.every ?? 'epoch',
      metric: evaluate?.metric ?? 'accuracy',
      patience: evaluate?.patience ?? 3,
    },
    save: { keep: input.save?.keep ?? 1 },
    seed: input.seed ?? 1,
    device: input.device ?? 'auto',
    threads: input.threads ?? 0,
  }
}

function resolveMethod(method: RecipeInput['method']): Method {
  switch (method?.kind) {
    case 'head':
      return { kind: 'head' }
    case 'full':
      return { kind: 'full', freezeEmbeddings: method.freezeEmbeddings ?? false }
    default: {
      const rank = method?.rank ?? 8
      return {
        kind: 'lora',
        rank,
        alpha: method?.alpha ?? 2 * rank,
        dropout: method?.dropout ?? 0,
        targets: method?.targets ?? ['query', 'value'],
      }
    }
  }
}

const round = (x: number) => Number(x.toPrecision(2))
