/*
 * What the engine knows of a model. An `Architecture` reads the checkpoints of one `model_type`; the `Backbone` that it
 * opens describes one model: its tensors under the names Hugging Face gives them, its linear layers, and the graph of its
 * hidden states and heads. Tasks and methods are written against these interfaces alone, so that a further architecture is
 * one more file under `architectures/` and one more line in `architectures.ts`.
 */
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'

/** A model's `config.json`. */
export type ConfigJson = Readonly<Record<string, unknown>>

/** How the checkpoints of one `model_type` are read. */
export interface Architecture {
  /** `model_type` of `config.json`. */
  readonly type: string
  readonly kind: 'encoder' | 'decoder'
  /** Before the backbone's tensor names in task checkpoints, absent in bare ones: `bert.`. */
  readonly prefix: string
  /** The names that checkpoints have had for a tensor, in the order they are tried; the canonical one first. */
  aliases(name: string): readonly string[]
  /** The model that a `config.json` describes. Throws `ConfigError` for what is wrong or not built. */
  open(json: ConfigJson): Backbone
  /** What Transformers calls the model with each head, for the `architectures` of an exported `config.json`. */
  readonly architectures: {
    readonly sequence: string
    readonly tokens: string
    /** The masked language model of an encoder, the causal one of a decoder. */
    readonly language: string
  }
}

/** A `config.json` that cannot be used; `architectures.ts` turns it into a `Failure` that names the file. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Sizes that tasks, methods and estimates ask for. */
export interface Sizes {
  readonly vocab: number
  readonly hidden: number
  readonly layers: number
  readonly heads: number
  /** Inner width of the feed-forward part. */
  readonly feedForward: number
  /** Longest sequence in tokens. */
  readonly positions: number
  /** Rows of the token type table; 0 where the model has none and `types` is ignored. */
  readonly types: number
  /** Standard deviation of fresh weights. */
  readonly initial: number
}

/** One tensor of a model. Linear weights are [out, in] as Hugging Face stores them, [in, out] where `LinearSpec` says so. */
export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
  /** Its initial value where the model is made from nothing. */
  readonly init: 'normal' | 'zero' | 'one'
}

/** The linear layers of one block by the part they play, as a recipe names them. `gate` is the gated half of a GLU. */
export const linearParts = ['query', 'key', 'value', 'output', 'gate', 'intermediate', 'down'] as const
/** One of `linearParts`. */
export type LinearPart = (typeof linearParts)[number]

/** A linear layer that adapters may wrap and that may be stored in blocks of few bits. */
export interface LinearSpec {
  /** Tensor name without `.weight`. */
  readonly name: string
  /** The parts it plays: several where a checkpoint stores them as one matrix, none for a pooler. */
  readonly parts: readonly LinearPart[]
  /** Its block from 0; `layers` where it lies above all blocks. */
  readonly layer: number
  readonly in: number
  readonly out: number
  /** The orientation of the stored weight: `in-out` for the Conv1D of GPT-2. */
  readonly stored: 'out-in' | 'in-out'
}

/** A parameter by its full name, or undefined where this graph has none of that name. */
export type Lookup = (name: string) => Value | undefined

/** Dropout of one graph: what `g.dropout` needs, and a fresh salt for every place that drops. */
export interface DropoutPlan {
  readonly rate: number
  /** Training step, int64 scalar. */
  readonly step: Value
  salt: number
}

/** What a batch feeds to a backbone. */
export interface BackboneInputs {
  /** Token ids, int64 [B,S]. */
  readonly ids: Value
  /** 1 for tokens, 0 for padding (on the right), float [B,S]. */
  readonly mask: Value
  /** Token types, int64 [B,S]; all 0 where left out. */
  readonly types?: Value
  /** Positions of the tokens from 0, int64 [B,S]; 0, 1, … in each row where left out. */
  readonly positions?: Value
  /** Which packed document a token is of, int64 [B,S]: from 1, 0 for padding. Tokens see their own document only. */
  readonly segments?: Value
}

