import type { Backbone, Head } from '../models/architecture.ts'
import type { Tunable } from './method.ts'

/**
 * A backbone with a task's head, or with its language-model head where there is none, as methods see it. `stored` tells which tensors the checkpoint has: those of a pooler or a language-model
 * head that it lacks are fresh, and trained by every method. The backbone is complete, which was checked when the folder was
 * opened.
 */
export function tunableOf(
  { backbone, head }: { readonly backbone: Backbone; readonly head?: Head },
  stored: (name: string) => boolean = () => true,
): Tunable {
  const above = head ? head.stored : backbone.language.parameters
  const lacking = above.filter(spec => !stored(spec.name))
  const modules = lacking.map(spec => spec.name.replace(/\.[^.]*$/, ''))
  return {
    stored: [...backbone.parameters(), ...above.filter(spec => stored(spec.name))],
    fresh: [...lacking, ...(head?.fresh ?? [])],
    modules: [...new Set([...modules, ...(head?.modules ?? [])])],
    linears: [...backbone.linears(), ...(head?.linears ?? [])],
    embeddings: backbone.embeddings,
    layers: backbone.sizes.layers,
    depth: name => backbone.depth(name),
  }
}
