import { resolve } from 'node:path'
import { Cancelled } from '../core/base/cancel.ts'
import type { Finding } from '../core/check/finding.ts'
import type { Roles } from '../core/data/dataset.ts'
import { isCompressed } from '../core/data/formatName.ts'
import { rowText } from '../core/data/roles.ts'
import type { Table } from '../core/data/table.ts'
import type { Prediction } from '../core/eval/evaluation.ts'
import type { ColumnValues } from '../core/view/rowsColumn.ts'
import { type LineParts, quotedLabels } from '../core/view/rowsLine.ts'
import {
  columnId,
  columnName,
  columnsOf,
  findingsByRow,
  type RowsFindings,
  readColumns,
  rowCountOf,
  segmentOf,
  segmentsOf,
} from '../core/view/rowsModel.ts'
import type { RowsHead, RowsSuggestion } from '../core/view/rowsProtocol.ts'
import { type Totals, totalsOf } from '../core/view/rowsSummary.ts'
import { type Neighbours, neighboursOf } from '../core/view/rowsTwins.ts'
import { slashed } from './files.ts'

export interface OpenedFile {
  readonly path: string
  readonly split: string | undefined
  readonly table: Table
}

/** At most this long between two looks at what else there is to do, in ms. */
const slice = 8

/** What one panel has open. Its columns are read once, in pieces, and kept; after an edit only what changed is read. */
export class RowView {
  readonly head: RowsHead
  readonly findings: RowsFindings
  readonly parts: LineParts
  /** The rows of the last query, in its order; undefined: all, as they stand. */
  shown: { readonly query: number; readonly order: Uint32Array | undefined } = { query: 0, order: undefined }
  /** The number of the newest query. */
  asked = 0
  private readonly roles: Roles
  private readonly pending = new Map<number, Map<string, string>>()
  private readonly labels = new Map<string, string>()
  private readonly predicted = new Map<number, RowsSuggestion>()
  private reading: Promise<Map<string, ColumnValues>> | undefined
  private adding: Promise<Totals[]> | undefined
  private linking: Promise<Neighbours> | undefined
  private known: Map<string, ColumnValues> | undefined
  private closed = false

  constructor(of: {
    readonly name: string
    readonly files: readonly OpenedFile[]
    readonly roles: Roles
    readonly findings: Iterable<Finding>
    readonly version: number
    readonly before: RowView | undefined
    readonly isPartial?: boolean
  }) {
    const { name, files, roles, version, before } = of
    const segments = segmentsOf(files)
    this.roles = roles
    this.findings = findingsByRow(segments, of.findings)
    const columns = columnsOf(segments, roles, { hasFindings: true })
    const readOnly = whyReadOnly(files)
    const label = roles.label === undefined ? undefined : columnId(roles.label)
    this.parts = {
      segments,
      columns,
      findings: this.findings,
      pending: this.pending,
      labels: this.labels,
      predicted: this.predicted,
    }
    this.head = {
      name,
      files: segments.map(({ path, split, table }) => ({
        path,
        ...(split === undefined ? {} : { split }),
        rows: table.rowCount,
      })),
      rows: rowCountOf(segments),
      columns: readOnly === undefined ? columns : columns.map(column => ({ ...column, editable: false })),
      ...(label !== undefined && columns.some(({ id }) => id === label) ? { label } : {}),
      ...(readOnly === undefined ? {} : { readOnly }),
      version,
      ...(of.isPartial ? { partial: true as const } : {}),
    }
    if (before) this.takeOver(before)
    // Asked for by the first query; begun now, so that it waits less.
    this.values().catch(() => {})
  }

  close(): void {
    this.closed = true
  }

  /** The values of the columns, once they were read. */
  values(): Promise<Map<string, ColumnValues>> {
    this.reading ??= this.drive(readColumns(this.parts.segments, this.parts.columns)).then(columns => {
      const column = this.head.label === undefined ? undefined : columns.get(this.head.label)
      if (column?.kind === 'category')
        for (const [key, label] of quotedLabels(column.values.filter(value => value !== '')))
          this.labels.set(key, label)
      this.known = columns
      return columns
    })
    return this.reading
  }

  totals(): Promise<Totals[]> {
    this.adding ??= this.values().then(async columns => {
      const totals: Totals[] = []
      for (const [id, column] of columns) {
        totals.push(totalsOf(id, column, this.head.rows))
        await this.breathe()
      }
      return totals
    })
    return this.adding
  }

  neighbours(): Promise<Neighbours> {
    this.linking ??= this.drive(neighboursOf(this.parts.segments, this.findings))
    return this.linking
  }

