import * as v from 'valibot'
import { maybe, say, whole } from './fields.ts'

/** Where and from which seed, as people write it. */
export const machineEntries = {
  seed: maybe(whole(0, 'Decides order, initial values and dropout: same seed, same run.')),
  device: maybe(
    v.pipe(
      v.picklist(['auto', 'cpu', 'cuda', 'webgpu', 'dml', 'coreml']),
      say('Where to compute; "auto" takes the first that works.'),
    ),
  ),
  threads: maybe(whole(0, 'Threads for one operator; 0 means all cores but one.')),
}

/** Where and from which seed, with defaults. */
export interface RecipeMachine {
  readonly seed: number
  readonly device: 'auto' | 'cpu' | 'cuda' | 'webgpu' | 'dml' | 'coreml'
  readonly threads: number
}

/** Writes out the defaults. */
export function resolveMachine(input: { readonly [K in keyof RecipeMachine]?: RecipeMachine[K] }): RecipeMachine {
  return { seed: input.seed ?? 1, device: input.device ?? 'auto', threads: input.threads ?? 0 }
}
