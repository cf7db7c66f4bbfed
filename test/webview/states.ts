import type { Evaluation } from '../../src/core/eval/evaluation.ts'
import { type LedgerRow, makeLedger } from '../../src/core/eval/ledger.ts'
import { newRun } from '../../src/core/run/run.ts'
import type { BatchRow } from '../../src/core/view/protocol.ts'
import {
  before,
  compareHydrate,
  decidedPlan,
  evaluations,
  ledgerOf,
  live,
  noisePlan,
  type RunPlan,
  recipeOf,
  shownOf,
} from './fixtures.ts'
import { numberLedger, textLedger } from './gradedLedgers.ts'
import type { Opening, Shown } from './stage.ts'

/** A panel in a state worth looking at. */
export interface State {
  readonly name: string
  readonly opening: Opening
  readonly show: (shown: Shown) => Promise<void>
}

const others = [
  { id: 'head', name: 'head-only', detail: 'yesterday 11:20, accuracy 78.4 %' },
  { id: 'full', name: 'full-2e5', detail: 'Thursday 09:02, accuracy 91.2 %' },
]

export const hydrateRun = { kind: 'hydrate', shown: [shownOf(live, 0), shownOf(before, 1)], others }

const batchRows: BatchRow[] = [
  ['my top up was cancelled', 'top_up_failed', 1519, ['label-conflict']],
  ['Has my top-up gone through?', 'top_up_reverted', 3160, ['label-conflict', 'near-duplicate']],
  ['My card was declined at the machine and I was still charged', 'cash_withdrawal_charge', 4415, ['label-error']],
  ['How long does it take for me to get my new card?', 'card_arrival', 56, []],
  ['why cant i pay with this thing', 'card_not_working', 1289, []],
  ['I want this amount reversed out of my account.', 'request_refund', 3804, []],
  ['When will money be available in my account?', 'transfer_timing', 907, []],
  ['Am I able to change my PIN at any cash machines?', 'change_pin', 2250, []],
].map(([text, label, row, findings]) => ({ file: 'data/train.csv', row, text, label, findings }) as BatchRow)

const finished = { done: 936, outcome: 'finished', warnings: 1 } as const

const failed: RunPlan = {
  ...live,
  done: 96,
  spike: 60,
  warnings: 5,
  outcome: 'failed',
  reason: 'The loss is no number since step 96. Lower the learning rate (now 2e-4) or turn clipping on',
}

const wordy = 'a-very-long-run-name-that-someone-wrote-to-remember-everything-about-the-recipe-lora-r16-alpha32-2e-4'
const arabic = 'لماذا تم تحصيل رسوم مرتين من بطاقتي؟ أريد استرداد المبلغ (رقم 4821) من فضلكم.'
const hebrew = 'הכרטיס שלי עדיין לא הגיע, מה עליי לעשות?'

const departments = [
  'account_change',
  'billing',
  'bug',
  'cancellation',
  'delivery',
  'feature_request',
  'login',
  'refund',
]
const misspelt = departments
  .flatMap((name, i) =>
    i % 3 === 0
      ? [name, name.toUpperCase(), name.replace('_', '-')]
      : i % 3 === 1
        ? [name, `${name}${name.at(-1)}`]
        : [name],
  )
  .filter((name, i, all) => all.indexOf(name) === i)
const meant = (label: string) =>
  departments.find(name => label.toLowerCase().replace('-', '_').startsWith(name)) ?? label

const hydrate = (message: unknown) => (shown: Shown) => shown.send(message)

