import { count, counted, percent, points } from '../../src/core/base/words.ts'
import { detailOf } from '../../src/core/eval/detail.ts'
import { isTextRow } from '../../src/core/eval/graded.ts'
import { scoreText } from '../../src/core/eval/headline.ts'
import type { Ledger, LedgerRow } from '../../src/core/eval/ledger.ts'
import { type Calibration, calibrationOf } from '../../src/core/eval/metrics/calibration.ts'
import { type Facet, facetsOf, type LedgerSlice, ledgerSlices } from '../../src/core/eval/slices.ts'
import { fixed } from '../../src/core/view/words.ts'
import { h, s } from '../parts/dom.ts'

/** Slices of one facet in the table. */
const mostShown = 8
/** Scores of whole texts take long on very many. */
const mostTexts = 5000

/** Accuracy by slice under both, beside what both scored otherwise. Labels have a section of their own. */
export function sliceSection(ledger: Ledger, more: readonly Facet[]): HTMLElement | undefined {
  const rows = ledger.rows.map(row => ({ ...row, probabilities: row.b.probabilities }))
  const facets = [...facetsOf(rows).filter(facet => facet.name !== 'label'), ...more]
  const slices = ledgerSlices(ledger.rows, facets)
  if (slices.length === 0) return undefined
  const stands = slices.filter(slice => (slice.holm ?? 1) < 0.05).length
  const tested = slices.filter(slice => slice.holm !== undefined).length
  return h(
    'section',
    { class: 'sec' },
    h('div', { class: 'sec-head' }, h('h2', {}, ledger.graded ? 'Exactly right by slice' : 'Accuracy by slice')),
    h(
      'table',
      { class: 'plain', 'aria-label': 'Accuracy by slice' },
      headRow('Slice', 'Rows', ledger.a.name, ledger.b.name, 'Change'),
      h('tbody', {}, shownSlices(slices).map(sliceRow)),
    ),
    h('p', { class: 'small dim' }, holds(stands, tested)),
  )
}

/** What the stars say. */
function holds(stands: number, tested: number): string {
  if (tested === 0) return 'Every slice has too few rows.'
  const among = `among ${counted(tested, 'slice')} (Holm)`
  return stands === 0
    ? `No change is significant ${among}.`
    : `* ${counted(stands, 'change')} ${stands === 1 ? 'is' : 'are'} significant ${among}.`
}

/** Of a facet with many values those with the most rows; lengths from short to long. */
function shownSlices(slices: readonly LedgerSlice[]): readonly LedgerSlice[] {
  const seen = new Map<string, number>()
  const shown = slices.filter(({ facet }) => {
    const n = (seen.get(facet) ?? 0) + 1
    seen.set(facet, n)
    return n <= mostShown
  })
  const from = ({ facet, value }: LedgerSlice) => (facet === 'length' ? Number.parseInt(value, 10) : 0)
  return shown.toSorted((a, b) => (a.facet === b.facet ? from(a) - from(b) : 0))
}

function sliceRow({ facet, value, tooFew, accuracy, holm }: LedgerSlice): HTMLElement {
  const [low, high] = accuracy.interval
  return h(
    'tr',
    { title: tooFew ? 'Fewer than 10 rows' : `95 % interval ${points(low)} to ${points(high)} points` },
    h(
      'th',
      { scope: 'row' },
      facet === 'length'
        ? `${value.replace('-', '\u2013')} characters`
        : facet === 'leaked'
          ? value
          : `${facet} ${value}`,
    ),
    h('td', { class: 'end' }, count(accuracy.rows)),
    h('td', { class: 'end dim' }, percent(accuracy.a)),
    h('td', { class: 'end' }, percent(accuracy.b)),
    h(
      'td',
      { class: 'end' },
      tooFew
        ? h('span', { class: 'dim' }, 'too few')
        : `${points(accuracy.difference)}${(holm ?? 1) < 0.05 ? ' *' : ''}`,
    ),
  )
}

