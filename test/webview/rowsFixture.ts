import type { Finding } from '../../src/core/check/finding.ts'
import { parseJsonl } from '../../src/core/data/jsonl.ts'
import type { Source } from '../../src/core/data/table.ts'
import type { FromRowsPanel, RowsHead } from '../../src/core/view/rowsProtocol.ts'
import { RowViews } from '../../src/node/rowViews.ts'
import type { Shown } from './stage.ts'

/** Rows, where they stand, and the checking process's own answers about them: what the panel shows is what it would be told. */
export interface RowsPlan {
  readonly name: string
  readonly files: readonly {
    readonly path: string
    readonly split: string
    readonly rows: readonly PlanRow[]
  }[]
  readonly findings?: readonly Finding[]
}

export interface PlanRow {
  readonly text: string
  readonly category: string | undefined
  readonly tokens: number
  readonly loss: number
  readonly [column: string]: unknown
}

export interface Editor {
  readonly head: RowsHead
  /** Answers everything that the panel has asked since, until it asks no more. */
  settle(shown: Shown): Promise<void>
}

const texts = [
  'Has my top up gone through?',
  'Has my top-up gone through?',
  'Has my top up gone through yet?',
  'Has my top-up gone through now?',
  'Has my top-up gone through yet, please?',
  'Why is my top-up still pending?',
  'My card was declined at the machine and I was still charged',
  'How long does it take for me to get my new card?',
  "I'm attempting to top-up my account but it has been pending for an hour, and nobody tells me why.",
  'I want this amount reversed out of my account.',
  'Where is the money from my top-up?',
  'Am I able to change my PIN at any cash machines?',
]
const labels = ['pending_top_up', 'top_up_reverted', 'card_arrival', 'request_refund', 'change_pin', 'top_up_failed']

function rowsOf(count: number, from: number, text: (i: number) => string = i => texts[i % texts.length] as string) {
  return Array.from({ length: count }, (_, k) => {
    const i = from + k
    const said = i < texts.length ? text(i) : `${text(i)} (${i})`
    return {
      text: said,
      category: i === 1 ? labels[1] : labels[i < 6 ? 0 : (i * 7 + (i % 5)) % labels.length],
      tokens: 4 + Math.round(6 * Math.abs(Math.sin(i * 1.7)) + 20 * Math.max(0, Math.sin(i * 0.13)) ** 6),
      loss: Number((0.02 + 3.2 * Math.abs(Math.sin(i * 2.3)) ** 9 + (i === 1 ? 6.9 : 0)).toFixed(2)),
    }
  })
}

const place = (path: string, row: number) => ({ uri: path, row, span: { start: 0, end: 1 } })
const fix = (kind: 'relabel' | 'keep-only' | 'remove-row', title: string, preferred = false) => ({
  kind,
  title,
  preferred,
  edits: [],
})

function findingsOf(train: string, test: string): Finding[] {
  const near = (row: number): Finding => ({
    rule: 'near-duplicate',
    severity: 'warning',
    ...place(train, row),
    message: `Near-duplicate of train.csv row 0, Jaccard 0.8${row}, containment 0.91.`,
    related: [{ ...place(train, 0), message: 'The row it repeats' }],
    fixes: [fix('remove-row', 'Remove this row', true), fix('keep-only', 'Keep only this row')],
    key: `near${row}`,
  })
  return [
    {
      rule: 'label-conflict',
      severity: 'error',
      ...place(train, 1),
      message: 'The same text as train.csv row 0, which is labelled "pending_top_up".',
      related: [{ ...place(train, 0), message: 'The other label' }],
      fixes: [fix('relabel', 'Relabel as "pending_top_up" like 4 others', true), fix('remove-row', 'Remove this row')],
      key: 'conflict',
    },
    near(2),
    near(3),
    near(4),
    {
      rule: 'label-error',
      severity: 'info',
      ...place(train, 6),
      message: 'The text fits "card_arrival" (probability 0.88) rather than "request_refund" (0.03).',
      related: [],
      fixes: [fix('relabel', 'Relabel as "card_arrival"')],
      key: 'error',
    },
    {
      rule: 'leak',
      severity: 'error',
      ...place(test, 0),
      message: 'Also in training: train.csv row 5.',
      related: [{ ...place(train, 5), message: 'The training row' }],
      fixes: [fix('remove-row', 'Remove this row', true)],
      key: 'leak',
    },
  ]
}

export const bankingPlan: RowsPlan = {
  name: 'banking-support',
  files: [
    { path: '/d/train.csv', split: 'train', rows: rowsOf(840, 0) },
    { path: '/d/validation.csv', split: 'validation', rows: rowsOf(80, 1000) },
    { path: '/d/test.csv', split: 'test', rows: rowsOf(80, 5) },
  ],
  findings: findingsOf('/d/train.csv', '/d/test.csv'),
}

const arabic = 'لماذا تم تحصيل رسوم مرتين من بطاقتي؟ أريد استرداد المبلغ (رقم 4821) من فضلكم.'
const hebrew = 'הכרטיס שלי עדיין לא הגיע, מה עליי לעשות?'
export const rtlPlan: RowsPlan = {
  name: 'رسائل العملاء',
  files: [
    {
      path: '/d/train.csv',
      split: 'train',
      rows: rowsOf(60, 0, i => [arabic, hebrew, 'Mixed: קנייה and شراء 12.50 €'][i % 3] as string).map((row, i) => ({
        ...row,
        category: ['بطاقة_لم_تصل', 'החזר_כספי', 'card_arrival'][i % 3],
      })),
    },
  ],
  findings: findingsOf('/d/train.csv', '/d/test.csv').slice(0, 4),
}

