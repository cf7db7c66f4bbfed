import type { Finding } from '../core/check/finding.ts'
import { Live } from '../core/check/live.ts'
import type { Memory } from '../core/check/memory.ts'
import type { RuleSetting } from '../core/check/options.ts'
import type { DocumentChange, ReportChange } from '../core/check/report.ts'
import { type Places, reported } from '../core/check/toReport.ts'
import type { Dataset } from '../core/data/dataset.ts'
import { EditedTable } from '../core/data/editedTable.ts'
import type { Source, Table } from '../core/data/table.ts'
import { tableLines } from '../core/data/tableLines.ts'
import { finishWork, type Work } from '../core/sign/progress.ts'
import { slashed } from './files.ts'
import type { TableCache } from './tableCache.ts'

/** A dataset as the last check of all left it. */
export interface CheckedOnce {
  readonly dataset: Dataset
  readonly memory: Memory
  readonly rules: { readonly [rule: string]: RuleSetting }
  readonly ignored: ReadonlySet<string>
  /** Its findings: the first of them has the id `first` in the report, the others follow. */
  readonly findings: readonly Finding[]
  readonly first: number
}

interface Entry {
  dataset: Dataset
  readonly live: Live
}

/** Datasets that are edited between two checks of all. */
export class LiveDatasets {
  private entries: Entry[] = []
  private readonly edited = new Map<string, EditedTable>()
  private nextId = 0

  /** Forgets edits: the documents were given again. */
  forget(): void {
    this.edited.clear()
    this.entries = []
  }

  /**
   * Begins anew with what a check left; ids from `nextId` on are free. Everything that takes a moment is done now, so that the first
   * edit need not wait; until the end edits are those of before.
   */
  *begin(checked: readonly CheckedOnce[], nextId: number): Work<void> {
    const entries: Entry[] = []
    for (const { dataset, ...one } of checked)
      entries.push({ dataset, live: yield* Live.begin({ ...one, dataset, next: () => this.nextId++ }) })
    for (const { live } of entries) live.start()
    this.entries = entries
    this.nextId = nextId
  }

  /** The documents after edits. */
  documents(): ReadonlyMap<string, Source> {
    return new Map([...this.edited].map(([path, table]) => [path, table.source]))
  }

  /** See `CheckService.change`. */
  change({ uri, version, edits }: DocumentChange, tables: TableCache, places: Places): ReportChange | undefined {
    const started = performance.now()
    const path = slashed(uri)
    const holders = this.entries.filter(entry => tablesOf(entry.dataset).some(table => table.source.uri === path))
    const [entry] = holders
    if (!entry || holders.length > 1) return undefined
    const own = tablesOf(entry.dataset).filter(table => table.source.uri === path)
    const before = own[0]!
    if (own.length > 1) return undefined
    let table: Table = before
    for (const { range, text } of edits) {
      const next = EditedTable.edit(table, { span: tableLines(table).span(range), text }, version)
      if (!next) return this.give(entry)
      table = next
    }
    if (!(table instanceof EditedTable) || table === before) return undefined
    const splits = entry.dataset.splits.map(({ name, tables: list }) => ({
      name,
      tables: list.map(one => (one === before ? table : one)),
    }))
    const dataset = { ...entry.dataset, splits }
    const change = finishWork(entry.live.change(dataset))
    if (!change) return this.give(entry)
    entry.dataset = dataset
    this.edited.set(path, table)
    tables.put(path, table)
    places.use({ datasets: this.entries.map(one => ({ dataset: one.dataset, labels: undefined })) })
    return {
      uri: path,
      version,
      removed: change.removed,
      added: change.added.map(({ id, finding }) => reported(finding, id, places)),
      moved: movedRows(before, table),
      ms: performance.now() - started,
    }
  }

  /** Gives up following a dataset: only a check of all can go on from here. */
  private give(entry: Entry): undefined {
    this.entries = this.entries.filter(one => one !== entry)
  }
}

function tablesOf(dataset: Dataset): Table[] {
  return dataset.splits.flatMap(split => split.tables)
}

function movedRows(before: Table, after: EditedTable): ReportChange['moved'] {
  const kept = after.keptSince(before)
  const row = before.rowCount - (kept?.tail ?? 0)
  const lines = tableLines(before)
  const line = row < before.rowCount ? lines.position(before.rowSpan(row).start).line : lines.lineCount
  return { row, rows: after.rowCount - before.rowCount, line, lines: tableLines(after).lineCount - lines.lineCount }
}
