import type { CategoryColumn, ColumnValues } from './rowsColumn.ts'
import { measure } from './rowsFilter.ts'
import type { RowsFindings } from './rowsModel.ts'
import type { RowsSummary } from './rowsProtocol.ts'

const bins = 32
/** Beyond so many decimals numbers are too long to be lined up by their points. */
const mostDecimals = 6
/** Values drawn of a column; the others are told by their number. */
const mostValues = 40

/** A column over all rows; `shownOf` then adds those that pass a filter. Kept, since all rows do not change with the filter. */
export interface Totals {
  readonly column: string
  readonly values: ColumnValues
  readonly least: number
  readonly most: number
  readonly all: readonly number[]
  readonly missing: number
  /** Of numbers: how wide a bar is, and whether bars begin at whole numbers. */
  readonly wide: number
  readonly whole: boolean
  /** Of a category: the codes drawn, and for each code which bar it is, or -1. */
  readonly drawn?: readonly number[]
  readonly barOf?: Int32Array
  readonly distinct: number
}

export function totalsOf(column: string, values: ColumnValues, rows: number): Totals {
  return values.kind === 'category' ? categoryTotals(column, values, rows) : numberTotals(column, values, rows)
}

function categoryTotals(column: string, values: CategoryColumn, rows: number): Totals {
  const counts = new Uint32Array(values.values.length)
  for (let row = 0; row < rows; row++) counts[values.codes[row]!]!++
  const empty = values.code('')
  const codes = [...counts.keys()].filter(code => code !== empty && counts[code]! > 0)
  codes.sort((a, b) => counts[b]! - counts[a]! || a - b)
  const drawn = codes.slice(0, mostValues)
  const barOf = new Int32Array(counts.length).fill(-1)
  for (const [bar, code] of drawn.entries()) barOf[code] = bar
  const missing = empty === undefined ? 0 : counts[empty]!
  const all = drawn.map(code => counts[code]!)
  return {
    column,
    values,
    least: 0,
    most: 0,
    wide: 0,
    whole: false,
    all,
    missing,
    drawn,
    barOf,
    distinct: codes.length,
  }
}

function numberTotals(column: string, values: ColumnValues, rows: number): Totals {
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  let missing = 0
  for (let row = 0; row < rows; row++) {
    const value = measure(values, row)
    if (Number.isNaN(value) || (values.kind === 'text' && value === 0)) missing++
    if (value < least) least = value
    if (value > most) most = value
  }
  const { bars, wide, whole } = barsOf(values, least, most)
  const all = new Array<number>(bars).fill(0)
  const totals = { column, values, least, most, wide, whole, all, missing, distinct: 0 }
  for (let row = 0; row < rows; row++) {
    const bin = binOf(measure(values, row), totals)
    if (bin >= 0) all[bin]!++
  }
  return totals
}

/**
 * The bars over a range. Whole numbers over a short one have a bar each, or share one with the same number of others: bars that divide the
 * range evenly would hold now two of them and now three, and the shape would be a comb.
 */
function barsOf(
  values: ColumnValues,
  least: number,
  most: number,
): { readonly bars: number; readonly wide: number; readonly whole: boolean } {
  if (!(least <= most)) return { bars: 0, wide: 1, whole: false }
  const range = most - least + 1
  const whole = (values.kind === 'text' || (values.kind === 'number' && values.decimals === 0)) && range <= 8 * bins
  const wide = whole ? Math.ceil(range / bins) : (most - least) / bins
  return { bars: whole ? Math.ceil(range / wide) : bins, wide, whole }
}

/** Which bar a value is counted in; -1 for none. The last one holds the greatest value. */
function binOf(value: number, { least, wide, all }: Pick<Totals, 'least' | 'wide' | 'all'>): number {
  if (Number.isNaN(value)) return -1
  return wide > 0 ? Math.min(all.length - 1, Math.floor((value - least) / wide)) : 0
}

/** The column over all rows and over those that pass; `rows` undefined where all do. */
export function summaryOf(totals: Totals, rows: Uint32Array | undefined): RowsSummary {
  const { column, values, all, missing } = totals
  const shown = rows ? new Array<number>(all.length).fill(0) : [...all]
  if (values.kind === 'category') {
    let distinctShown = totals.distinct
    if (rows) {
      const seen = new Uint8Array(values.values.length)
      for (const row of rows) {
        const code = values.codes[row]!
        seen[code] = 1
        const bar = totals.barOf![code]!
        if (bar >= 0) shown[bar]!++
      }
      const empty = values.code('')
      if (empty !== undefined) seen[empty] = 0
      distinctShown = seen.reduce((sum, one) => sum + one, 0)
    }
    const drawn = totals.drawn!.map(code => values.values[code]!)
    return { kind: 'values', column, distinct: totals.distinct, values: drawn, all, shown, distinctShown, missing }
  }
  if (rows)
    for (const row of rows) {
      const bin = binOf(measure(values, row), totals)
      if (bin >= 0) shown[bin]!++
    }
  const [least, most] = all.length > 0 ? [totals.least, totals.most] : [0, 0]
  const of = values.kind === 'text' ? { of: 'characters' as const } : {}
  const decimals = values.kind === 'number' && values.decimals <= mostDecimals ? { decimals: values.decimals } : {}
  const step = totals.whole ? { step: totals.wide } : {}
  return { kind: 'number', column, least, most, all, shown, missing, ...step, ...decimals, ...of }
}

/** How many rows each rule found something in, most first. */
export function findingSummary(findings: RowsFindings, rows: Uint32Array | undefined): RowsSummary {
  const { starts, items, ruleOf, rules } = findings
  const [all, some] = [rules.map(() => 0), rules.map(() => 0)]
  let clean = 0
  const add = (to: number[], row: number) => {
    let last = -1
    for (let i = starts[row]!; i < starts[row + 1]!; i++) {
      const rule = ruleOf[items[i]!]!
      if (rule !== last) to[rule]!++
      last = rule
    }
  }
  for (let row = 0; row + 1 < starts.length; row++) {
    add(all, row)
    if (starts[row] === starts[row + 1]) clean++
  }
  if (rows) for (const row of rows) add(some, row)
  const shown = rows ? some : all
  const order = [...rules.keys()].sort((a, b) => all[b]! - all[a]!)
  return {
    kind: 'values',
    column: 'findings',
    distinct: rules.length,
    distinctShown: shown.filter(n => n > 0).length,
    values: order.map(i => rules[i]!),
    all: order.map(i => all[i]!),
    shown: order.map(i => shown[i]!),
    missing: clean,
  }
}

/** Where in the files the rows that pass stand: rows counted in bars of equal width. */
export function rowSummary(rows: Uint32Array | undefined, count: number): RowsSummary {
  // Of few rows each bar stands for the same number of them, as in a column of whole numbers.
  const step = count <= 8 * bins ? Math.max(1, Math.ceil(count / bins)) : undefined
  const wide = step ?? count / bins
  const all = new Array<number>(count > 0 ? Math.ceil(count / wide - 1e-9) : 0).fill(0)
  for (let bin = 0; bin < all.length; bin++)
    all[bin] = Math.min(count, Math.ceil((bin + 1) * wide)) - Math.ceil(bin * wide)
  const shown = rows ? all.map(() => 0) : all
  if (rows) for (const row of rows) shown[Math.min(all.length - 1, Math.floor(row / wide))]!++
  const most = Math.max(0, count - 1)
  return { kind: 'number', column: 'row', least: 0, most, all, shown, missing: 0, ...(step ? { step } : {}) }
}
