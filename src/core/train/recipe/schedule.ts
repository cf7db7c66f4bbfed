import * as v from 'valibot'
import { above0, fraction, maybe, say, whole } from './fields.ts'

/** The schedules by the names that recipes use. */
export const scheduleKinds = [
  'linear',
  'cosine',
  'constant',
  'cosine-restarts',
  'polynomial',
  'inverse-sqrt',
  'one-cycle',
  'slanted-triangular',
  'warmup-stable-decay',
  'range',
] as const

/** How long to train and at which rate, as people write it. */
export const scheduleEntries = {
  schedule: maybe(
    v.pipe(
      v.strictObject({
        kind: maybe(
          v.pipe(
            v.picklist(scheduleKinds),
            say('How the rate moves after the warm-up. "range" rises all the way, to find a rate.'),
          ),
        ),
        rate: maybe(above0('Highest learning rate.')),
        warmup: maybe(
          v.pipe(
            v.number(),
            v.minValue(0),
            say(
              'Below 1: share of all steps; from 1: number of steps. 0.06 where left out; 0.3 for "one-cycle", 0.1 for "slanted-triangular".',
            ),
          ),
        ),
        end: maybe(
          fraction(
            'Lowest rate, as a share of the highest, of linear, cosine, polynomial, warmup-stable-decay; where "range" begins.',
          ),
        ),
        cycles: maybe(whole(1, 'How often "cosine-restarts" falls.')),
        power: maybe(above0('Power of "polynomial": 1 is a line, 2 falls faster at first.')),
        fall: maybe(fraction('Share of all steps, at the end, in which "warmup-stable-decay" falls.')),
        epochs: maybe(above0('Passes over the training rows.')),
        steps: maybe(whole(1, 'Stop after so many steps, whatever the epochs say.')),
      }),
      say('Learning rate over time, and how long to train.'),
    ),
  ),
}

/** How long to train and at which rate, with defaults. */
export interface RecipeSchedule {
  readonly kind: (typeof scheduleKinds)[number]
  readonly rate: number
  readonly warmup: number
  readonly epochs: number
  readonly steps?: number
  readonly end?: number
  readonly cycles?: number
  readonly power?: number
  readonly fall?: number
}

/** Warm-up where a recipe says nothing: that of PyTorch's one-cycle, that of ULMFiT, and what suits adapters. */
const warmups: { readonly [kind: string]: number } = { 'one-cycle': 0.3, 'slanted-triangular': 0.1, range: 0 }

/** Writes out the defaults; the rate and the epochs are those suggested for the method. */
export function resolveSchedule(
  input: v.InferOutput<(typeof scheduleEntries)['schedule']['wrapped']> | undefined,
  suggested: { readonly rate: number; readonly epochs: number },
): RecipeSchedule {
  const kind = input?.kind ?? 'linear'
  return { kind, warmup: warmups[kind] ?? 0.06, rate: suggested.rate, epochs: suggested.epochs, ...input }
}
