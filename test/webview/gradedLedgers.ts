import type { Evaluation, Prediction } from '../../src/core/eval/evaluation.ts'
import { type Ledger, makeLedger } from '../../src/core/eval/ledger.ts'
import { dice } from './fixtures.ts'

type Answer = (side: 0 | 1) => Omit<Prediction, 'file' | 'row' | 'text' | 'leaked'>

/** Two evaluations of the same rows whose answers are more or less right. */
function graded(
  names: readonly [string, string],
  rows: readonly { readonly text: string; readonly leaked: boolean; readonly answer: Answer }[],
): Ledger {
  const evaluation = (side: 0 | 1): Evaluation => ({
    model: names[side],
    split: 'test',
    labels: [],
    predictions: rows.map(({ text, leaked, answer }, row) => ({
      ...{ file: 'data/test.jsonl', row, text, leaked },
      ...answer(side),
    })),
    all: {},
    withoutLeaks: {},
  })
  return makeLedger(evaluation(0), evaluation(1))
}

const talks: readonly (readonly [prompt: string, gold: string, before: string])[] = [
  [
    'Can I stop a transfer that has not gone out yet?',
    'Yes. Open the transfer in the app and choose Cancel while it says pending.',
    'You can go to the app and see the transfer there.',
  ],
  [
    'Why was I charged twice for one purchase?',
    'One of the two is a reservation; it disappears within seven days.',
    'One of the two is a reservation; it disappears within seven days.',
  ],
  [
    'How long does a new card take to arrive?',
    'Five working days, and two with express delivery.',
    'It takes some days until a new card arrives.',
  ],
  [
    'Which rate is used when I pay in another currency?',
    'The rate of the card network on the day the payment is booked.',
    'The rate is the rate of the day.',
  ],
  [
    'My top-up went back to my bank. When can I try again?',
    'At once. The name on the bank account must be yours.',
    'At once. The name on the bank account must be yours.',
  ],
]

/** Answers to prompts, written by themselves. */
export function textLedger(): Ledger {
  const random = dice(11)
  return graded(
    ['SmolLM2-135M', 'support-lora'],
    Array.from({ length: 120 }, (_, i) => {
      const [prompt, gold, before] = talks[i % talks.length] as (typeof talks)[number]
      const learnt = random() < 0.6
      const [wide, close] = [1.9 + random(), (learnt ? 0.3 : 0.9) + 0.6 * random()]
      const said = (side: 0 | 1) => (side === 0 ? before : learnt ? gold : gold.replace(/[^ ]+ [^ ]+\.$/, 'soon.'))
      return {
        text: `${prompt} (${i})`,
        leaked: i % 17 === 3,
        answer: side => {
          const count = gold.split(' ').length
          const right = Math.min(count, said(side).split(' ').length)
          const tokens = { count, right }
          return { gold, label: said(side), loss: side === 0 ? wide : close, probabilities: [], tokens, written: true }
        },
      }
    }),
  )
}

/** A number a row: how urgent a ticket is, 1 to 5. */
export function numberLedger(): Ledger {
  const random = dice(13)
  return graded(
    ['bert-base', 'urgency-head'],
    Array.from({ length: 200 }, (_, i) => {
      const gold = 1 + Math.floor(5 * random())
      const off = [1.6 * (random() - 0.5), 1.4 * (random() - 0.5)] as const
      return {
        text: `${(talks[i % talks.length] as (typeof talks)[number])[0]} (${i})`,
        leaked: false,
        answer: side => {
          const said = Number((gold + off[side]).toFixed(2))
          return {
            ...{ gold: String(gold), label: String(said), loss: (said - gold) ** 2, probabilities: [] },
            numbers: { gold, said },
          }
        },
      }
    }),
  )
}