export const runStates: readonly State[] = [
  {
    name: 'run-live',
    opening: { panel: 'run' },
    show: async shown => {
      await shown.send(hydrateRun)
      await shown.page.getByRole('button', { name: 'Rows of step 268' }).click()
      await shown.send({ kind: 'batch', id: live.id, step: 268, rows: batchRows })
    },
  },
  {
    name: 'run-table',
    opening: { panel: 'run' },
    show: async shown => {
      await shown.send({ ...hydrateRun, shown: [shownOf({ ...live, ...finished }, 0), shownOf(before, 1)] })
      await shown.page.getByRole('button', { name: 'Table' }).click()
    },
  },
  {
    name: 'run-finished',
    opening: { panel: 'run' },
    show: hydrate({ ...hydrateRun, shown: [shownOf({ ...live, ...finished }, 0)] }),
  },
  {
    name: 'run-failed',
    opening: { panel: 'run' },
    show: hydrate({ ...hydrateRun, shown: [shownOf(failed, 0)] }),
  },
  {
    name: 'run-waiting',
    opening: { panel: 'run' },
    show: hydrate({
      ...hydrateRun,
      shown: [{ run: newRun(live.id, live.name), recipe: recipeOf(live), color: 0 }],
    }),
  },
  {
    name: 'run-six',
    opening: { panel: 'run' },
    show: hydrate({
      ...hydrateRun,
      shown: [0, 1, 2, 3, 4, 5].map(i =>
        shownOf({ ...before, id: `run-${i}`, name: `seed-${40 + i}`, seed: 40 + i, floor: 0.2 + 0.07 * i }, i),
      ),
    }),
  },
  {
    name: 'run-paused',
    opening: { panel: 'run' },
    show: async shown => {
      await shown.send(hydrateRun)
      await shown.send({
        kind: 'events',
        id: live.id,
        events: [
          { kind: 'controlled', at: 1, step: 411, paused: false, factor: 0.5 },
          { kind: 'controlled', at: 2, step: 412, paused: true, factor: 0.5 },
        ],
      })
      await shown.page.getByRole('checkbox', { name: 'Speed and memory' }).click()
    },
  },
  {
    name: 'run-seeds',
    opening: { panel: 'run' },
    show: hydrate({
      ...hydrateRun,
      shown: [1, 2, 3, 4, 5].map(i => {
        const shown = shownOf({ ...before, id: `run-${i}`, name: `seed-${i}`, seed: i, floor: 0.3 + 0.04 * i }, i - 1)
        return i === 5 ? shown : { ...shown, recipe: { ...(shown.recipe as object), rank: 4, seed: i } }
      }),
    }),
  },
  { name: 'run-loading', opening: { panel: 'run' }, show: loading },
  { name: 'run-empty', opening: { panel: 'run' }, show: hydrate({ kind: 'hydrate', shown: [], others: [] }) },
  {
    name: 'run-error',
    opening: { panel: 'run' },
    show: hydrate({
      kind: 'problem',
      message: 'The log of this run cannot be read.',
      where: '.winnow/runs/20261120-175800-lora-r16/events.jsonl:412',
      hint: 'Line 412 is no JSON. The run folder may have been edited by hand; remove the line or restore the file.',
    }),
  },
  {
    name: 'run-stale',
    opening: { panel: 'run' },
    show: async shown => {
      await shown.send(hydrateRun)
      await shown.send({
        kind: 'problem',
        message: 'The run folder is gone.',
        where: '.winnow/runs/20261120-175800-lora-r16',
        hint: 'Restore it, or close this panel.',
      })
    },
  },
  {
    name: 'run-long',
    opening: { panel: 'run', width: 1100 },
    show: hydrate({
      ...hydrateRun,
      shown: [shownOf({ ...live, name: wordy, warnings: 5 }, 0), shownOf({ ...before, name: `${wordy}-before` }, 1)],
    }),
  },
  {
    name: 'run-rtl',
    opening: { panel: 'run' },
    show: async shown => {
      await shown.send({
        ...hydrateRun,
        shown: [
          { ...shownOf({ ...live, name: 'تجربة_البطاقات_16' }, 0), notes: `${arabic}\n${hebrew}` },
          shownOf({ ...before, name: 'ניסוי_קודם' }, 1),
        ],
      })
      await shown.page.getByRole('button', { name: 'Rows of step 268' }).click()
      const rows = batchRows.map((row, i) => ({
        ...row,
        text: [arabic, hebrew][i % 2] as string,
        label: 'بطاقة_لم_تصل',
      }))
      await shown.send({ kind: 'batch', step: 268, rows })
    },
  },
  {
    name: 'run-menu',
    opening: { panel: 'run' },
    show: async shown => {
      await shown.send(hydrateRun)
      await shown.page.getByRole('button', { name: 'Change rate' }).click()
    },
  },
  { name: 'run-slim', opening: { panel: 'run', width: 320, height: 1400 }, show: hydrate(hydrateRun) },
  { name: 'run-narrow', opening: { panel: 'run', width: 560, height: 1400 }, show: hydrate(hydrateRun) },
]