/** What training changes in a forward pass. */
export interface BackboneOptions {
  readonly dropout?: DropoutPlan
  /** Changes the output y of a linear layer on x: adapters. */
  readonly adapt?: (g: Builder, layer: { readonly name: string; readonly x: Value; readonly y: Value }) => Value
  /** The product of x with a layer's weight, without bias, where the weight is not stored as a plain tensor. */
  readonly product?: (g: Builder, layer: { readonly name: string; readonly x: Value }) => Value | undefined
  /** Changes the word vectors [B,S,E] as they come from the table: noise. `mask` as in `BackboneInputs`. */
  readonly noise?: (g: Builder, words: Value, mask: Value) => Value
}

/** Which token vectors become the vector of a row: first, mean, last, or BERT's pooler on the first. */
export type Pooling = 'pooler' | 'cls' | 'mean' | 'last'

/** One model. Tensor names are canonical: those of Transformers' task models, with the architecture's prefix. */
export interface Backbone {
  readonly architecture: Architecture
  readonly sizes: Sizes
  /** Every tensor that `hidden` reads, embeddings first, in the order of the layers. */
  parameters(): readonly ParameterSpec[]
  /** The linear layers of all blocks, in their order. */
  linears(): readonly LinearSpec[]
  /** Tables of the embeddings, by full tensor name. */
  readonly embeddings: readonly string[]
  /** How far above the tokens a tensor lies: 0 for embeddings, i + 1 for layer i, layers + 1 for what is above them. */
  depth(name: string): number
  /** The last hidden states [B,S,H], after the last normalization. */
  hidden(g: Builder, lookup: Lookup, inputs: BackboneInputs, options?: BackboneOptions): Value
  /** The poolings that make sense here; the first is what Transformers computes with the same file. */
  readonly poolings: readonly Pooling[]
  /**
   * The head of sequence classification (regression: one class). `has` tells which tensors the checkpoint has: layers of the
   * head that usually come with it are fresh where it lacks them. All are there where left out.
   */
  sequence(classes: number, pooling: Pooling, has?: (name: string) => boolean): Head
  /** The head of token classification. */
  tokens(classes: number, has?: (name: string) => boolean): Head
  /** The language-model head. */
  readonly language: LanguageHead
}

/** From hidden states to class scores, as Transformers' task models compute them. */
export interface Head {
  /** Tensors below the features that come with pre-trained checkpoints: BERT's pooler. They count as backbone. */
  readonly stored: readonly ParameterSpec[]
  /** The linear layers among them. */
  readonly linears: readonly LinearSpec[]
  /** Tensors that are fresh for a new task and trained by every method. */
  readonly fresh: readonly ParameterSpec[]
  /** Modules of the fresh tensors: `modules_to_save` of a PEFT adapter. */
  readonly modules: readonly string[]
  /** The linear layer that reads the features, and the one whose outputs are the scores; often one and the same. */
  readonly first: string
  readonly last: string
  /** What the fresh tensors read: [B,H] for sequences, [B,S,H] for tokens. Worth keeping where all below is frozen. */
  features(g: Builder, lookup: Lookup, hidden: Value, options: HeadOptions): Value
  /** Scores of features: [B, classes] or [B,S, classes]. */
  scores(g: Builder, lookup: Lookup, features: Value, dropout?: DropoutPlan): Value
}

/** What pooling reads beside the hidden states. */
export interface HeadOptions extends Pick<BackboneOptions, 'adapt' | 'product'> {
  /** As in `BackboneInputs`. */
  readonly mask: Value
}

/** From hidden states to scores over the vocabulary. */
export interface LanguageHead {
  readonly kind: 'masked' | 'causal'
  /** The tensors it has beside the backbone's; where it is tied, the matrix is an embedding table. */
  readonly parameters: readonly ParameterSpec[]
  /** The matrix [V,H]: an own tensor, or the table of the embeddings. */
  readonly weight: string
  readonly tied: boolean
  /** Scores are squeezed into ±cap by tanh (Gemma 2). */
  readonly cap?: number
  /** Scores [M,V] of chosen positions [M,H]: only those that carry loss, because [B·S,V] is most of a decoder's memory. */
  scores(g: Builder, lookup: Lookup, chosen: Value): Value
}
