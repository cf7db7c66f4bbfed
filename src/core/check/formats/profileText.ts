import { count, counted } from '../../base/words.ts'
import type { Histogram } from '../histogram.ts'
import { mostDistinct, type Profile } from '../profile.ts'
import type { KnownHealth } from '../rules/labelOverlap.ts'
import { noPaint, type Paint } from './text.ts'

const shownLabels = 30
const barWidth = 24

/** A dataset card for a terminal. */
export function profileText(
  profiles: readonly Profile[],
  path: (uri: string) => string,
  paint: Paint = noPaint,
): string {
  return `${profiles.map(one => profileLines(one, path, paint).join('\n')).join('\n\n')}\n`
}

function profileLines(profile: Profile, path: (uri: string) => string, paint: Paint): string[] {
  const title = (text: string) => ['', paint.strong(text)]
  const rows = profile.splits.reduce((sum, split) => sum + split.rows, 0)
  const lines = [paint.strong(`${profile.name}: ${counted(rows, 'row')}, ${profile.schema}`)]
  for (const split of profile.splits) {
    const broken = split.broken > 0 ? `, ${count(split.broken)} broken` : ''
    lines.push(`  ${split.name.padEnd(10)}  ${counted(split.rows, 'row')}${broken}`)
    for (const file of split.files) lines.push(paint.faint(`    ${path(file.uri)}  ${bytes(file.bytes)}`))
  }
  lines.push(...title('Columns'))
  const role = (column: string) => Object.entries(profile.roles).find(([, name]) => name === column)?.[0] ?? ''
  lines.push(
    ...aligned([
      ['', 'role', 'missing', 'distinct'],
      ...profile.columns.map(({ name, missing, distinct }) => [
        name,
        role(name),
        count(missing),
        distinctText(distinct),
      ]),
    ]),
  )
  if (profile.labels) {
    lines.push(
      ...title(
        `Labels: ${count(profile.labels.length)}${profile.unlabelled ? `, ${counted(profile.unlabelled, 'row')} without` : ''}`,
      ),
    )
    const most = profile.labels[0]?.rows ?? 1
    lines.push(
      ...aligned(
        profile.labels.slice(0, shownLabels).map(({ label, rows: n }) => [oneLine(label), count(n), bar(n / most)]),
      ),
    )
    if (profile.labels.length > shownLabels) lines.push(`  and ${count(profile.labels.length - shownLabels)} more`)
  }
  if (profile.labelHealth) lines.push(...title(healthTitle(profile.labelHealth)), ...healthLines(profile.labelHealth))
  lines.push(...title('Length in characters'), ...histogramLines(profile.characters))
  lines.push(...title('Length in words'), ...histogramLines(profile.words))
  if (profile.languages.length > 0) {
    lines.push(...title('Languages'))
    lines.push(
      ...aligned(profile.languages.map(one => [one.language || 'not told', count(one.rows), share(one.rows, rows)])),
    )
  }
  const leaks = profile.leaks.map(({ split, from, equal, near }) => [
    `${split} in ${from}`,
    `${count(equal)} equal`,
    `${count(near)} near`,
  ])
  if (profile.splits.length > 1) lines.push(...title('Leaks'), ...(leaks.length ? aligned(leaks) : ['  none']))
  const rules = [...new Set(profile.splits.flatMap(split => Object.keys(split.findings)))].sort()
  lines.push(...title('Findings'))
  if (rules.length === 0) lines.push('  none')
  else
    lines.push(
      ...aligned([
        ['', ...profile.splits.map(split => split.name)],
        ...rules.map(rule => [rule, ...profile.splits.map(split => count(split.findings[rule] ?? 0))]),
      ]),
    )
  return lines
}

/** Labels and pairs named at most. */
const shownDoubtful = 10

export function healthTitle({ rows, noise }: KnownHealth): string {
  return `Labels that do not fit: about ${share(Math.round(noise * rows), rows)} of ${count(rows)} judged`
}

/** The labels with most rows in doubt, for their size. */
export function doubtful({ labels }: KnownHealth): KnownHealth['labels'] {
  const part = (one: KnownHealth['labels'][number]) => (one.wrong + one.lacking) / one.rows
  return labels
    .filter(({ wrong, lacking }) => wrong + lacking > 0)
    .sort((a, b) => part(b) - part(a) || b.rows - a.rows)
    .slice(0, shownDoubtful)
}

function healthLines(health: KnownHealth): string[] {
  const lines = aligned([
    ['', 'rows', 'wrong', 'lacking'],
    ...doubtful(health).map(({ label, rows, wrong, lacking }) => [
      oneLine(label),
      count(rows),
      count(wrong),
      count(lacking),
    ]),
  ])
  const pairs = health.overlaps.map(({ a, b, rows, of }) => [
    `${oneLine(a)} and ${oneLine(b)}`,
    count(rows),
    share(rows, of),
  ])
  return lines.length > 1
    ? [...lines, ...(pairs.length > 0 ? ['  taken for each other:', ...aligned(pairs)] : [])]
    : ['  none']
}

function histogramLines({ bins, count: n, min, median, mean, p95, max }: Histogram): string[] {
  if (n === 0) return ['  no text']
  const most = Math.max(...bins.map(bin => bin.count))
  const names = binNames(bins)
  return [
    `  least ${count(min)}, median ${count(median)}, mean ${mean.toFixed(1)}, 95 % ${count(p95)}, most ${count(max)}`,
    ...aligned(bins.map((bin, i) => [names[i]!, count(bin.count), bar(bin.count / most)])),
  ]
}

/** `0–19`, `20–39`, …, `180 and more`. */
export function binNames(bins: Histogram['bins']): string[] {
  return bins.map(({ from }, i) => {
    const next = bins[i + 1]?.from
    if (next === undefined) return `${count(from)} and more`
    return next - from === 1 ? count(from) : `${count(from)}–${count(next - 1)}`
  })
}

export function distinctText(distinct: number): string {
  return distinct >= mostDistinct ? `${count(mostDistinct)} or more` : count(distinct)
}

export function share(part: number, all: number): string {
  return all > 0 ? `${((100 * part) / all).toFixed(1)} %` : '0 %'
}

/** `1.2 MB` */
export function bytes(n: number): string {
  for (const [size, unit] of [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ] as const)
    if (n >= size) return `${(n / size).toFixed(1)} ${unit}`
  return `${n} bytes`
}

function bar(part: number): string {
  return '█'.repeat(Math.round(part * barWidth)) || (part > 0 ? '▏' : '')
}

/** Columns side by side: the first one and the last bar to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) for (const [c, cell] of row.entries()) widths[c] = Math.max(widths[c] ?? 0, cell.length)
  const right = (c: number) =>
    rows.every(row =>
      /^[\d,. %]*$|^[\d,]+ \w+$|^(missing|distinct|train|validation|test|rows|wrong|lacking)$/.test(row[c] ?? ''),
    )
  return rows.map(row =>
    `  ${row.map((cell, c) => (right(c) ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!))).join('  ')}`.trimEnd(),
  )
}

function oneLine(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ')
  return line.length > 40 ? `${line.slice(0, 39)}…` : line
}