/** Scripts without spaces between words, scripts with tall letters, emoji of several code points. */
const scripts = [
  '我的充值还没有到账，已经过了两天了。',
  'カードが届きません。いつ届きますか？🙏',
  '카드 결제가 두 번 청구되었습니다 😡😡',
  'บัตรของฉันยังไม่มาถึง กรุณาตรวจสอบด้วย',
  'मेरा कार्ड अभी तक नहीं आया है।',
  '👩‍👩‍👧‍👦 family account 🏳️‍🌈 → can I add two more cards? 👍🏽',
  'Thẻ của tôi chưa đến, tôi phải làm gì?',
]
export const scriptsPlan: RowsPlan = {
  name: '客户消息 💬',
  files: [
    {
      path: '/d/train.csv',
      split: 'train',
      rows: rowsOf(60, 0, i => scripts[i % scripts.length] as string).map((row, i) => ({
        ...row,
        category: ['充值失败', 'カード配送', '이중 청구', 'ยังไม่มาถึง', 'कार्ड', '👍 praise', 'thẻ'][i % 7],
      })),
    },
  ],
  findings: findingsOf('/d/train.csv', '/d/test.csv').slice(0, 4),
}
export const onePlan: RowsPlan = { name: 'one', files: [{ path: '/d/train.csv', split: 'train', rows: rowsOf(1, 0) }] }

export const longPlan: RowsPlan = {
  name: 'a-very-long-dataset-name-that-someone-wrote-to-remember-everything-about-where-the-rows-came-from',
  files: [
    {
      path: '/d/a-very-long-file-name-of-an-export-from-the-ticket-system-2026-11-22.jsonl',
      split: 'train',
      rows: rowsOf(
        60,
        0,
        i => `${'An unusually patient customer explains the matter from the very beginning.\n'.repeat(12)}(${i})`,
      ).map((row, i) => ({
        ...row,
        category: `a_label_of_many_words_that_goes_on_${i % 4}`,
        'a column with a rather long name': `https://example.org/${'path/'.repeat(20)}${i}`,
        empty: null,
      })),
    },
  ],
  findings: findingsOf(
    '/d/a-very-long-file-name-of-an-export-from-the-ticket-system-2026-11-22.jsonl',
    '/d/test.csv',
  ).slice(0, 5),
}

/** Plays the editor: what the panel asks is answered by the code that answers it in the checking process. */
export async function editorOf(plan: RowsPlan): Promise<Editor> {
  const tables = new Map(
    plan.files.map(({ path, rows }) => {
      const source: Source = {
        uri: path,
        version: 0,
        bytes: new TextEncoder().encode(rows.map(row => JSON.stringify(row)).join('\n')),
        encoding: 'utf-8',
        bom: false,
      }
      return [path, parseJsonl(source)]
    }),
  )
  const views = new RowViews({
    open: async path => [{ part: undefined, table: tables.get(path) as ReturnType<typeof parseJsonl> }],
    rolesOf: () => ({ text: 'text', label: 'category' }),
    findings: () => plan.findings ?? [],
  })
  const view = 'test'
  const head = await views.rowsOpen({ view, name: plan.name, files: plan.files })
  let answered = 0
  const given = new Map<string, string>()
  const undo: { at: number; column: string; before: string | undefined }[] = []
  const answer = async (message: FromRowsPanel): Promise<unknown> => {
    switch (message.kind) {
      case 'query':
        return {
          kind: 'result',
          result: { ...(await views.rowsQuery({ view, query: message.query, of: message.of })), ms: 14 },
        }
      case 'lines':
        return { kind: 'lines', ...views.rowsLines({ view, query: message.query, from: message.from, to: message.to }) }
      case 'detail':
        return { kind: 'detail', detail: await views.rowsDetail({ view, at: message.at }) }
      case 'place':
        return {
          kind: 'place',
          version: head.version,
          at: message.at,
          index: views.rowsPlace({ view, at: message.at }),
        }
      case 'edit': {
        const { at, column, value } = message
        undo.push({ at, column, before: given.get(`${at} ${column}`) })
        given.set(`${at} ${column}`, value)
        return {
          kind: 'edited',
          version: head.version,
          line: views.rowsPend({ view, at, column, value }),
          undo: undo.length,
          pending: 0,
        }
      }
      case 'undo': {
        const last = undo.pop()
        if (!last) return undefined
        const line = views.rowsPend({ view, at: last.at, column: last.column, value: last.before })
        return { kind: 'edited', version: head.version, line, undo: undo.length, pending: 0 }
      }
      default:
        return undefined
    }
  }
  return {
    head,
    settle: async shown => {
      // A detail is asked for a moment after the row was chosen.
      for (let quiet = 0; quiet < 3; ) {
        const posted = (await shown.posted()) as unknown as FromRowsPanel[]
        const news = posted.slice(answered)
        answered = posted.length
        for (const message of news) {
          const said = await answer(message)
          if (said !== undefined) await shown.send(said)
        }
        quiet = news.length === 0 ? quiet + 1 : 0
        if (quiet > 0) await new Promise(resolve => setTimeout(resolve, 35))
      }
    },
  }
}

export const hydrateOf = (head: RowsHead, more: object = {}) => ({
  kind: 'hydrate',
  head,
  choices: [
    { id: 'dataset:/d/train.csv', name: head.name },
    { id: 'dataset:/d/other.jsonl', name: 'reviews' },
  ],
  chosen: 'dataset:/d/train.csv',
  again: false,
  ...more,
})

/** Shows a plan's rows, and answers until the panel is quiet. */
export async function showRows(shown: Shown, plan: RowsPlan, more: object = {}): Promise<Editor> {
  const editor = await editorOf(plan)
  await shown.send(hydrateOf(editor.head, more))
  await editor.settle(shown)
  return editor
}
