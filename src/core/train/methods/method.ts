/*
 * What the engine knows of a method: which keys a recipe may give it, what of a model it trains, what it does to linear
 * layers, and how its result is laid out. Methods are written against `Tunable`, never against one architecture or task.
 */
import type * as v from 'valibot'
import type { BackboneOptions, DropoutPlan, LinearSpec, Lookup, ParameterSpec } from '../models/architecture.ts'
import type { Blocks } from '../models/quantized.ts'
import type { Division } from '../models/weights.ts'

/** A model with its task's head, as methods see it. */
export interface Tunable {
  /** Tensors with stored values that the graph reads: backbone, pooler, language-model head. */
  readonly stored: readonly ParameterSpec[]
  /** Fresh tensors of the task's head, which every method trains. */
  readonly fresh: readonly ParameterSpec[]
  /** Modules of the fresh tensors: `modules_to_save` of an adapter. */
  readonly modules: readonly string[]
  /** The linear layers that adapters may wrap. */
  readonly linears: readonly LinearSpec[]
  /** Tables of the embeddings, by full tensor name. */
  readonly embeddings: readonly string[]
  readonly layers: number
  /** 0 for embeddings, i + 1 for layer i, layers + 1 for what is above them. */
  depth(name: string): number
}

/** Rate, passes and rows of a batch that a method starts from where a recipe says nothing. */
export interface Suggested {
  readonly rate: number
  readonly epochs: number
  readonly rows: number
}

/** Hangs the changes of linear layers on one graph. */
export type AdaptGraph = (lookup: Lookup, dropout?: DropoutPlan) => BackboneOptions['adapt']

/** What PEFT's `adapter_config.json` says of an adapter beside its base, targets and saved modules. */
export interface PeftConfig {
  readonly peft_type: string
  /** The wrapped layers. */
  readonly layers: readonly LinearSpec[]
  /** Keys in which it differs from PEFT's defaults. */
  readonly keys: Readonly<Record<string, unknown>>
}

/** The keys of a method in a recipe; `kind` is its name. */
export type MethodSchema = v.StrictObjectSchema<
  v.ObjectEntries & { readonly kind: v.LiteralSchema<string, undefined> },
  undefined
>

/** One method. `M` is its part of a resolved recipe. */
export interface MethodModule<S extends MethodSchema, M extends { readonly kind: string }> {
  readonly schema: S
  /** Writes out the defaults. */
  resolve(input: v.InferOutput<S>): M
  /** Suggested values for a model of a hidden size. */
  suggested(hidden: number): Suggested
  /** The method in words, for people: `LoRA, rank 8, on query, value`. */
  text(method: NoInfer<M>): string
  /** What is trained and what stays as it is. Throws `Failure` (`bad-recipe`) where the model has not what it names. */
  divide(model: Tunable, method: NoInfer<M>): Division
  /** What it does to linear layers. */
  adapt?(model: Tunable, method: NoInfer<M>): AdaptGraph
  /** Which products of layers it computes itself. */
  product?(model: Tunable, method: NoInfer<M>): (lookup: Lookup) => NonNullable<BackboneOptions['product']>
  /** In how many bits and what blocks frozen linear layers are kept, where not as they are stored. */
  quantized?(method: NoInfer<M>): Blocks
  /** `adapter`: the result lies on top of its base model; `model`: it stands alone. */
  readonly leaves: 'adapter' | 'model'
  /** How an adapter describes itself to PEFT. */
  peft?(model: Tunable, method: NoInfer<M>): PeftConfig
  /** Frozen tensors below the head are all there is, so that features can be computed once for every row. */
  readonly cached?: true
}

/** A method as the list takes it. */
export function defineMethod<S extends MethodSchema, M extends { readonly kind: string }>(
  module: MethodModule<S, M>,
): MethodModule<S, M> {
  return module
}
