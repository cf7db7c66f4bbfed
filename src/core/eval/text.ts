import { count, counted, percent, points } from '../base/words.ts'
import type { GradedChange, LabelChange, Ledger, LedgerRow, PairedAccuracy } from './ledger.ts'
import { verdictOf } from './verdict.ts'
import { pText } from './words.ts'

/** How much of a ledger is printed. */
export interface TextOptions {
  /** Broken and fixed rows shown of each; all others are counted. */
  readonly rows: number
  /** Labels shown, those with the largest change first. */
  readonly labels: number
  /** More blocks of lines after the labels. */
  readonly further?: readonly (readonly string[])[]
}

/**
 * The one line that scripts read, always the last: `ledger: F fixed, B broken, R still right, W still wrong, p = P`,
 * on all rows.
 */
export function ledgerLine({ all }: Ledger): string {
  const { fixed, broken, stillRight, stillWrong, p } = all
  return `ledger: ${fixed} fixed, ${broken} broken, ${stillRight} still right, ${stillWrong} still wrong, p = ${pText(p)}`
}

/** The ledger for people at a terminal; ends in `ledgerLine`. */
export function ledgerText(ledger: Ledger, { rows, labels, further = [] }: TextOptions): string {
  const { all, graded, withoutLeaks, unmatched, relabelled } = ledger
  const verdict = verdictOf(ledger)
  const leaked = withoutLeaks ? all.rows - withoutLeaks.rows : 0
  const columns = [['', `all ${counted(all.rows, 'row')}`], ...(graded ? gradedLines(graded) : scoreLines(all))]
  if (withoutLeaks && !graded)
    [`without ${counted(leaked, 'leaked row')}`, ...scoreLines(withoutLeaks).map(l => l[1] as string)].forEach(
      (text, i) => {
        columns[i]?.push(text)
      },
    )
  const notes = [
    ...(relabelled > 0
      ? [`${counted(relabelled, 'row')} had another gold label in ${ledger.a.name}; both are judged by the newer.`]
      : []),
    ...(unmatched.a + unmatched.b > 0
      ? [
          `Not compared: ${counted(unmatched.a, 'row')} only in ${ledger.a.name}, ${count(unmatched.b)} only in ${ledger.b.name}.`,
        ]
      : []),
  ]
  const blocks = [
    [`${ledger.a.name} → ${ledger.b.name}, on ${ledger.split}`],
    table(columns),
    [verdict.sentence, ...(verdict.detail ? [verdict.detail] : []), ...notes],
    labelLines(ledger.perLabel, labels),
    ...further,
    rowLines(ledger, 'broken', rows),
    rowLines(ledger, 'fixed', rows),
    [ledgerLine(ledger)],
  ]
  return `${blocks
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')}\n`
}

/** Columns padded to the widest cell; the last is not padded. */
export function table(lines: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const line of lines)
    line.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, [...cell].length)
    })
  return lines.map(line =>
    line
      .map((cell, i) => (i === line.length - 1 ? cell : cell + ' '.repeat((widths[i] as number) - [...cell].length)))
      .join('   ')
      .trimEnd(),
  )
}

/** Text on one line, cut to a length. */
export function oneLine(text: string, length: number): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  const characters = [...flat]
  return characters.length <= length ? flat : `${characters.slice(0, length - 1).join('')}…`
}

function gradedLines({ a, b, difference, interval: [low, high] }: GradedChange): string[][] {
  const digits = (x: number) => x.toPrecision(4)
  return [
    ['mean loss', `${digits(a)} → ${digits(b)}`],
    ['difference', `${digits(difference)}, 95 % interval ${digits(low)} to ${digits(high)}`],
  ]
}

function scoreLines(accuracy: PairedAccuracy): string[][] {
  const [low, high] = accuracy.interval
  return [
    ['accuracy', `${percent(accuracy.a)} → ${percent(accuracy.b)}`],
    ['difference', `${points(accuracy.difference)} points, 95 % interval ${points(low)} to ${points(high)}`],
    ['fixed', count(accuracy.fixed)],
    ['broken', count(accuracy.broken)],
    ['still right', count(accuracy.stillRight)],
    ['still wrong', count(accuracy.stillWrong)],
    ['exact McNemar', `p = ${pText(accuracy.p)}`],
  ]
}

function labelLines(changes: readonly LabelChange[], most: number): string[] {
  const changed = changes
    .filter(l => l.fixed + l.broken > 0)
    .sort((x, y) => Math.abs(y.fixed - y.broken) - Math.abs(x.fixed - x.broken) || y.rows - x.rows)
  if (changed.length === 0 || most === 0) return []
  const shown = changed.slice(0, most)
  const lines = table([
    ['label', 'rows', 'recall', 'change in points', 'fixed', 'broken'],
    ...shown.map(l => [
      oneLine(l.label, 40),
      count(l.rows),
      `${percent(l.recallA)} → ${percent(l.recallB)}`,
      `${points(l.recallB - l.recallA)} (${points(l.interval[0])} to ${points(l.interval[1])})${l.adjusted < 0.05 ? ' *' : ''}`,
      count(l.fixed),
      count(l.broken),
    ]),
  ])
  const stands = changes.filter(l => l.adjusted < 0.05).length
  const note =
    stands === 0
      ? `No label is decided alone (Holm over ${changes.length}).`
      : `* significant for this label alone (Holm over ${changes.length}).`
  const rest = changed.length > most ? [`… and ${counted(changed.length - most, 'more label')}`] : []
  return [...lines, ...rest, note]
}

function rowLines(ledger: Ledger, outcome: 'fixed' | 'broken', most: number): string[] {
  const rows = ledger.rows.filter(r => r.outcome === outcome)
  if (rows.length === 0 || most === 0) return []
  const title = outcome === 'broken' ? 'Broken: right, now wrong' : 'Fixed: wrong, now right'
  const lines = rows
    .slice(0, most)
    .flatMap(row => [
      `  ${row.file} row ${row.row}${row.leaked ? ' (leaked)' : ''}  ${oneLine(row.text, 80)}`,
      `    gold ${row.gold}; ${said(row, 'a')} → ${said(row, 'b')}`,
    ])
  return [title, ...lines, ...(rows.length > most ? [`  … and ${counted(rows.length - most, 'more row')}`] : [])]
}

function said(row: LedgerRow, of: 'a' | 'b'): string {
  const { label, probabilities } = row[of]
  const probability = probabilities.find(([name]) => name === label)?.[1]
  return probability === undefined ? label : `${label} ${probability.toFixed(2)}`
}
