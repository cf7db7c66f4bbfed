import type { Backbone, Head } from '../models/architecture.ts'
import type { Tunable } from './method.ts'

/** A backbone with a task's head, or with its language-model head where there is none, as methods see it. */
export function tunableOf({ backbone, head }: { readonly backbone: Backbone; readonly head?: Head }): Tunable {
  return {
    stored: [...backbone.parameters(), ...(head ? head.stored : backbone.language.parameters)],
    fresh: head?.fresh ?? [],
    modules: head?.modules ?? [],
    linears: [...backbone.linears(), ...(head?.linears ?? [])],
    embeddings: backbone.embeddings,
    layers: backbone.sizes.layers,
    depth: name => backbone.depth(name),
  }
}