  /** Takes over what models said of these rows; the newer one is heard. A row whose text is another by now is left out. */
  async predict(
    from: readonly { readonly path: string; readonly root: string; readonly name: string }[],
    read: (path: string) => Promise<readonly Prediction[]>,
  ): Promise<void> {
    const bases = new Map(this.parts.segments.map(segment => [segment.path, segment]))
    for (const { path, root, name } of from)
      for (const { file, row, text, label, probabilities } of await read(path)) {
        const segment = bases.get(slashed(resolve(root, file)))
        if (!segment || row >= segment.table.rowCount || this.predicted.has(segment.base + row)) continue
        if (rowText(segment.table, row, this.roles) !== text) continue
        const probability = probabilities.find(one => one[0] === label)?.[1]
        this.predicted.set(segment.base + row, {
          label,
          from: name,
          ...(probability === undefined ? {} : { probability }),
        })
      }
  }

  text(at: number): string {
    const { table, base } = segmentOf(this.parts.segments, at)
    const text = rowText(table, at - base, this.roles)
    return text ?? table.columns.map(name => table.text(at - base, name) ?? '').join(' · ')
  }

  label(at: number): string | undefined {
    const { label } = this.roles
    if (label === undefined) return undefined
    const { table, base } = segmentOf(this.parts.segments, at)
    return this.pending.get(at)?.get(columnId(label)) ?? table.text(at - base, label)
  }

  /** Keeps a change that is not written, or forgets it. */
  pend(at: number, column: string, value: string | undefined): void {
    const cells = this.pending.get(at) ?? new Map<string, string>()
    if (value === undefined) cells.delete(column)
    else cells.set(column, value)
    if (cells.size === 0) this.pending.delete(at)
    else this.pending.set(at, cells)
  }

  forgetPending(): void {
    this.pending.clear()
  }

  /** After an edit of cells the columns are those of before but for the rows that changed. */
  private takeOver(before: RowView): void {
    const { segments, columns } = this.parts
    const old = before.parts
    const same =
      old.segments.length === segments.length &&
      segments.every(
        ({ path, table }, i) => path === old.segments[i]!.path && sameRows(table, old.segments[i]!.table),
      ) &&
      JSON.stringify(columns) === JSON.stringify(old.columns)
    if (!same) return
    this.shown = before.shown
    for (const [at, cells] of before.pending)
      if (segmentOf(segments, at).table === segmentOf(old.segments, at).table) this.pending.set(at, cells)
    const values = before.known
    if (!values) return
    const patch = async () => {
      for (const [i, { table, base }] of segments.entries()) {
        const range = changedRows(table, old.segments[i]!.table)
        for (let row = range.from; row < range.to; row++)
          for (const [id, column] of values)
            if (id.startsWith('column:') && !column.set(base + row, table.text(row, columnName(id)) ?? ''))
              return this.readAnew()
      }
      for (const [key, label] of old.labels) this.labels.set(key, label)
      this.known = values
      return values
    }
    this.reading = patch()
  }

  private readAnew(): Promise<Map<string, ColumnValues>> {
    this.reading = undefined
    return this.values()
  }

  /** Does work in pieces; leaves by `Cancelled` where the view is closed or nobody waits any more. */
  async drive<T>(work: Generator<unknown, T, void>, isOver: () => boolean = () => false): Promise<T> {
    for (let last = performance.now(); ; ) {
      const step = work.next()
      if (step.done) return step.value
      if (performance.now() - last < slice) continue
      await this.breathe()
      if (isOver()) throw new Cancelled()
      last = performance.now()
    }
  }

  private async breathe(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
    if (this.closed) throw new Cancelled()
  }
}

/** Has the table as many rows as the older one, most of them the same? */
function sameRows(table: Table, old: Table): boolean {
  if (table === old) return true
  return table.rowCount === old.rowCount && keptOf(table, old) !== undefined
}

function keptOf(table: Table, old: Table): { readonly head: number; readonly tail: number } | undefined {
  return table.keptSince?.(old) ?? (table.kept?.of.deref() === old ? table.kept : undefined)
}

function changedRows(table: Table, old: Table): { readonly from: number; readonly to: number } {
  if (table === old) return { from: 0, to: 0 }
  const { head, tail } = keptOf(table, old)!
  return { from: head, to: table.rowCount - tail }
}

function whyReadOnly(files: readonly OpenedFile[]): string | undefined {
  if (files.some(({ table }) => table.format === 'parquet')) return 'Parquet files are shown, not changed'
  if (files.some(({ path }) => isCompressed(path))) return 'Compressed files are shown, not changed'
  return files.some(({ table }) => table.readOnly) ? 'These files are shown, not changed' : undefined
}