export const compareStates: readonly State[] = [
  { name: 'compare-better', opening: { panel: 'compare' }, show: hydrate(compareHydrate(ledgerOf(decidedPlan))) },
  { name: 'compare-noise', opening: { panel: 'compare' }, show: hydrate(compareHydrate(ledgerOf(noisePlan))) },
  {
    name: 'compare-worse',
    opening: { panel: 'compare' },
    show: hydrate(compareHydrate(makeLedger(...(evaluations({ ...decidedPlan, leaked: 0 }).reverse() as Pair)))),
  },
  {
    name: 'compare-way-back',
    opening: { panel: 'compare' },
    show: async shown => {
      const ledger = ledgerOf(decidedPlan)
      const changes = {
        counts: [
          ['relabelled', 41],
          ['edited', 3],
          ['removed', 2],
        ],
        rows: [104, 388, 911, 1204, 2077].map((row, i) => ({
          kind: i < 4 ? 'relabelled' : 'edited',
          file: 'train.csv',
          row,
        })),
      }
      await shown.send({ ...(compareHydrate(ledger) as object), changes })
      const { file, row, text, gold } = ledger.rows.find(one => one.outcome === 'broken') as LedgerRow
      const near = { file: 'train.csv', text: `${text} Please look into it.` }
      await shown.send({
        kind: 'nearest',
        place: { file, row },
        rows: [
          { ...near, row: 388, gold: 'card_not_working', similarity: 0.84, disagrees: true },
          { ...near, row: 2077, gold: 'lost_or_stolen_card', similarity: 0.71, disagrees: true },
          { ...near, row: 12, gold, similarity: 0.69, disagrees: false },
        ],
      })
    },
  },
  {
    name: 'compare-cell',
    opening: { panel: 'compare' },
    show: async shown => {
      await shown.send(compareHydrate(ledgerOf(decidedPlan)))
      await shown.page.locator('.confusion-cells .wrong').first().click()
    },
  },
  {
    name: 'compare-no-match',
    opening: { panel: 'compare' },
    show: async shown => {
      await shown.send(compareHydrate(ledgerOf(decidedPlan)))
      await shown.page.keyboard.press('/')
      await shown.page.keyboard.type('no such row')
    },
  },
  {
    name: 'compare-many-labels',
    opening: { panel: 'compare' },
    show: hydrate(
      compareHydrate(
        ledgerOf({
          ...decidedPlan,
          rows: 1540,
          labels: Array.from({ length: 77 }, (_, i) => `intent_${String(i).padStart(2, '0')}_of_support`),
        }),
      ),
    ),
  },
  { name: 'compare-loading', opening: { panel: 'compare' }, show: loading },
  {
    name: 'compare-empty',
    opening: { panel: 'compare' },
    show: hydrate({ kind: 'empty', choices: [{ id: 'base', name: 'tiny-encoder, untuned' }] }),
  },
  {
    name: 'compare-error',
    opening: { panel: 'compare' },
    show: hydrate({
      kind: 'problem',
      message: 'The two evaluations are of different splits: test and validation.',
      hint: 'Choose two of the same split, or evaluate one of the models again.',
    }),
  },
  {
    name: 'compare-long',
    opening: { panel: 'compare', width: 1100 },
    show: hydrate(
      compareHydrate(
        ledgerOf({
          ...decidedPlan,
          names: [wordy, `${wordy}-tuned-again`],
          text: i =>
            `${'An unusually patient customer explains the matter from the very beginning. '.repeat(12)}(${i})`,
        }),
      ),
    ),
  },
  {
    name: 'compare-rtl',
    opening: { panel: 'compare' },
    show: hydrate(
      compareHydrate(
        ledgerOf({
          ...decidedPlan,
          labels: ['بطاقة_لم_تصل', 'رسوم_مكررة', 'card_arrival', 'החזר_כספי'],
          text: i => [arabic, hebrew, 'Mixed: קנייה and شراء 12.50 €'][i % 3] as string,
        }),
      ),
    ),
  },
  {
    name: 'compare-typos',
    opening: { panel: 'compare' },
    show: hydrate({
      ...(compareHydrate(ledgerOf({ ...noisePlan, rows: 260, labels: misspelt })) as object),
      typos: misspelt.filter(label => meant(label) !== label).map(label => ({ label, like: meant(label) })),
    }),
  },
  {
    name: 'compare-one-label',
    opening: { panel: 'compare' },
    show: hydrate(compareHydrate(ledgerOf({ ...noisePlan, labels: ['complaint'], a: 1, b: 1 }))),
  },
  {
    name: 'compare-thousand-labels',
    opening: { panel: 'compare' },
    show: hydrate(
      compareHydrate(
        ledgerOf({ ...decidedPlan, rows: 12_000, labels: Array.from({ length: 1000 }, (_, i) => `code ${1000 + i}`) }),
      ),
    ),
  },
  // What zoom of 200 % leaves of a window of 1400 x 900, and of a third of one.
  {
    name: 'compare-zoomed',
    opening: { panel: 'compare', width: 700, height: 450 },
    show: hydrate(compareHydrate(ledgerOf(decidedPlan))),
  },
  {
    name: 'compare-slim',
    opening: { panel: 'compare', width: 320, height: 1400 },
    show: hydrate(compareHydrate(ledgerOf(decidedPlan))),
  },
  { name: 'compare-text', opening: { panel: 'compare' }, show: hydrate(compareHydrate(textLedger())) },
  { name: 'compare-numbers', opening: { panel: 'compare' }, show: hydrate(compareHydrate(numberLedger())) },
  {
    name: 'compare-narrow',
    opening: { panel: 'compare', width: 560, height: 1400 },
    show: hydrate(compareHydrate(ledgerOf(decidedPlan))),
  },
  {
    name: 'compare-beside',
    opening: { panel: 'compare', width: 490, height: 1400 },
    show: hydrate(compareHydrate(ledgerOf(decidedPlan))),
  },
]

async function loading(shown: Shown): Promise<void> {
  await shown.send({ kind: 'loading', what: 'rows', done: 3100, total: 5987 })
  await shown.page.locator('.loading i').waitFor({ state: 'visible' })
}

type Pair = [Evaluation, Evaluation]
