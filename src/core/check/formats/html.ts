import { escapeHtml } from '../../base/html.ts'
import { type Severity, severities } from '../finding.ts'
import type { Report, ReportedFinding } from '../report.ts'
import type { Rule } from '../rule.ts'
import { shown } from '../rules/nearDuplicate.ts'
import { counted } from './text.ts'

/** Findings shown of one rule: a page of 100,000 rows opens in no browser. What is left out is said. */
const mostRows = 1000

/** A piece of a text beside another one: in both, in the other one only, or in the first one only. */
export interface WordChange {
  readonly text: string
  readonly kind: 'same' | 'added' | 'removed'
}

/** What a page shows of texts. `excerpt` is the beginning of a row's, `diff` tells two of them apart. */
export interface Shown {
  readonly rules: readonly Rule[]
  readonly excerpt: (uri: string, row: number) => string
  readonly diff?: (before: string, after: string) => readonly WordChange[]
}

const signs: { readonly [S in Severity]: string } = { error: '✕', warning: '!', info: 'i' }

/**
 * A report as one page that needs nothing else: no script, no address, light and dark. Text of the user's is escaped, and
 * a policy in the page forbids whatever might slip through. Rows that are alike are shown with the words that differ.
 */
export function reportHtml(report: Report, path: (uri: string) => string, { rules, excerpt, diff }: Shown): string {
  const names = report.datasets.map(dataset => dataset.name).join(', ')
  const found = rules
    .map(rule => ({ rule, findings: report.findings.filter(finding => finding.rule === rule.meta.id) }))
    .filter(({ findings }) => findings.length > 0)
    .sort((a, b) => worst(a.findings) - worst(b.findings) || b.findings.length - a.findings.length)
  const show: Show = { path, excerpt, diff }
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Winnow: ${escapeHtml(names)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>${escapeHtml(names)}</h1><p>${total(report)}</p></header>
<main>
<section>
<table class="splits"><thead><tr><th>Dataset</th><th>Split</th><th>File</th><th>Rows</th><th>Findings</th></tr></thead><tbody>
${splitRows(report, path)}
</tbody></table>
</section>
${found.map(({ rule, findings }) => ruleSection(rule, findings, show)).join('\n')}
${found.length === 0 ? '<section><p>No findings.</p></section>' : ''}
</main>
</body>
</html>
`
}

function total({ findings }: Report): string {
  if (findings.length === 0) return 'No findings'
  const parts = severities
    .map(severity => [severity, findings.filter(finding => finding.severity === severity).length] as const)
    .filter(([, n]) => n > 0)
    .map(([severity, n]) => (severity === 'info' ? `${counted(n)} information` : counted(n, severity)))
  return parts.join(', ')
}

function splitRows(report: Report, path: (uri: string) => string): string {
  const counts = new Map<string, number>()
  for (const { uri } of report.findings) counts.set(uri, (counts.get(uri) ?? 0) + 1)
  return report.datasets
    .flatMap(({ name, splits }) =>
      splits.flatMap(split =>
        split.files.map(
          file =>
            `<tr><td>${escapeHtml(name)}</td><td>${split.name}</td><td>${escapeHtml(path(file.uri))}</td><td class="n">${counted(file.rows)}</td><td class="n">${counted(counts.get(file.uri) ?? 0)}</td></tr>`,
        ),
      ),
    )
    .join('\n')
}

interface Show extends Pick<Shown, 'excerpt'> {
  readonly path: (uri: string) => string
  readonly diff: Shown['diff']
}

function ruleSection({ meta }: Rule, findings: readonly ReportedFinding[], show: Show): string {
  const rest = findings.length - mostRows
  return `<details open><summary><b>${counted(findings.length)}</b> ${escapeHtml(meta.id)} <span>${escapeHtml(meta.title)}</span></summary>
<p class="why">${inline(meta.why)}</p>
<table><thead><tr><th></th><th>Row</th><th>Finding</th><th>Text</th></tr></thead><tbody>
${findings
  .slice(0, mostRows)
  .map(finding => findingRow(finding, show))
  .join('\n')}
</tbody></table>${rest > 0 ? `<p>${counted(rest)} more; winnow check --format json has them all.</p>` : ''}</details>`
}

function findingRow(finding: ReportedFinding, { path, excerpt, diff }: Show): string {
  const file = path(finding.uri)
  const place = finding.row === undefined ? file : `${file} row ${finding.row}`
  const own = finding.row === undefined ? '' : excerpt(finding.uri, finding.row)
  const related = finding.related
    .slice(0, 3)
    .map(
      other =>
        `<div class="other"><b>${escapeHtml(`${path(other.uri)} row ${other.row}`)}</b>${figures(other)} ${beside(finding, own, excerpt(other.uri, other.row), diff)}</div>`,
    )
    .join('')
  return `<tr><td class="${finding.severity}" title="${finding.severity}">${signs[finding.severity]}<i>${finding.severity}</i></td><td>${escapeHtml(place)}<br><small>line ${finding.range.line + 1}</small></td><td>${escapeHtml(finding.message)}</td><td>${escapeHtml(own)}${related}</td></tr>`
}

/** The similarity of two rows, where they are alike but not equal; written as in messages. */
function figures({ similarity, containment }: ReportedFinding['related'][number]): string {
  if (similarity === undefined || similarity === 1) return ''
  const contained = containment === undefined ? '' : `, containment ${shown(containment)}`
  return ` <small>Jaccard ${shown(similarity)}${contained}</small>`
}

/** The text of a related row; where it nearly repeats that of the finding, with what differs marked. */
function beside({ alike }: ReportedFinding, own: string, other: string, diff: Shown['diff']): string {
  if (!diff || (alike !== 'near' && alike !== 'numbers' && alike !== 'contained')) return escapeHtml(other)
  const tags = { same: undefined, added: 'ins', removed: 'del' } as const
  return diff(own, other)
    .map(({ text, kind }) => {
      const tag = tags[kind]
      return tag ? `<${tag}>${escapeHtml(text)}</${tag}>` : escapeHtml(text)
    })
    .join('')
}

function worst(findings: readonly ReportedFinding[]): number {
  return findings.reduce<number>(
    (least, finding) => Math.min(least, severities.indexOf(finding.severity)),
    severities.length,
  )
}

function inline(markdown: string): string {
  return escapeHtml(markdown.replace(/\s*\n\s*/g, ' '))
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*]+)\*\*/g, '<b>$1</b>')
}

const style = `
:root{color-scheme:light dark;--fg:#1f2328;--soft:#59636e;--line:#d1d9e0;--bg:#fff;--error:#c4314b;--warning:#9a6700;--info:#0969da;--ins:#dafbe1;--del:#ffebe9}
@media(prefers-color-scheme:dark){:root{--fg:#d6d6d6;--soft:#9d9d9d;--line:#3c3c3c;--bg:#1f1f1f;--error:#f48771;--warning:#cca700;--info:#4daafc;--ins:#1d3b26;--del:#4b2323}}
body{margin:0;font:13px/20px system-ui,sans-serif;color:var(--fg);background:var(--bg)}
header,main>*{padding:12px 16px;border-bottom:1px solid var(--line)}
h1{margin:0;font-size:14px;font-weight:600}header p{margin:0;color:var(--soft)}
summary{cursor:pointer}summary span,.why,small{color:var(--soft)}.why{max-width:80ch}
table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:600;font-size:12px}
td,th{padding:4px 12px 4px 0;vertical-align:top;border-bottom:1px solid var(--line)}
td:nth-child(4){overflow-wrap:anywhere}.splits{width:auto}.splits td:nth-child(4){overflow-wrap:normal}
.n{text-align:right;font-variant-numeric:tabular-nums}.error,.warning,.info{font-weight:600;white-space:nowrap}
.error{color:var(--error)}.warning{color:var(--warning)}.info{color:var(--info)}
td>i{position:absolute;left:-999em}section{overflow-x:auto}.other{color:var(--soft)}ins{color:var(--fg);text-decoration:none;background:var(--ins)}del{background:var(--del)}code{font-family:ui-monospace,monospace;font-size:12px}
@media(forced-colors:active){ins{text-decoration:underline}}
@media(max-width:640px){details thead{display:none}details tr{display:block;padding:4px 0;border-bottom:1px solid var(--line)}details td{display:block;padding:2px 0;border:0}}
`