/** How often each was right when it was so sure; for one label a row. */
export function reliabilitySection(ledger: Ledger): HTMLElement | undefined {
  if (!ledger.rows.some(row => row.b.probabilities.length > 0)) return undefined
  const of = (side: 'a' | 'b') =>
    calibrationOf(
      ledger.rows.map(row => row[side].probabilities.find(([label]) => label === row[side].label)?.[1] ?? 0),
      ledger.rows.map(row => row[side].label === row.gold),
    )
  const [a, b] = [of('a'), of('b')]
  // A square, so that who is as often right as sure lies on its diagonal.
  const [side, left, top] = [160, 24, 8]
  const x = (share: number) => left + side * share
  const y = (share: number) => top + side * (1 - share)
  const line = ({ bins }: Calibration, tone: string) => {
    const known = bins.filter(bin => bin.rows > 0)
    return [
      s('polyline', {
        class: `reliability ${tone}`,
        points: known.map(bin => `${x(bin.confidence).toFixed(1)},${y(bin.accuracy).toFixed(1)}`).join(' '),
      }),
      known.map(bin =>
        s('circle', { class: `reliability ${tone}`, cx: x(bin.confidence), cy: y(bin.accuracy), r: 2.5 }),
      ),
    ]
  }
  return h(
    'section',
    { class: 'sec' },
    h(
      'div',
      { class: 'sec-head' },
      h('h2', {}, 'Reliability'),
      h('span', { class: 'dim small push' }, 'right, by how sure'),
    ),
    s(
      'svg',
      {
        class: 'reliability-plot',
        width: left + side + 12,
        height: top + side + 24,
        role: 'img',
        'aria-label': `Calibration error ${fixed(a.error, 3)} of ${ledger.a.name}, ${fixed(b.error, 3)} of ${ledger.b.name}`,
      },
      s('line', { class: 'grid-line', x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
      [0, 0.5, 1].map(t => [
        s('text', { class: 'tick', x: x(t), y: top + side + 18, 'text-anchor': 'middle' }, fixed(t, 1)),
        s('text', { class: 'tick', x: x(0) - 4, y: y(t) + 4, 'text-anchor': 'end' }, fixed(t, 1)),
      ]),
      line(a, 'faint'),
      line(b, 'strong'),
    ),
    h(
      'p',
      { class: 'small dim' },
      `Calibration error ${fixed(a.error, 3)} (${ledger.a.name}, faint) → ${fixed(b.error, 3)}.`,
    ),
  )
}

/** Scores of texts under both: exact match, token F1, BLEU, chrF, ROUGE. */
export function textSection(ledger: Ledger): HTMLElement | undefined {
  if (!isText(ledger)) return undefined
  const rows = ledger.rows.slice(0, mostTexts)
  const of = (side: 'a' | 'b') => {
    // The texts as they stand side by side here, however they came about.
    const said = rows.map(row => {
      const { label } = row[side]
      return { gold: row.gold, label, probabilities: [], tokens, written: true as const }
    })
    return detailOf(said, []).scores
  }
  const [a, b] = [of('a'), of('b')]
  return h(
    'section',
    { class: 'sec' },
    h('div', { class: 'sec-head' }, h('h2', {}, 'Scores of the texts')),
    h(
      'table',
      { class: 'plain', 'aria-label': 'Scores of the texts' },
      headRow('Score', ledger.a.name, ledger.b.name),
      h(
        'tbody',
        {},
        Object.entries(b).map(([name, value]) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, scoreText(name, value).title),
            h('td', { class: 'end dim' }, fixed(a[name] ?? 0, digitsOf(name))),
            h('td', { class: 'end' }, fixed(value, digitsOf(name))),
          ),
        ),
      ),
    ),
    h(
      'p',
      { class: 'small dim' },
      rows.every(row => row.written)
        ? 'Of the answers as the models wrote them.'
        : 'Each word said with the right ones before it.',
    ),
  )
}

const tokens = { count: 1, right: 0 }

/** BLEU and chrF run to 100 and are told to a tenth, the others to 1. */
const digitsOf = (score: string) => (score === 'bleu' || score === 'chrF' ? 1 : 3)

/** Are the answers texts, and not labels or numbers? */
export const isText = (ledger: Ledger): boolean =>
  ledger.graded !== undefined && ledger.rows.some(row => isTextRow(row) && numberIn(row) === undefined)

/** The numbers of a row whose answers are numbers. */
export function numberIn({ gold, a, b }: LedgerRow): { gold: number; a: number; b: number } | undefined {
  const [right, from, to] = [gold, a.label, b.label].map(text => (text.trim() === '' ? Number.NaN : Number(text)))
  const all = { gold: right as number, a: from as number, b: to as number }
  return Object.values(all).every(Number.isFinite) ? all : undefined
}

function headRow(first: string, ...others: readonly string[]): HTMLElement {
  return h(
    'thead',
    {},
    h(
      'tr',
      {},
      h('th', { scope: 'col' }, first),
      others.map(text => h('th', { scope: 'col', class: 'end cut', title: text }, text)),
    ),
  )
}
