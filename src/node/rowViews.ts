import { Cancelled } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import type { Finding } from '../core/check/finding.ts'
import type { Roles } from '../core/data/dataset.ts'
import { inferRoles } from '../core/data/roles.ts'
import { RowsView as PartOfTable } from '../core/data/rowsView.ts'
import { bytesOf, type Source, type Table } from '../core/data/table.ts'
import { tableLines } from '../core/data/tableLines.ts'
import type { Prediction } from '../core/eval/evaluation.ts'
import { defaultScheme } from '../core/sign/scheme.ts'
import type { Edit } from '../core/text/span.ts'
import { filterRows } from '../core/view/rowsFilter.ts'
import { cellOf, lineOf, suggestionOf } from '../core/view/rowsLine.ts'
import { columnName, findingCounts, findingsOf, segmentOf } from '../core/view/rowsModel.ts'
import type { RowsDetail, RowsEdit, RowsHead, RowsLine, RowsResult, RowsService } from '../core/view/rowsProtocol.ts'
import { sortRows } from '../core/view/rowsSort.ts'
import { findingSummary, rowSummary, summaryOf } from '../core/view/rowsSummary.ts'
import { clusterOf, likeness } from '../core/view/rowsTwins.ts'
import { changed, planRewrites } from './edits.ts'
import { readPredictions } from './evaluations.ts'
import { slashed, textSource } from './files.ts'
import { applyPlan } from './journal.ts'
import { type OpenedFile, RowView } from './rowView.ts'
import type { FileTables } from './tables.ts'

/** Where rows come from: the tables, roles and findings that checks keep. */
export interface RowSources {
  /** `page` is shown a large file as far as it was read. */
  open(path: string, document: Source | undefined, page?: (table: Table) => void): Promise<FileTables>
  rolesOf(path: string): Roles | undefined
  findings(): Iterable<Finding>
}

type Asked<K extends keyof RowsService> = Parameters<RowsService[K]>[0]

/** Most similar rows that are told of a cluster. */
const mostTwins = 20

/** Answers what rows panels ask; see `RowsService`. Nothing of it waits for a check in progress to end. */
export class RowViews {
  private readonly views = new Map<string, RowView>()
  private readonly sources: RowSources
  private readonly reading = new Map<string, Promise<FileTables>>()
  private readonly predictions = new Map<string, Promise<readonly Prediction[]>>()
  private versions = 0

  constructor(sources: RowSources) {
    this.sources = sources
  }

  async rowsOpen({ view: id, name, files, roles: given, predictions, first }: Asked<'rowsOpen'>): Promise<RowsHead> {
    const opened: OpenedFile[] = []
    let isPartial = false
    for (const { path, split, document } of files) {
      const at = slashed(path)
      const source = document && textSource(at, document.text, document.version)
      const tables = source ? await this.sources.open(at, source) : await this.read(at, first ? 'first rows' : 'all')
      if (tables.length === 1 && tables[0]!.table instanceof PartOfTable) isPartial = true
      for (const { table } of tables) opened.push({ path: at, split, table })
    }
    const known = files.map(({ path }) => this.sources.rolesOf(slashed(path))).find(roles => roles !== undefined)
    const roles = given ?? known ?? inferRoles(opened.map(({ table }) => table))
    const before = this.views.get(id)
    const findings = this.sources.findings()
    const view = new RowView({ name, files: opened, roles, findings, version: ++this.versions, before, isPartial })
    before?.close()
    this.views.set(id, view)
    await view.predict(predictions ?? [], path => this.predictionsOf(path))
    return view.head
  }

