import type { Preflight } from '../train/estimate.ts'
import type { Inspection } from '../train/inspection.ts'
import type { FromAnyPanel, Loading, Problem, RowPlace } from './protocol.ts'

/** What the page before a run is told: the recipe first, then what was found, in the order in which it is known. */
export type ToPreflightPanel =
  | {
      readonly kind: 'hydrate'
      /** Name of the recipe file, and where it is. */
      readonly recipe: string
      readonly address: string
      readonly inspection?: Inspection
      readonly preflight?: Preflight
    }
  | { readonly kind: 'inspection'; readonly inspection: Inspection }
  | { readonly kind: 'preflight'; readonly preflight: Preflight }
  /** The estimate could not be made; what was inspected stays. */
  | { readonly kind: 'noEstimate'; readonly reason: string }
  | Problem
  | Loading

/** What the page asks. */
export type FromPreflightPanel =
  | FromAnyPanel
  /** Start the run. Rows with nothing to learn from are left out by training itself: the page has asked. */
  | { readonly kind: 'start' }
  | { readonly kind: 'editRecipe' }
  | { readonly kind: 'openRow'; readonly place: RowPlace }
  /** Change the recipe: set a key, or take it out where there is no value; the page is made anew. */
  | { readonly kind: 'fix'; readonly path: readonly string[]; readonly value?: number }

/** One line of the table of batches: rows at once, the memory and the time that they would take. */
export interface BatchChoice {
  readonly rows: number
  /** Bytes. */
  readonly memory: number
  readonly fits: boolean
  /** Rows a second, where a step of so many was tried. */
  readonly pace?: number
  readonly note?: 'recipe' | 'largest'
}

/**
 * Batches around the recipe's own up to the largest that fits, and one that does not. Memory is taken as linear in the rows,
 * through the estimate of the recipe's batch and nine tenths of the machine at the largest.
 */
export function batchChoices({ batch, largestBatch, memory, machine, paces = [] }: Preflight): BatchChoice[] {
  const own = Math.max(1, Math.min(batch.micro ?? batch.rows, batch.rows))
  const room = 0.9 * machine
  const slope = largestBatch > own ? (room - memory.value) / (largestBatch - own) : memory.value / own
  const sizes = new Set([own >> 1, own, own * 2, own * 4, largestBatch])
  const near = [...sizes].filter(rows => rows >= 1 && (rows <= largestBatch || rows === own)).sort((a, b) => a - b)
  const beyond = 2 ** Math.ceil(Math.log2(largestBatch + 1))
  const pace = (rows: number) => {
    const tried = paces.find(one => one.rows === rows)
    return tried && { pace: rows / tried.seconds }
  }
  return [...near, ...(largestBatch > 0 && beyond <= 8 * own ? [beyond] : [])].map(rows => ({
    rows,
    ...pace(rows),
    // Half the rows do not take less than half: the line is drawn through rows of full length, which these may not have.
    memory: Math.max((memory.value * Math.min(rows, own)) / own, memory.value + slope * (rows - own)),
    fits: rows <= largestBatch,
    ...(rows === own ? { note: 'recipe' as const } : rows === largestBatch ? { note: 'largest' as const } : {}),
  }))
}
