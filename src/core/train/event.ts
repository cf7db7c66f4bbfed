import type { Estimate, Taken } from './estimate.ts'

/** Scores by name: `loss`, `accuracy`, `macroF1`; higher is better except `loss`. */
export type Scores = { readonly [name: string]: number }

/** How a run ended. */
export type Outcome = 'finished' | 'stopped' | 'failed'

/**
 * Everything a run says. One union: what the training process appends to `events.jsonl`, one JSON object a line,
 * and what every view replays. `at` is milliseconds since 1970; steps count from 1.
 */
export type RunEvent =
  | {
      readonly kind: 'started'
      readonly at: number
      /** What the run is made of, in words for people. */
      readonly model: string
      readonly method: string
      /** Where it runs: `cpu`, `cuda`, `webgpu`, `dml`, `coreml`, and the device's name where known. */
      readonly provider: string
      readonly device?: string
      readonly threads?: number
      readonly parameters: number
      readonly trainable: number
      readonly rows: { readonly train: number; readonly validation: number; readonly test: number }
      readonly labels?: number
      /** What is learnt; classification where left out. */
      readonly task?: string
      readonly steps: number
      readonly epochs: number
      /** The step a resumed run goes on from; 0 for a new one. */
      readonly from: number
      /** What two steps, tried before the first one, say of the whole run: seconds, and bytes of memory at the highest. */
      readonly predicted?: { readonly seconds: Estimate; readonly memory: Estimate }
    }
  | {
      readonly kind: 'step'
      readonly at: number
      readonly step: number
      readonly epoch: number
      /** Mean loss of the batch. */
      readonly loss: number
      readonly rate: number
      /** L2 norm of all gradients before clipping. */
      readonly norm: number
      readonly rows: number
      /** Tokens processed, padding not counted. */
      readonly tokens: number
      /** Duration of the step in milliseconds. */
      readonly ms: number
      /** Memory of the training process in bytes, about once a second. */
      readonly rss?: number
      /** Use of the GPU in percent and its memory in bytes, about once a second where it can be read. */
      readonly gpu?: { readonly use: number; readonly memory: number }
      /** Indices into the training rows (see `data.json`) of this batch: a spike leads back to its rows. */
      readonly batch?: readonly number[]
    }
  | {
      readonly kind: 'evaluated'
      readonly at: number
      readonly step: number
      readonly epoch: number
      readonly split: 'train' | 'validation' | 'test'
      /** On all rows. */
      readonly scores: Scores
      /** Without the rows that `leak` found; absent where there are none. */
      readonly withoutLeaks?: Scores
      readonly leaked?: number
      readonly best?: boolean
      /** Which weights were scored; absent means the run's own at this step. */
      readonly of?: 'base' | 'best'
      /**
       * What stands for the untuned model: a head trained on the frozen encoder's features, or (where that is the run
       * itself) one Gaussian a class on them.
       */
      readonly baseline?: 'feature-head' | 'centroid'
      readonly path?: string
    }
  | {
      readonly kind: 'saved'
      readonly at: number
      readonly step: number
      readonly path: string
      readonly best: boolean
    }
  | {
      readonly kind: 'warned'
      readonly at: number
      readonly code: string
      readonly message: string
      readonly step?: number
    }
  | {
      /** Somebody paused the run after `step`, let it go on, or changed its rates from the step after it on. */
      readonly kind: 'controlled'
      readonly at: number
      readonly step: number
      readonly paused: boolean
      /** What the schedule's rates are multiplied by. */
      readonly factor: number
    }
  | {
      readonly kind: 'ended'
      readonly at: number
      readonly outcome: Outcome
      readonly reason?: string
      readonly bestStep?: number
      /** What it took since it `started`, to be held against what was predicted. */
      readonly measured?: Taken
    }
