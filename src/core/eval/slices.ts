import type { Prediction } from './evaluation.ts'
import { isRight } from './graded.ts'
import { type LedgerRow, type PairedAccuracy, pairedAccuracy } from './ledger.ts'
import {
  benjaminiHochberg,
  fisherExact,
  holm,
  type Interval,
  independentInterval,
  mcNemar,
  type Proportion,
  wilson,
} from './significance.ts'

/** Slices of fewer rows say nothing: they have counts, but no interval and no test. */
export const leastRows = 10

/** One way to part rows: a word for each of them; undefined where it has none. */
export interface Facet {
  /** `label`, `length`, `leaked`, `language`, or the name of a column. */
  readonly name: string
  readonly values: readonly (string | undefined)[]
}

/** A kind of error: rows of one label that were given another. */
export interface ErrorKind {
  readonly gold: string
  readonly said: string
  readonly rows: number
}

/** How the rows of one slice fared, against all others that the facet knows. */
export interface Slice {
  readonly facet: string
  readonly value: string
  readonly rows: number
  readonly right: number
  readonly accuracy: number
  /** Mean loss, nats. */
  readonly loss: number
  /** Fewer than `leastRows` rows: what follows is not told. */
  readonly tooFew: boolean
  /** 95 % interval of the accuracy (Wilson). */
  readonly interval?: Interval
  /** Accuracy here minus accuracy elsewhere, its 95 % interval (Newcombe 1998, independent) and Fisher's exact p. */
  readonly difference?: number
  readonly differenceInterval?: Interval
  readonly p?: number
  /** p adjusted over all slices that are tested: Holm for any claim at all, Benjamini-Hochberg for a list to look into. */
  readonly holm?: number
  readonly falseDiscovery?: number
  /** The most frequent errors of the slice, three at most; empty where answers are no labels. */
  readonly errors: readonly ErrorKind[]
}

/** One slice of a comparison. */
export interface LedgerSlice {
  readonly facet: string
  readonly value: string
  readonly tooFew: boolean
  /** Intervals and p in it say something where `tooFew` is false only. */
  readonly accuracy: PairedAccuracy
  readonly holm?: number
  readonly falseDiscovery?: number
}

/** What every evaluation can be parted by: gold label (where there is one), length in quartiles, leaked or not. */
export function facetsOf(rows: readonly Pick<Prediction, 'gold' | 'text' | 'leaked' | 'probabilities'>[]): Facet[] {
  const labelled = rows.some(row => row.probabilities.length > 0)
  return [
    ...(labelled ? [{ name: 'label', values: rows.map(row => row.gold) }] : []),
    { name: 'length', values: quartiles(rows.map(row => row.text.length)) },
    ...(rows.some(row => row.leaked)
      ? [{ name: 'leaked', values: rows.map(row => (row.leaked ? 'leaked' : 'not leaked')) }]
      : []),
  ]
}

/** Numbers in quarters of the rows, as words: `1-20`, `21-34`, …; equal numbers are never in two quarters. */
export function quartiles(numbers: readonly number[]): string[] {
  const sorted = [...numbers].sort((a, b) => a - b)
  const bounds = [0.25, 0.5, 0.75].map(q => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] as number)
  const quarter = (x: number) => bounds.filter(bound => x > bound).length
  const ends = new Map<number, [number, number]>()
  for (const x of sorted) {
    const end = ends.get(quarter(x))
    if (end) end[1] = x
    else ends.set(quarter(x), [x, x])
  }
  return numbers.map(x => {
    const [low, high] = ends.get(quarter(x)) as [number, number]
    return low === high ? `${low}` : `${low}-${high}`
  })
}

/** All slices of all facets: facets in order, their values by rows. A facet with one value parts nothing and is left out. */
export function slicesOf(predictions: readonly Prediction[], facets: readonly Facet[]): Slice[] {
  const right = predictions.map(isRight)
  const of = (rows: readonly number[]): Proportion => ({ right: rows.filter(i => right[i]).length, rows: rows.length })
  const wholes = new Map<readonly number[], Proportion>()
  const slices = groups(facets).map(({ facet, value, rows, whole }): Slice => {
    const all = wholes.get(whole) ?? of(whole)
    wholes.set(whole, all)
    const own = of(rows)
    const other = { right: all.right - own.right, rows: all.rows - own.rows }
    const accuracy = own.right / own.rows
    const loss = rows.reduce((sum, i) => sum + (predictions[i] as Prediction).loss, 0) / rows.length
    const tooFew = own.rows < leastRows
    const errors = errorKinds(rows.map(i => predictions[i] as Prediction))
    const base = { facet, value, ...own, accuracy, loss, tooFew, errors }
    if (tooFew) return base
    const interval = wilson(own.right, own.rows)
    if (other.rows < leastRows) return { ...base, interval }
    return {
      ...base,
      interval,
      difference: accuracy - other.right / other.rows,
      differenceInterval: independentInterval(other, own),
      p: fisherExact(own, other),
    }
  })
  return adjusted(slices, slice => slice.p)
}

/** The slices of a comparison; `facets` are of the ledger's rows. */
export function ledgerSlices(rows: readonly LedgerRow[], facets: readonly Facet[]): LedgerSlice[] {
  const slices = groups(facets).map(({ facet, value, rows: own }): LedgerSlice => {
    const accuracy = pairedAccuracy(own.map(i => rows[i] as LedgerRow))
    return { facet, value, tooFew: own.length < leastRows, accuracy }
  })
  return adjusted(slices, ({ tooFew, accuracy }) => (tooFew ? undefined : mcNemar(accuracy.fixed, accuracy.broken)))
}

interface Group {
  readonly facet: string
  readonly value: string
  readonly rows: readonly number[]
  /** All rows that the facet knows; one array for all its groups. */
  readonly whole: readonly number[]
}

function groups(facets: readonly Facet[]): Group[] {
  return facets.flatMap(({ name, values }) => {
    const found = new Map<string, number[]>()
    values.forEach((value, i) => {
      if (value === undefined) return
      const list = found.get(value)
      if (list) list.push(i)
      else found.set(value, [i])
    })
    if (found.size < 2) return []
    const whole = [...found.values()].flat()
    return [...found]
      .sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1))
      .map(([value, rows]) => ({ facet: name, value, rows, whole }))
  })
}

function adjusted<T extends object>(
  slices: readonly T[],
  p: (slice: T) => number | undefined,
): (T & { readonly holm?: number; readonly falseDiscovery?: number })[] {
  const tested = slices.flatMap(slice => p(slice) ?? [])
  const [strict, mild] = [holm(tested), benjaminiHochberg(tested)]
  let at = 0
  return slices.map(slice => {
    if (p(slice) === undefined) return slice
    const both = { holm: strict[at] as number, falseDiscovery: mild[at] as number }
    at++
    return { ...slice, ...both }
  })
}

function errorKinds(rows: readonly Prediction[]): ErrorKind[] {
  const kinds = new Map<string, { gold: string; said: string; rows: number }>()
  for (const { gold, label, probabilities } of rows) {
    if (gold === label || probabilities.length === 0) continue
    const key = `${gold}\u0000${label}`
    const kind = kinds.get(key) ?? { gold, said: label, rows: 0 }
    kind.rows++
    kinds.set(key, kind)
  }
  return [...kinds.values()].sort((a, b) => b.rows - a.rows).slice(0, 3)
}
