import type { Tunable } from '../methods/method.ts'
import type { TaskModel } from './task.ts'

/**
 * A task's model as methods see it. `stored` tells which tensors the checkpoint has: a language-model head that it lacks is
 * fresh. Everything else of the backbone is there, which was checked when the folder was opened.
 */
export function tunable({ backbone, head }: TaskModel, stored: (name: string) => boolean): Tunable {
  const language = head ? [] : backbone.language.parameters
  const lacking = language.filter(spec => !stored(spec.name))
  return {
    stored: [...backbone.parameters(), ...(head?.stored ?? []), ...language.filter(spec => stored(spec.name))],
    fresh: [...(head?.fresh ?? []), ...lacking],
    modules: [...(head?.modules ?? []), ...new Set(lacking.map(spec => spec.name.replace(/\.[^.]*$/, '')))],
    linears: [...backbone.linears(), ...(head?.linears ?? [])],
    embeddings: backbone.embeddings,
    layers: backbone.sizes.layers,
    depth: name => backbone.depth(name),
  }
}