  async rowsQuery({ view: id, query, of }: Asked<'rowsQuery'>): Promise<RowsResult> {
    const started = performance.now()
    const view = this.view(id)
    const columns = await view.values().catch(closedView)
    const count = view.head.rows
    const narrowed = of.clauses.length > 0
    view.asked = query
    const work = filterRows({ rows: count, columns, findings: view.findings }, of.clauses)
    // A newer question ends an older one.
    const passing = narrowed ? await view.drive(work, () => view.asked !== query).catch(closedView) : undefined
    const all = passing?.rows
    let order = all
    if (of.sort) {
      const { column: by, down } = of.sort
      const rows = order ?? Uint32Array.from({ length: count }, (_, i) => i)
      const column = by === 'findings' ? findingCounts(view.findings) : columns.get(by)
      if (by === 'row') order = down ? rows.slice().reverse() : rows
      else if (column) order = sortRows(column, rows, down)
    }
    view.shown = { query, order }
    const totals = await view.totals().catch(closedView)
    const summaries = [
      rowSummary(all, count),
      ...totals.map(one => summaryOf(one, all)),
      findingSummary(view.findings, all),
    ]
    return {
      version: view.head.version,
      query,
      rows: order?.length ?? count,
      ms: performance.now() - started,
      summaries,
      ...(passing && passing.rows.length === 0 ? { blame: passing.blame } : {}),
      ...(passing?.badPattern === undefined ? {} : { badPattern: passing.badPattern }),
    }
  }

  rowsLines({ view: id, query, from, to }: Asked<'rowsLines'>): ReturnType<RowsService['rowsLines']> {
    const view = this.view(id)
    const order = query === view.shown.query ? view.shown.order : undefined
    const count = order?.length ?? view.head.rows
    const lines: RowsLine[] = []
    for (let i = from; i < Math.min(to, from + 1000, count); i++) lines.push(lineOf(view.parts, order ? order[i]! : i))
    return { version: view.head.version, query, from, lines }
  }

  async rowsDetail({ view: id, at }: Asked<'rowsDetail'>): Promise<RowsDetail> {
    const view = this.view(id)
    const { segments, columns, pending, labels } = view.parts
    const segment = segmentOf(segments, at)
    const row = at - segment.base
    const found = findingsOf(view.findings, at)
    const text = view.text(at)
    const cluster = clusterOf(await view.neighbours().catch(closedView), at)
    const twins = cluster
      .map(other => {
        const of = segmentOf(segments, other)
        const label = view.label(other)
        const said = view.text(other)
        const place = { at: other, file: segments.indexOf(of), row: other - of.base, text: said }
        return { ...place, ...(label === undefined ? {} : { label }), ...likeness(text, said) }
      })
      .sort((a, b) => b.similarity - a.similarity || a.at - b.at)
    const label = view.label(at)
    const suggestion = suggestionOf(found, labels) ?? view.parts.predicted.get(at)
    return {
      version: view.head.version,
      at,
      file: segments.indexOf(segment),
      row,
      path: segment.path,
      ...(segment.table.format === 'parquet' ? {} : { line: lineOfRow(segment.table, row) }),
      cells: columns.map(column => cellOf(segment, row, column, pending.get(at))),
      text,
      ...(label === undefined ? {} : { label }),
      findings: found.map(({ rule, severity, message, fixes }) => ({
        rule,
        severity,
        message,
        fixes: fixes.map(({ title, kind, preferred }) => ({ title, kind, preferred })),
      })),
      ...(suggestion ? { suggestion } : {}),
      twins: twins.slice(0, mostTwins),
      twinsInAll: twins.length,
      scheme: defaultScheme,
    }
  }

  rowsPlace({ view: id, at }: Asked<'rowsPlace'>): number | undefined {
    const { order } = this.view(id).shown
    const index = order ? order.indexOf(at) : at
    return index < 0 ? undefined : index
  }

  rowsAtLine({ view: id, path, line }: Asked<'rowsAtLine'>): number | undefined {
    const { segments } = this.view(id).parts
    for (const { path: of, table, base } of segments) {
      if (of !== slashed(path) || table.rowCount === 0) continue
      const { start } = tableLines(table).span({ line, column: 0, endLine: line, endColumn: 0 })
      let low = 0
      let high = table.rowCount
      while (low < high) {
        const middle = (low + high) >>> 1
        if (table.rowSpan(middle).end < start) low = middle + 1
        else high = middle
      }
      return base + Math.min(low, table.rowCount - 1)
    }
    return undefined
  }

