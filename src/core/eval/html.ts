import { escapeHtml } from '../base/html.ts'
import { count, counted, percent, points } from '../base/words.ts'
import type { LabelChange, Ledger, LedgerRow, PairedAccuracy, RowOutcome } from './ledger.ts'
import { verdictOf } from './verdict.ts'
import { pText } from './words.ts'

const titles: { readonly [O in RowOutcome]: readonly [sign: string, name: string, meaning: string] } = {
  fixed: ['↑', 'fixed', 'wrong, now right'],
  broken: ['↓', 'broken', 'right, now wrong'],
  'still-right': ['=', 'still right', 'right in both'],
  'still-wrong': ['×', 'still wrong', 'wrong in both'],
}

/** Rows shown of one outcome: a page of 100,000 rows opens in no browser. What is left out is said. */
const mostRows = 2000

/**
 * The ledger as one page that needs nothing else: no script, no address, light and dark. All text of the user's is
 * escaped; a policy in the page forbids whatever might slip through.
 */
export function ledgerHtml(ledger: Ledger): string {
  const { all, withoutLeaks } = ledger
  const verdict = verdictOf(ledger)
  const title = `${ledger.a.name} → ${ledger.b.name}`
  const order: RowOutcome[] = ['broken', 'fixed', 'still-wrong', 'still-right']
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ledger: ${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>${escapeHtml(title)}</h1><p>${escapeHtml(ledger.split)}, ${counted(all.rows, 'row')}</p></header>
<main>
<section class="scores">
${score('Accuracy, all rows', all)}
${withoutLeaks ? score(`Accuracy, without ${counted(all.rows - withoutLeaks.rows, 'leaked row')}`, withoutLeaks) : ''}
<div><h2>Verdict</h2><p class="verdict">${escapeHtml(verdict.sentence)}</p><p>${escapeHtml(verdict.detail)}</p>${interval(all)}</div>
</section>
${order.map(o => outcomeSection(ledger.rows, o)).join('\n')}
${labelSection(ledger.perLabel)}
${unmatchedNote(ledger)}
</main>
</body>
</html>
`
}

function score(title: string, accuracy: PairedAccuracy): string {
  const [low, high] = accuracy.interval
  return `<div><h2>${title}</h2><p class="big"><span>${percent(accuracy.a)} →</span> ${percent(accuracy.b)}</p>
<p>${points(accuracy.difference)} points, 95 % interval ${points(low)} to ${points(high)}<br>exact McNemar p = ${pText(accuracy.p)}<br>
${count(accuracy.fixed)} fixed, ${count(accuracy.broken)} broken, ${count(accuracy.stillRight)} still right, ${count(accuracy.stillWrong)} still wrong</p></div>`
}

/** The interval of the difference on an axis with 0 in it. */
function interval({ interval: [low, high], difference }: PairedAccuracy): string {
  const reach = Math.max(0.05, Math.ceil(Math.max(Math.abs(low), Math.abs(high)) * 20) / 20)
  const x = (value: number) => (10 + (380 * (value + reach)) / (2 * reach)).toFixed(1)
  const end = (value: number) => `${points(value)}`
  return `<svg viewBox="0 0 400 44" role="img" aria-label="Difference ${points(difference)} points, interval ${points(low)} to ${points(high)}">
<line class="axis" x1="10" x2="390" y1="26" y2="26"/><line class="axis" x1="200" x2="200" y1="6" y2="30"/>
<line class="bar" x1="${x(low)}" x2="${x(high)}" y1="16" y2="16"/><circle cx="${x(difference)}" cy="16" r="5"/>
<text x="10" y="42">${end(-reach)}</text><text x="200" y="42" text-anchor="middle">0</text><text x="390" y="42" text-anchor="end">${end(reach)}</text></svg>`
}

function outcomeSection(all: readonly LedgerRow[], outcome: RowOutcome): string {
  const rows = all.filter(r => r.outcome === outcome)
  const [sign, name, meaning] = titles[outcome]
  // What went wrong is what people open the page for; the many rows that are right in both stay folded.
  const open = outcome === 'broken' || outcome === 'fixed' ? ' open' : ''
  const body =
    rows.length === 0
      ? '<p>None.</p>'
      : `<table><thead><tr><th>Row</th><th>Text</th><th>Gold</th><th>Before</th><th>After</th></tr></thead><tbody>
${rows.slice(0, mostRows).map(rowHtml).join('\n')}
</tbody></table>${rows.length > mostRows ? `<p>${counted(rows.length - mostRows, 'row')} more; winnow compare --format json has them all.</p>` : ''}`
  return `<details class="${outcome}"${open}><summary><b>${sign} ${count(rows.length)}</b> ${name} <span>${meaning}</span></summary>${body}</details>`
}

function rowHtml(row: LedgerRow): string {
  const place = `${escapeHtml(row.file)} row ${row.row}${row.leaked ? ' <i>leaked</i>' : ''}`
  return `<tr><td>${place}</td><td>${escapeHtml(row.text)}</td><td>${escapeHtml(row.gold)}</td>${cell(row, 'a')}${cell(row, 'b')}</tr>`
}

function cell(row: LedgerRow, of: 'a' | 'b'): string {
  const { label, probabilities } = row[of]
  const right = label === row.gold
  const others = probabilities.map(([name, p]) => `${name} ${p.toFixed(2)}`).join(', ')
  const p = probabilities.find(([name]) => name === label)?.[1]
  const number = p === undefined ? '' : ` <span>${p.toFixed(2)}</span>`
  return `<td title="${escapeHtml(others)}">${right ? '✓' : '✗'} ${escapeHtml(label)}${number}</td>`
}

function labelSection(changes: readonly LabelChange[]): string {
  if (changes.length === 0) return ''
  const sorted = [...changes].sort((x, y) => x.fixed - x.broken - (y.fixed - y.broken) || y.rows - x.rows)
  return `<details><summary><b>${count(changes.length)}</b> labels <span>recall, precision and F1 of each, most harmed first</span></summary>
<table class="numbers"><thead><tr><th>Label</th><th>Rows</th><th>Recall</th><th>Change, points</th><th>Precision</th><th>F1</th><th>Fixed</th><th>Broken</th><th>p (Holm)</th></tr></thead><tbody>
${sorted
  .map(
    l =>
      `<tr><td>${escapeHtml(l.label)}</td><td>${count(l.rows)}</td><td>${percent(l.recallA)} → ${percent(l.recallB)}</td><td>${points(l.recallB - l.recallA)} (${points(l.interval[0])} to ${points(l.interval[1])})</td><td>${percent(l.precisionA)} → ${percent(l.precisionB)}</td><td>${l.f1A.toFixed(2)} → ${l.f1B.toFixed(2)}</td><td>${count(l.fixed)}</td><td>${count(l.broken)}</td><td>${pText(l.adjusted)}</td></tr>`,
  )
  .join('\n')}
</tbody></table></details>`
}

function unmatchedNote({ unmatched, relabelled, a, b }: Ledger): string {
  const notes = [
    ...(unmatched.a + unmatched.b > 0
      ? [`Not compared: ${counted(unmatched.a, 'row')} only in ${a.name}, ${count(unmatched.b)} only in ${b.name}.`]
      : []),
    ...(relabelled > 0
      ? [`${counted(relabelled, 'row')} had another gold label before; both are judged by the newer.`]
      : []),
  ]
  return notes.length === 0 ? '' : `<p>${escapeHtml(notes.join(' '))}</p>`
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#d8d8d8, #3a3a3a); --dim: light-dark(#5a5a5a, #a8a8a8); --bar: light-dark(#1f6fb5, #6fb3ef); }
body { margin: 0; font: 14px/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
header, main { max-width: 1200px; margin: 0 auto; padding: 0 16px; }
h1 { font-size: 18px; margin: 16px 0 0; } h2 { font-size: 12px; font-weight: 400; color: var(--dim); margin: 0 0 4px; }
p { margin: 0 0 8px; } header p, span { color: var(--dim); }
.scores { display: flex; flex-wrap: wrap; gap: 16px 40px; border-block: 1px solid var(--line); padding: 12px 0; margin: 12px 0; }
.scores > div { flex: 1 1 280px; } .big { font-size: 24px; } .big span { font-weight: 400; } .verdict { font-weight: 600; }
svg { width: 100%; max-width: 400px; } .axis { stroke: var(--line); } .bar { stroke: var(--bar); stroke-width: 3; } circle { fill: var(--bar); } svg text { font-size: 11px; fill: currentColor; }
details { border-bottom: 1px solid var(--line); padding: 8px 0; } summary { cursor: pointer; }
table { border-collapse: collapse; width: 100%; margin: 8px 0; } th { text-align: left; font-weight: 400; color: var(--dim); }
th, td { padding: 3px 12px 3px 0; vertical-align: top; border-bottom: 1px solid var(--line); } td:first-child { white-space: nowrap; } td:nth-child(2) { overflow-wrap: anywhere; }
.numbers td + td, .numbers th + th { text-align: right; white-space: nowrap; } details { overflow-x: auto; }
@media (max-width: 640px) { table:not(.numbers) thead { display: none; } table:not(.numbers) tr { display: block; padding: 4px 0; border-bottom: 1px solid var(--line); } table:not(.numbers) td { display: block; padding: 1px 0; border: 0; } }
`
