/** A training row by what it says and what it is called, in the order of `data.json`. */
export interface KnownRow {
  /** Path of its file, as `data.json` names it, and its 0-based row there. */
  readonly file: string
  readonly row: number
  /** Hashes of what the row says (text, pair, turns) and of its answer. */
  readonly text: string
  readonly gold: string
}

/** One row that differs between the training data of two runs. */
export interface RowChange {
  /** `relabelled`: the same text, another answer; `edited`: another text at the same place; else only one run has it. */
  readonly kind: 'relabelled' | 'edited' | 'added' | 'removed'
  /** Where it stands in the data of b; of `removed`, where it stood in that of a. */
  readonly file: string
  readonly row: number
}

/**
 * Which training rows changed from run a to run b, in the order of b, the removed ones last. Rows that only moved are no change;
 * of several equal rows each is paired once.
 */
export function rowChanges(a: readonly KnownRow[], b: readonly KnownRow[]): RowChange[] {
  const left = new Set(a.keys())
  const open = new Set(b.keys())
  const pair = (key: (row: KnownRow) => string, note: (row: KnownRow) => void) => {
    const free = new Map<string, number[]>()
    for (const i of left) {
      const own = key(a[i] as KnownRow)
      const list = free.get(own)
      if (list) list.push(i)
      else free.set(own, [i])
    }
    for (const list of free.values()) list.reverse()
    for (const i of [...open]) {
      const from = free.get(key(b[i] as KnownRow))?.pop()
      if (from === undefined) continue
      left.delete(from)
      open.delete(i)
      note(b[i] as KnownRow)
    }
  }
  const found = new Map<KnownRow, RowChange['kind']>()
  pair(
    row => `${row.text} ${row.gold}`,
    () => undefined,
  )
  pair(
    row => row.text,
    row => void found.set(row, 'relabelled'),
  )
  pair(
    row => `${row.file} ${row.row}`,
    row => void found.set(row, 'edited'),
  )
  for (const i of open) found.set(b[i] as KnownRow, 'added')
  const at = ({ file, row }: KnownRow) => ({ file, row })
  return [
    ...b.flatMap(row => {
      const kind = found.get(row)
      return kind === undefined ? [] : [{ kind, ...at(row) }]
    }),
    ...[...left].map(i => ({ kind: 'removed' as const, ...at(a[i] as KnownRow) })),
  ]
}

/** What a person did to a row before what a split or another file did to the list. */
const order = ['relabelled', 'edited', 'added', 'removed'] as const

/** Changes of training rows as they are shown: how many of each kind there are, and the first of them by kind. */
export interface RowChanges {
  readonly counts: readonly (readonly [kind: RowChange['kind'], rows: number])[]
  readonly rows: readonly RowChange[]
}

/** Sums up changes; at most so many rows are named. */
export function sumChanges(changes: readonly RowChange[], most: number): RowChanges {
  const of = (kind: RowChange['kind']) => changes.filter(change => change.kind === kind)
  return {
    counts: order.flatMap(kind => (of(kind).length > 0 ? [[kind, of(kind).length] as const] : [])),
    rows: order.flatMap(of).slice(0, most),
  }
}