  rowsShown({ view: id }: Asked<'rowsShown'>): ReturnType<RowsService['rowsShown']> {
    const view = this.view(id)
    const rows = view.shown.order?.slice().sort()
    return view.parts.segments.map(({ path, base, table }) => {
      const behind = base + table.rowCount
      const own = rows
        ? rows.filter(row => row >= base && row < behind)
        : Uint32Array.from({ length: table.rowCount }, (_, i) => base + i)
      return { path, rows: own.map(row => row - base) }
    })
  }

  rowsEdit({ view: id, at, column, value }: Asked<'rowsEdit'>): RowsEdit {
    const view = this.view(id)
    const { segment, edit } = editOf(view, at, { column, value })
    return {
      path: segment.path,
      range: tableLines(segment.table).range(edit.span),
      text: edit.text,
      before: Buffer.from(bytesOf(segment.table.source, edit.span)).toString('utf8'),
    }
  }

  rowsPend({ view: id, at, column, value }: Asked<'rowsPend'>): RowsLine {
    const view = this.view(id)
    if (value !== undefined) editOf(view, at, { column, value })
    view.pend(at, column, value)
    return lineOf(view.parts, at)
  }

  async rowsWrite({ view: id, root }: Asked<'rowsWrite'>): Promise<readonly string[]> {
    const view = this.view(id)
    const edits = new Map<string, Edit[]>()
    const sources = new Map<string, Source>()
    for (const [at, cells] of view.parts.pending)
      for (const [column, value] of cells) {
        const { segment, edit } = editOf(view, at, { column, value })
        if (!segment.table.source.windows) throw changed(segment.path)
        sources.set(segment.path, segment.table.source)
        edits.set(segment.path, [...(edits.get(segment.path) ?? []), edit])
      }
    const { files } = await applyPlan(planRewrites(edits, { sources, root }), root)
    view.forgetPending()
    return files
  }

  rowsClose({ view: id }: Asked<'rowsClose'>): void {
    this.views.get(id)?.close()
    this.views.delete(id)
  }

  /** Reads a file; of the first rows what was read of a large one when its first page was, while it is read on. */
  private async read(path: string, wanted: 'first rows' | 'all'): Promise<FileTables> {
    const first = wanted === 'first rows'
    const known = this.reading.get(path)
    if (known) return known
    let show: (part: FileTables) => void = () => {}
    const part = new Promise<FileTables>(resolve => {
      show = resolve
    })
    const page = (table: Table) => show([{ part: undefined, table: new PartOfTable(table, 0, table.rowCount) }])
    const whole = this.sources.open(path, undefined, first ? page : undefined)
    this.reading.set(path, whole)
    const done = () => void this.reading.delete(path)
    whole.then(done, done)
    return first ? Promise.race([part, whole]) : whole
  }

  /** What a model said, kept by file: an evaluation is written once. One that cannot be read says nothing here. */
  private predictionsOf(path: string): Promise<readonly Prediction[]> {
    const known = this.predictions.get(path)
    if (known) return known
    const reading = readPredictions(path).catch(() => [])
    this.predictions.set(path, reading)
    return reading
  }

  private view(id: string): RowView {
    const view = this.views.get(id)
    if (!view) throw new Failure('no-view', 'These rows are not open any more', 'Open the panel again')
    return view
  }
}

/** A view that was closed or opened anew while somebody waited for its columns. */
function closedView(error: unknown): never {
  if (error instanceof Cancelled) throw new Failure('cancelled', 'The rows were opened anew')
  throw error
}

function editOf(view: RowView, at: number, to: { readonly column: string; readonly value: string }) {
  const { segments } = view.parts
  const segment = segmentOf(segments, at)
  const { table } = segment
  if (view.head.readOnly !== undefined) throw new Failure('read-only', view.head.readOnly)
  const row = at - segment.base
  const name = columnName(to.column)
  if (!to.column.startsWith('column:') || table.cell(row, name) === undefined)
    throw new Failure('no-cell', `Row ${row} has no ${name}`, 'Open the row and write it there')
  return { segment, edit: table.setCell(row, name, to.value) }
}

function lineOfRow(table: Table, row: number): number {
  return tableLines(table).range(table.rowSpan(row)).line
}
