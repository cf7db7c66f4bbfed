import type { Evaluation, Prediction } from '../../src/core/eval/evaluation.ts'
import { type Ledger, makeLedger } from '../../src/core/eval/ledger.ts'
import { newRun, type Run, reduce } from '../../src/core/run/run.ts'
import type { RunEvent } from '../../src/core/train/event.ts'
import type { RunShown } from '../../src/core/view/protocol.ts'

/** Seeded numbers in [0, 1): the same pictures on every machine. */
export function dice(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export interface RunPlan {
  readonly id: string
  readonly name: string
  readonly seed: number
  readonly steps: number
  readonly done: number
  readonly rate: number
  readonly floor: number
  readonly spike?: number
  readonly outcome?: 'finished' | 'stopped' | 'failed'
  readonly reason?: string
  readonly warnings?: number
}

const start = Date.UTC(2026, 10, 20, 17, 58)

/** The log of a plausible fine-tuning: falling loss, noise, evaluations each 31 steps, one spike if asked for. */
export function runEvents(plan: RunPlan): RunEvent[] {
  const random = dice(plan.seed)
  const noise = () => (random() + random() + random() - 1.5) * 0.9
  const events: RunEvent[] = [
    {
      kind: 'started',
      at: start,
      model: 'tiny-encoder',
      method: 'lora',
      provider: 'cpu',
      threads: 2,
      parameters: 4_385_920,
      trainable: 98_304,
      rows: { train: 4987, validation: 500, test: 500 },
      labels: 20,
      steps: plan.steps,
      epochs: 3,
      from: 0,
    },
    {
      kind: 'evaluated',
      at: start + 900,
      step: 0,
      epoch: 0,
      split: 'test',
      of: 'base',
      scores: { loss: 0.71, accuracy: 0.812, macroF1: 0.806, rows: 500 },
      withoutLeaks: { loss: 0.73, accuracy: 0.806, macroF1: 0.8, rows: 475 },
      leaked: 25,
    },
  ]
  let at = start + 1000
  let best = Number.POSITIVE_INFINITY
  for (let step = 1; step <= plan.done; step++) {
    const ms = 136 + 20 * random()
    at += ms
    const spike = plan.spike === undefined ? 0 : Math.exp(-((step - plan.spike) ** 2) / 2)
    const fall = Math.exp((-step * 6) / plan.steps)
    events.push({
      kind: 'step',
      at,
      step,
      epoch: (3 * step) / plan.steps,
      loss: Math.max(0.03, plan.floor + 2.5 * fall + noise() * 0.14 * (0.3 + fall) + 1.7 * spike),
      rate: step < 56 ? (plan.rate * step) / 56 : plan.rate * (1 - (step - 56) / (plan.steps - 56)),
      norm: Math.max(0.3, 1.4 + 2.2 * fall + noise() * 0.4 + 8.2 * spike),
      rows: 16,
      tokens: 300 + Math.floor(60 * random()),
      ms,
      ...(step % 8 === 1 ? { rss: 4e8 + 2e8 * (1 - fall) + 1e6 * (step % 5) } : {}),
    })
    if (step % 31 !== 0) continue
    const late = Math.max(0, step - 0.66 * plan.steps) / plan.steps
    const loss = plan.floor + 0.14 + 2.4 * fall + late * (plan.floor < 0.25 ? 0.9 : 0.1)
    const accuracy = 0.915 - 0.2 * plan.floor - 0.8 * Math.exp((-step * 9) / plan.steps) - late * 0.06
    const isBest = loss < best
    if (isBest) best = loss
    const scores = { loss, accuracy, macroF1: accuracy - 0.012, rows: 500 }
    events.push({
      kind: 'evaluated',
      at,
      step,
      epoch: (3 * step) / plan.steps,
      split: 'validation',
      scores,
      best: isBest,
    })
    if (isBest || step % 124 === 0) events.push({ kind: 'saved', at, step, path: `checkpoint-${step}`, best: isBest })
  }
  const normAt = (step: number) => events.flatMap(e => (e.kind === 'step' && e.step === step ? [e.norm] : []))[0] ?? 0
  const sentences = [
    [
      'overfitting',
      'Validation loss has risen for 3 evaluations while training loss fell. The best checkpoint is kept',
    ],
    [
      'gradient-spike',
      `Gradient norm ${normAt(plan.spike ?? 1).toFixed(1)} at step ${plan.spike ?? 1}, 7 times its median`,
    ],
    ['provider-fallback', 'Trains on the CPU: CUDA lacks the library libcudart.so.12'],
    ['rows-cut', '61 of 4,987 training rows are longer than 64 tokens and were cut'],
    ['disk-full', 'The disk has 1.2 GB left: checkpoints are kept for the best and the last step only'],
  ] as const
  for (const [i, [code, message]] of sentences.slice(0, plan.warnings ?? 0).entries())
    events.push({
      kind: 'warned',
      at: at + i,
      code,
      message,
      ...(i === 1 && plan.spike ? { step: plan.spike } : i === 0 ? { step: Math.round(plan.done * 0.76) } : {}),
    })
  if (plan.outcome)
    events.push({ kind: 'ended', at: at + 500, outcome: plan.outcome, ...(plan.reason ? { reason: plan.reason } : {}) })
  if (plan.outcome === 'finished')
    events.push({
      kind: 'evaluated',
      at: at + 400,
      step: plan.done,
      epoch: 3,
      split: 'test',
      of: 'best',
      scores: { loss: 0.41, accuracy: 0.904, macroF1: 0.9, rows: 500 },
      withoutLeaks: { loss: 0.43, accuracy: 0.899, macroF1: 0.89, rows: 475 },
      leaked: 25,
    })
  return events
}

export function runOf(plan: RunPlan): Run {
  return runEvents(plan).reduce(reduce, newRun(plan.id, plan.name))
}

export function shownOf(plan: RunPlan, color: number): RunShown {
  return {
    run: runOf(plan),
    recipe: recipeOf(plan),
    data: {
      dropped: [
        { rule: 'duplicate', rows: 47 },
        { rule: 'label-conflict', rows: 2 },
      ],
    },
    color,
  }
}

export function recipeOf(plan: RunPlan): unknown {
  const fine = plan.rate < 3e-4
  return {
    model: 'tiny-encoder',
    data: {
      dataset: 'banking-support',
      text: 'text',
      label: 'category',
      drop: fine ? ['duplicate', 'label-conflict'] : [],
    },
    method: { kind: 'lora', rank: fine ? 16 : 8, alpha: 32, dropout: 0.05 },
    schedule: { kind: 'linear', rate: plan.rate, warmup: fine ? 0.06 : 0, epochs: 3 },
    optimizer: { kind: 'adamw', decay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip: 1 },
    batch: { rows: 16, tokens: 64 },
    seed: 42,
  }
}

export const live: RunPlan = {
  id: '20261120-175800-lora-r16',
  name: 'lora-r16-2e4',
  seed: 7,
  steps: 936,
  done: 412,
  rate: 2e-4,
  floor: 0.16,
  spike: 268,
  warnings: 2,
}

export const before: RunPlan = {
  id: '20261120-160200-lora-r8',
  name: 'lora-r8-5e4',
  seed: 11,
  steps: 936,
  done: 936,
  rate: 5e-4,
  floor: 0.44,
  outcome: 'finished',
}

const labels = [
  'card_arrival card_delivery_estimate card_about_to_expire card_not_working lost_or_stolen_card activate_my_card',
  'change_pin pin_blocked passcode_forgotten top_up_failed top_up_reverted pending_top_up pending_transfer',
  'transfer_timing request_refund charged_twice cash_withdrawal_charge declined_withdrawal exchange_rate wrong_exchange_rate',
].flatMap(line => line.split(' '))

const texts = [
  'Has my top-up gone through yet?',
  'My card has not arrived, and it has been two weeks.',
  'Why was I charged twice for the same purchase?',
  'I want this amount reversed out of my account.',
  'The cash I tried to draw from the machine was not approved.',
  'How do I know when my card will arrive?',
  'My transfer is still pending. When will it be there?',
  'Which rate is used when I pay in another currency?',
]

export interface LedgerPlan {
  readonly rows: number
  readonly seed: number
  /** Chance of being right under each. */
  readonly a: number
  readonly b: number
  readonly leaked: number
  readonly names?: readonly [string, string]
  readonly labels?: readonly string[]
  readonly text?: (i: number) => string
}

/** Two evaluations of the same rows, as two models of the given accuracies would give them. */
export function evaluations(plan: LedgerPlan): [Evaluation, Evaluation] {
  const known = plan.labels ?? labels
  const random = dice(plan.seed)
  const other = (gold: string) => known[(known.indexOf(gold) + 1 + Math.floor(random() * 2)) % known.length] as string
  const predict = (i: number, gold: string, right: boolean, leaked: boolean): Prediction => {
    const label = right ? gold : other(gold)
    const p = 0.45 + 0.5 * random()
    const rest = known.filter(l => l !== label && l !== gold)
    const q = (1 - p) * (0.5 + 0.4 * random())
    const probabilities: [string, number][] = [[label, p]]
    if (label !== gold) probabilities.push([gold, q])
    probabilities.push(
      [rest[i % rest.length] as string, (1 - p) * 0.3],
      [rest[(i + 3) % rest.length] as string, (1 - p) * 0.1],
    )
    probabilities.sort((x, y) => y[1] - x[1])
    const text = plan.text?.(i) ?? `${texts[i % texts.length]} (${i})`
    return { file: 'data/test.csv', row: i, text, gold, label, loss: -Math.log(right ? p : q), probabilities, leaked }
  }
  const a: Prediction[] = []
  const b: Prediction[] = []
  for (let i = 0; i < plan.rows; i++) {
    const gold = known[i % known.length] as string
    const leaked =
      i % Math.max(1, Math.floor(plan.rows / Math.max(1, plan.leaked))) === 0 && i < plan.rows && plan.leaked > 0
    const luck = random()
    const rightA = luck < plan.a
    // Correlated, as two models of one family are.
    const rightB = leaked || (random() < 0.75 ? luck < plan.b : random() < plan.b)
    a.push(predict(i, gold, rightA, leaked))
    b.push(predict(i, gold, rightB, leaked))
  }
  const scores = { accuracy: 0, loss: 0 }
  const of = (model: string, predictions: Prediction[]): Evaluation => ({
    model,
    split: 'test',
    labels: known,
    predictions,
    all: scores,
    withoutLeaks: scores,
  })
  const [from, to] = plan.names ?? ['tiny-encoder, untuned', 'lora-r16-2e4']
  return [of(from, a), of(to, b)]
}

export function ledgerOf(plan: LedgerPlan): Ledger {
  return makeLedger(...evaluations(plan))
}

export const decidedPlan: LedgerPlan = { rows: 500, seed: 3, a: 0.8, b: 0.91, leaked: 25 }
export const noisePlan: LedgerPlan = { rows: 60, seed: 5, a: 0.85, b: 0.88, leaked: 6 }

export function compareHydrate(ledger: Ledger): unknown {
  const choices = [
    { id: 'base', name: ledger.a.name },
    { id: 'tuned', name: ledger.b.name },
    { id: 'other', name: 'lora-r8-5e4' },
  ]
  return { kind: 'hydrate', ledger, choices, a: 'base', b: 'tuned' }
}
