import { escapeHtml } from '../../base/html.ts'
import { count, counted } from '../../base/words.ts'
import type { Histogram } from '../histogram.ts'
import type { Profile } from '../profile.ts'
import type { KnownHealth } from '../rules/labelOverlap.ts'
import { binNames, bytes, distinctText, doubtful, healthTitle, share } from './profileText.ts'

/** Labels drawn; the rest is said. */
const shownLabels = 60

/**
 * Dataset cards as one page that needs nothing else: no script, no address, charts drawn in the page and read out as
 * tables, light and dark. Text of the user's is escaped, and a policy in the page forbids whatever might slip through.
 */
export function profileHtml(profiles: readonly Profile[], path: (uri: string) => string): string {
  const names = profiles.map(profile => profile.name).join(', ')
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Dataset card: ${escapeHtml(names)}</title>
<style>${style}</style>
</head>
<body>
<main>
${profiles.map(profile => card(profile, path)).join('\n')}
</main>
</body>
</html>
`
}

function card(profile: Profile, path: (uri: string) => string): string {
  const rows = profile.splits.reduce((sum, split) => sum + split.rows, 0)
  const rules = [...new Set(profile.splits.flatMap(split => Object.keys(split.findings)))].sort()
  const splits = profile.splits.map(split => split.name)
  const role = (column: string) => Object.entries(profile.roles).find(([, name]) => name === column)?.[0] ?? ''
  return `<article>
<h1>${escapeHtml(profile.name)}</h1>
<p>${counted(rows, 'row')}, ${profile.schema}${profile.labels ? `, ${counted(profile.labels.length, 'label')}` : ''}</p>
<div class="grid">
<section class="wide"><h2>Splits</h2>${table(
    ['Split', 'File', 'Rows', 'Broken', 'Size'],
    profile.splits.flatMap(split =>
      split.files.map((file, i) => [
        split.name,
        path(file.uri),
        count(file.rows),
        i === 0 ? count(split.broken) : '',
        bytes(file.bytes),
      ]),
    ),
  )}</section>
<section><h2>Columns</h2>${table(
    ['Column', 'Role', 'Missing', 'Distinct'],
    profile.columns.map(({ name, missing, distinct }) => [name, role(name), count(missing), distinctText(distinct)]),
  )}</section>
<section><h2>Leaks</h2>${
    profile.leaks.length === 0
      ? `<p>${splits.length > 1 ? 'None: no row of one split is like a row of another.' : 'There is one split only.'}</p>`
      : table(
          ['Rows of', 'Also in', 'Equal', 'Near'],
          profile.leaks.map(({ split, from, equal, near }) => [split, from, count(equal), count(near)]),
        )
  }</section>
<section><h2>Length in characters</h2>${spread(profile.characters)}</section>
<section><h2>Length in words</h2>${spread(profile.words)}</section>
${profile.labels ? `<section class="wide"><h2>Labels</h2>${labels(profile.labels, profile.unlabelled)}</section>` : ''}
${profile.labelHealth ? `<section class="wide"><h2>${escapeHtml(healthTitle(profile.labelHealth))}</h2>${healthTables(profile.labelHealth)}</section>` : ''}
<section><h2>Languages</h2>${table(
    ['Language', 'Rows', 'Share'],
    profile.languages.map(one => [one.language || 'not told', count(one.rows), share(one.rows, rows)]),
  )}</section>
<section><h2>Findings</h2>${
    rules.length === 0
      ? '<p>None.</p>'
      : table(
          ['Rule', ...splits],
          rules.map(rule => [rule, ...profile.splits.map(split => count(split.findings[rule] ?? 0))]),
        )
  }</section>
</div>
</article>`
}

function healthTables(health: KnownHealth): string {
  const labels = doubtful(health)
  if (labels.length === 0) return '<p>None.</p>'
  const own = table(
    ['Label', 'Rows', 'Seem wrong', 'Seem lacking'],
    labels.map(({ label, rows, wrong, lacking }) => [label, count(rows), count(wrong), count(lacking)]),
  )
  const pairs = table(
    ['Label', 'and', 'Rows', 'Share'],
    health.overlaps.map(({ a, b, rows, of }) => [a, b, count(rows), share(rows, of)]),
  )
  return `<p>Estimates of confident learning: rows of a label that seem to be of another, and rows of others that seem to be of it.</p>${own}${health.overlaps.length > 0 ? `<h3>Labels taken for each other</h3>${pairs}` : ''}`
}

function spread(histogram: Histogram): string {
  const { bins, count: n, min, median, mean, p95, max } = histogram
  if (n === 0) return '<p>No text.</p>'
  const names = binNames(bins)
  const most = Math.max(...bins.map(bin => bin.count))
  const bars = bins.map((bin, i) => {
    const height = bin.count === 0 ? 0 : Math.max(1, Math.round((bin.count / most) * 100))
    const label = `${names[i]}: ${counted(bin.count, 'row')}`
    return `<rect x="${i * 40 + 2}" y="${110 - height}" width="36" height="${height}"><title>${label}</title></rect><text x="${i * 40 + 2}" y="124">${count(bin.from)}</text>`
  })
  return `<p>least ${count(min)}, median ${count(median)}, mean ${mean.toFixed(1)}, 95 % ${count(p95)}, most ${count(max)}</p>
<svg viewBox="0 0 400 130" role="img" aria-label="Histogram; the table below has its numbers">${bars.join('')}<line x1="0" y1="110.5" x2="400" y2="110.5"/></svg>
<details><summary>As a table</summary>${table(
    ['Length', 'Rows'],
    bins.map((bin, i) => [names[i]!, count(bin.count)]),
  )}</details>`
}

function labels(list: NonNullable<Profile['labels']>, unlabelled: number): string {
  const most = list[0]?.rows ?? 1
  const bars = list
    .slice(0, shownLabels)
    .map(
      ({ label, rows }) =>
        `<tr><th scope="row">${escapeHtml(label)}</th><td class="n">${count(rows)}</td><td class="bar"><svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width="${((100 * rows) / most).toFixed(2)}" height="4"/></svg></td></tr>`,
    )
  const rest = list.length - shownLabels
  return `<table><tbody>${bars.join('')}</tbody></table>${rest > 0 ? `<p>${count(rest)} more.</p>` : ''}${unlabelled > 0 ? `<p>${counted(unlabelled, 'row')} without a label.</p>` : ''}`
}

/** Columns of numbers go to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const side = (c: number) =>
    rows.every(row => /^([\d,.]+( (%|[kMG]?B|bytes|or more))?)?$/.test(row[c]!)) ? ' class="n"' : ''
  const sides = head.map((_, c) => side(c))
  const heads = head.map((text, c) => `<th scope="col"${sides[c]}>${escapeHtml(text)}</th>`)
  const lines = rows.map(row => `<tr>${row.map((text, c) => `<td${sides[c]}>${escapeHtml(text)}</td>`).join('')}</tr>`)
  return `<table><thead><tr>${heads.join('')}</tr></thead><tbody>${lines.join('')}</tbody></table>`
}

const style = `:root{color-scheme:light dark;--ink:#1f2418;--faint:#667058;--line:#d9decf;--paper:#fdfdfa;--bar:#5f7f32}
@media (prefers-color-scheme:dark){:root{--ink:#e4e8dc;--faint:#9aa58a;--line:#3a4230;--paper:#181b14;--bar:#9dbb6a}}
body{margin:0;background:var(--paper);color:var(--ink);font:14px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:24px}h1{font-size:22px;margin:0}h2{font-size:14px;margin:0 0 6px}h3{font-size:14px;margin:20px 0 6px}
p{color:var(--faint);margin:2px 0 10px}.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(340px,100%),1fr));gap:28px}
.wide{grid-column:1/-1}section{min-width:0;overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:3px 10px 3px 0;border-bottom:1px solid var(--line);font-weight:400;overflow-wrap:break-word}
thead th{color:var(--faint);white-space:nowrap}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bar{width:50%}.bar svg{display:block;width:100%;height:10px}rect{fill:var(--bar)}line{stroke:var(--line)}
svg text{font-size:9px;fill:var(--faint)}summary{color:var(--faint);cursor:pointer}article+article{margin-top:48px}`
