import type { Preflight } from '../../src/core/train/estimate.ts'
import type { InspectedRow, Inspection } from '../../src/core/train/inspection.ts'
import { dice } from './fixtures.ts'
import type { Shown } from './stage.ts'
import type { State } from './states.ts'

type Piece = InspectedRow['pieces'][number]
const tokensOf = (text: string) => text.match(/<\|[^|]+\|>|\n| ?[\p{L}\p{N}']+| ?[^\s\p{L}\p{N}]/gu) ?? []

/** A conversation as tokens, its answers learnt, cut at a limit. */
function row(
  at: number,
  turns: readonly (readonly [role: string, text: string])[],
  limit: number,
  end = true,
): InspectedRow {
  let id = 17
  const all: Piece[] = turns.flatMap(([role, text]) => {
    const learnt = role === 'assistant'
    const piece = (text: string, kind: 'trained' | 'masked' | 'special', more = {}) => ({
      id: (id = (id * 31) % 49152),
      text,
      kind,
      ...more,
    })
    return [
      piece('<|im_start|>', 'special'),
      ...tokensOf(`${role}\n`).map(t => piece(t, 'masked')),
      ...tokensOf(text).map(t => piece(t, learnt ? 'trained' : 'masked')),
      piece('<|im_end|>', learnt && end ? 'trained' : 'special', { end: true }),
      piece('\n', 'masked'),
    ]
  })
  const pieces = all.map((piece, i): Piece => (i >= limit ? { ...piece, kind: 'truncated' } : piece))
  const count = (kind: string) => pieces.filter(p => p.kind === kind).length
  return {
    ...{ file: 'train.jsonl', row: at, text: turns.find(([role]) => role === 'user')?.[1] ?? '', pieces },
    ...{ tokens: pieces.length, trained: count('trained'), truncated: count('truncated') },
  }
}

const prompts = [
  'Reply to this ticket in two sentences: my card was declined at the cash machine.',
  'Summarise the conversation and name the next step',
  'Can I stop a transfer that has not gone out yet?',
  'Which label fits: “top-up undone after an hour”?',
]
const answer =
  'I am sorry that the cash machine declined your card. Please check in the app that the card is not frozen and that the daily limit is not reached, then try another machine.'

export function inspectionOf(more: Partial<Inspection> = {}, words = { prompts, answer, end: true }): Inspection {
  const random = dice(3)
  const talk = (i: number, limit: number) =>
    row(
      [14, 902, 2210, 3377][i] as number,
      [
        ['system', 'You help the customers of a bank. Be brief and exact.'],
        ['user', words.prompts[i] as string],
        ['assistant', i === 0 ? `${words.answer} ${words.answer}` : words.answer],
      ],
      limit,
      words.end,
    )
  const bars = Array.from({ length: 48 }, (_, i) =>
    Math.round(420 * Math.exp(-((Math.log(16 * i + 12) - Math.log(168)) ** 2) / 0.34) + 3 * random()),
  )
  const shown = [talk(0, 88), talk(1, 512), talk(2, 512), talk(3, 30)]
  return {
    ...{
      version: 1,
      name: 'instruct-lora',
      dataset: 'support-instructions',
      model: 'SmolLM2-135M-Instruct (llama, 30 x 576)',
    },
    ...{
      method: 'LoRA, rank 16',
      task: 'instruction',
      seed: 42,
      limit: 512,
      rows: 4987,
      looked: 4987,
      learns: 'tokens',
    },
    tokens: { total: 2_840_000, trained: 1_020_000, median: 168, p95: 402, longest: 1204 },
    histogram: { width: 16, rows: bars },
    cut: 96,
    stops: [],
    checks: [
      { state: 'warning', show: 'longest', message: '96 rows lose their end' },
      { state: 'good', message: 'Every row has something to learn from' },
      { state: 'good', message: 'The end token is trained in 4,891 of 4,987 rows' },
      { state: 'good', message: 'No test row was found in training' },
    ],
    shown,
    picked: { each: [0, 1, 2, 3], longest: [0, 1], least: [3, 2], random: [2, 1, 0] },
    ...more,
  }
}

export const estimate: Preflight = {
  ...{ version: 1, name: 'instruct-lora', model: 'SmolLM2-135M-Instruct (llama, 30 x 576)', method: 'LoRA, rank 16' },
  ...{ task: 'instruction', provider: 'cpu', threads: 2, parameters: { all: 134_515_008, trained: 1_843_200 } },
  rows: { train: 4987, validation: 500, test: 500, leftOut: 3 },
  labels: 0,
  tokens: {
    ...{ total: 2_840_000, median: 168, p95: 402, longest: 512, limit: 512, cut: 96, padding: 0.08 },
    histogram: [{ upTo: 512, rows: 4987 }],
  },
  ...{ empty: [], steps: 936, epochs: 3, batch: { rows: 16, tokens: 512 } as Preflight['batch'] },
  seconds: { value: 700, low: 420, high: 1120 },
  step: 0.7,
  memory: { value: 3.9e9, low: 3.5e9, high: 4.9e9 },
  ...{ from: 'dry-run', machine: 12e9, largestBatch: 48, warnings: [] },
  paces: [
    { rows: 8, seconds: 0.172 },
    { rows: 16, seconds: 0.301 },
    { rows: 32, seconds: 0.588 },
  ],
}

export const stopped = inspectionOf(
  {
    stops: [
      {
        ...{ code: 'end-never-trained', rows: 4987 },
        message: 'The end token is masked in every row: the model would never learn to stop',
        fix: { kind: 'recipe', label: 'Train the end token', path: ['chat', 'template'] },
      },
      {
        ...{ code: 'nothing-to-learn', rows: 3, message: '3 rows have no token to learn from' },
        fix: { kind: 'leave-out', label: 'Leave out 3 rows' },
      },
    ],
    checks: [
      { state: 'bad', message: 'The end token is never trained' },
      { state: 'bad', show: 'least', message: '3 rows have nothing to learn from' },
      { state: 'warning', show: 'longest', message: '96 rows lose their end' },
      { state: 'good', message: 'No test row was found in training' },
    ],
  },
  { prompts, answer, end: false },
)

const recipe = { recipe: 'instruct-lora.recipe.json', address: 'file:///w/instruct-lora.recipe.json' }
const full = (inspection: Inspection) => (shown: Shown) =>
  shown.send({ kind: 'hydrate', ...recipe, inspection, preflight: estimate })
const opening = { panel: 'preflight' } as const
const rtl = [
  'لماذا تم تحصيل رسوم مرتين من بطاقتي؟',
  'הכרטיס שלי עדיין לא הגיע',
  'أريد استرداد المبلغ (رقم 4821)',
  'מה עליי לעשות?',
]

export const preflightStates: readonly State[] = [
  { name: 'preflight-full', opening, show: full(inspectionOf()) },
  { name: 'preflight-stop', opening, show: full(stopped) },
  {
    name: 'preflight-inspected',
    opening,
    show: shown => shown.send({ kind: 'hydrate', ...recipe, inspection: inspectionOf() }),
  },
  {
    name: 'preflight-loading',
    opening,
    show: async shown => {
      await shown.send({ kind: 'hydrate', ...recipe })
      await shown.page.locator('.loading i').waitFor({ state: 'visible' })
    },
  },
  {
    name: 'preflight-error',
    opening,
    show: shown =>
      shown.send({
        ...{
          kind: 'problem',
          message: '"model": there is no model smollm in the workspace or among those that came along.',
        },
        ...{ where: 'instruct-lora.recipe.json', hint: 'Name a folder with a config.json, or tiny-decoder.' },
      }),
  },
  {
    name: 'preflight-empty',
    opening,
    show: async shown => {
      const inspection = inspectionOf({
        ...{ rows: 0, looked: 0, shown: [], cut: 0, picked: { each: [], longest: [], least: [], random: [] } },
        ...{ tokens: { total: 0, trained: 0, median: 0, p95: 0, longest: 0 }, histogram: { width: 1, rows: [] } },
        checks: [{ state: 'bad', message: 'Every row was left out' }],
      })
      await shown.send({ kind: 'hydrate', ...recipe, inspection })
      await shown.send({ kind: 'noEstimate', reason: 'There is no row to try a step with.' })
    },
  },
  {
    name: 'preflight-long',
    opening: { panel: 'preflight', width: 1100 },
    show: full(
      inspectionOf(
        { dataset: 'a-dataset-with-a-name-that-somebody-wrote-to-remember-everything-about-where-it-came-from' },
        { prompts: prompts.map(p => `${p} `.repeat(9)), answer: `${answer} `.repeat(6), end: true },
      ),
    ),
  },
  { name: 'preflight-rtl', opening, show: full(inspectionOf({}, { prompts: rtl, answer: rtl.join(' '), end: true })) },
  { name: 'preflight-slim', opening: { panel: 'preflight', width: 320, height: 1600 }, show: full(stopped) },
  { name: 'preflight-narrow', opening: { panel: 'preflight', width: 560, height: 1600 }, show: full(stopped) },
]
