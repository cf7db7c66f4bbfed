import { dirname } from 'node:path'
import { Cancelled } from '../core/base/cancel.ts'
import { Failure, failureLine } from '../core/base/failure.ts'
import { type Checked, type CheckedDataset, check } from '../core/check/check.ts'
import type { Finding } from '../core/check/finding.ts'
import { Memory } from '../core/check/memory.ts'
import type { CheckService, DocumentChange, FoundRow, Report, ReportChange, RowService } from '../core/check/report.ts'
import { findRow } from '../core/check/rows.ts'
import { Places, reportOf, toReport } from '../core/check/toReport.ts'
import type { Dataset, DatasetFiles, Roles } from '../core/data/dataset.ts'
import { inferRoles, textColumns } from '../core/data/roles.ts'
import type { Source } from '../core/data/table.ts'
import type { Progress, Work } from '../core/sign/progress.ts'
import { type CheckSettings, settingsFor } from './checkInput.ts'
import { discover, filesOf, loadDataset } from './datasets.ts'
import { drive } from './drive.ts'
import { earlyPages } from './early.ts'
import { editsOnDisk, planRewrites } from './edits.ts'
import { FileShelf } from './fileShelf.ts'
import { openSpill } from './fileSpill.ts'
import { slashed, textSource } from './files.ts'
import { globTest } from './globs.ts'
import { applyPlan } from './journal.ts'
import { LiveDatasets } from './liveDatasets.ts'
import type { RowSources } from './rowViews.ts'
import { findRoot } from './runs.ts'
import { TableCache } from './tableCache.ts'
import { openThreads } from './threads.ts'
import { Witness } from './training.ts'
import type { Watch } from './watch.ts'

type CheckRequest = Parameters<CheckService['check']>[0]
type RowsRequest = Parameters<RowService['rows']>[0]

/** So long after the last edit everything is checked, in ms. */
const quiet = 400

/** A dataset under a folder, with what governs it. */
interface Found {
  readonly files: DatasetFiles
  readonly settings: CheckSettings
}

/**
 * Answers checks, one at a time, and remembers from one to the next: tables of files that did not change, forms and
 * labels of rows that did not change, and which forms are similar.
 */
export class Checker {
  private readonly tables = new TableCache()
  private readonly unsaved = new TableCache()
  private readonly places = new Places()
  private readonly witness = new Witness()
  private readonly memories = new Map<string, Memory>()
  private readonly inferred = new Map<
    string,
    { readonly shape: string; readonly rows: number; readonly roles: Roles }
  >()
  private readonly progress: (state: Progress) => void
  private readonly early: ((report: Report) => void) | undefined
  private readonly refreshed: ((report: Report) => void) | undefined
  private readonly live = new LiveDatasets()
  private settling: NodeJS.Timeout | undefined
  private request: CheckRequest | undefined
  private readonly roles = new Map<string, Roles>()
  private found: readonly Finding[] = []
  private readonly threads = openThreads()
  private current = { aborted: false }
  private isSettling = false
  private queue: Promise<unknown> = Promise.resolve()

  /**
   * `refreshed` is given the report of everything that follows edits; without it none is made. `early` is given the first
   * findings of large files while these are read.
   */
  constructor(
    progress: (state: Progress) => void,
    refreshed?: (report: Report) => void,
    early?: (report: Report) => void,
  ) {
    this.progress = progress
    this.refreshed = refreshed
    this.early = early
  }

  /** See `CheckService`. */
  rewrite({ root, edits }: Parameters<CheckService['rewrite']>[0]): Promise<readonly string[]> {
    return this.next(async () => {
      const { sources, byFile } = editsOnDisk(edits, path => this.tables.known(path))
      const plan = planRewrites(byFile, { sources, root })
      return (await applyPlan(plan, root)).files
    })
  }

  /** See `CheckService`. Fails with the code `cancelled` when it was asked to stop. */
  check(request: CheckRequest): Promise<Report> {
    this.request = request
    this.live.forget()
    return this.next(() => this.run(request))
  }

  /** See `CheckService`. */
  change(request: DocumentChange): Promise<ReportChange | undefined> {
    return this.next(async () => {
      const change = this.live.change(request, this.tables, this.places)
      if (change) this.settle()
      return change
    })
  }

  /** Checks everything once no edit has come for a while; a check or an edit that comes meanwhile ends it. */
  private settle(): void {
    clearTimeout(this.settling)
    const { refreshed, request } = this
    if (!refreshed || !request) return
    this.settling = setTimeout(() => {
      const checked = this.next(() => this.run(request, this.live.documents()))
      checked.then(refreshed, () => {})
    }, quiet)
    this.settling.unref()
  }

  /** Runs one thing after the other; what nobody waits for gives way. */
  private next<T>(work: () => Promise<T>): Promise<T> {
    clearTimeout(this.settling)
    if (this.isSettling) this.current.aborted = true
    const run = this.queue.then(work)
    // Not what it gave: that may be a report of hundreds of megabytes.
    this.queue = run.then(nothing, nothing)
    return run
  }

  cancel(): void {
    this.current.aborted = true
  }

  /** Ends what it keeps running. */
  dispose(): void {
    clearTimeout(this.settling)
    this.threads?.dispose()
  }

  /** What rows are shown from: the tables that checks read, and what the last one found. */
  get rowSources(): RowSources {
    return {
      open: (path, document, page) =>
        this.tables.open(path, undefined, document, { cancel: { aborted: false }, ...(page ? { page } : {}) }),
      rolesOf: path => this.roles.get(path),
      findings: () => this.found,
    }
  }

  /** See `RowService`. */
  async rows({ uri, document, wanted }: RowsRequest): Promise<(FoundRow | undefined)[]> {
    const path = slashed(uri)
    const source = document && textSource(path, document.text, document.version)
    const tables = source
      ? await this.unsaved.open(path, undefined, source)
      : await this.tables.open(path, undefined, undefined)
    const roles = this.roles.get(path) ?? inferRoles(tables.map(({ table }) => table))
    return wanted.map(({ row, text }) => {
      const found = tables.map(({ table }) => findRow(table, roles, row, text))
      return found.find(one => one !== undefined)
    })
  }

  /** `edited` are documents after edits, whose tables are at hand; they go before those of the request. */
  private async run(request: CheckRequest, edited?: ReadonlyMap<string, Source>): Promise<Report> {
    const cancel = { aborted: false }
    this.current = cancel
    this.isSettling = edited !== undefined
    const started = performance.now()
    try {
      const documents = new Map<string, Source>()
      for (const { uri, version, text } of request.documents) {
        const path = slashed(uri)
        documents.set(path, edited?.get(path) ?? textSource(path, text, version))
      }
      for (const [path, source] of edited ?? []) documents.set(path, source)
      const { found, warnings } = await this.find(request)
      const problems = new Map<string, string>()
      const results: { checked: Checked; settings: CheckSettings }[] = []
      const first: Finding[] = []
      for (const { files, settings } of found) {
        const watch = { cancel, progress: this.progress, ...this.pages(files, settings, first) }
        const dataset = await this.load(files, { documents, problems, watch })
        const { rules, ignored, where, benchmarks, guessLanguage, countTokens } = settings
        const paths = filesOf(files)
        const work = check({
          datasets: [dataset],
          training: await this.witness.of(paths, findRoot(dirname(paths[0] ?? '.'))),
          rules,
          ignored,
          benchmarks,
          guessLanguage,
          countTokens,
          where,
          memory: of => this.memoryOf(of),
        })
        results.push({ checked: await drive(work, cancel, this.progress), settings })
      }
      const all = merged(results.map(result => result.checked))
      const work = reportOf(all, () => performance.now() - started, this.places)
      const report = await drive(work, cancel, this.progress)
      this.forget(found)
      await drive(this.follow(results), cancel, this.progress)
      return { ...withProblems(report, found, problems), ...(warnings.length > 0 ? { warnings } : {}) }
    } catch (error) {
      if (error instanceof Cancelled) throw new Failure('cancelled', 'The check was cancelled')
      throw error
    } finally {
      this.isSettling = false
    }
  }

  /** What large files are shown to while they are read: their first findings are told, those before them too. */
  private pages(files: DatasetFiles, settings: CheckSettings, first: Finding[]): Pick<Watch, 'page'> {
    const { early } = this
    if (!early) return {}
    return {
      page: earlyPages(settings, files.roles, (table, findings) => {
        first.push(...findings)
        const dataset = { name: files.name, splits: [{ name: 'train' as const, tables: [table] }], roles: {} }
        const own = first.filter(finding => finding.uri === table.source.uri)
        early(toReport({ datasets: [{ dataset, labels: undefined }], findings: own, ignored: 0 }, 0))
        return first.length < mostEarly ? 'more' : 'enough'
      }),
    }
  }

  /** Keeps what edits need: the findings of each dataset, by their numbers in the report. */
  private *follow(results: readonly { readonly checked: Checked; readonly settings: CheckSettings }[]): Work<void> {
    let next = 0
    const datasets = results.flatMap(({ checked: { datasets: own, findings }, settings }) => {
      const { rules, ignored } = settings
      const about = { rules, ignored: ignored.keys, findings, first: next }
      next += findings.length
      return own.map(({ dataset }) => ({ ...about, dataset, memory: this.memoryOf(dataset) }))
    })
    yield* this.live.begin(datasets, next)
    this.found =
      results.length === 1 ? results[0]!.checked.findings : results.flatMap(({ checked }) => checked.findings)
  }

  /** The datasets under each folder. A folder without any is no error here, and one that cannot be read does not keep others from it. */
  private async find(request: CheckRequest): Promise<{ found: Found[]; warnings: string[] }> {
    const found: Found[] = []
    const warnings = new Set<string>()
    const names = new Set<string>()
    for (const folder of request.folders) {
      try {
        const all = await discover([folder])
        const { config } = all
        const own = request.of?.[folder] ?? request
        const named = config?.config.datasets?.length
        const datasets = named ? all.datasets : without(all.datasets, folder, own.exclude ?? [])
        const settings = await settingsFor(config, folder, own.rules ?? {}, 'The setting winnow.rules')
        for (const warning of settings.warnings) warnings.add(warning)
        for (const files of datasets) {
          const key = filesOf(files).join('\n')
          if (names.has(key)) continue
          names.add(key)
          found.push({ files, settings })
        }
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        if (error.code === 'no-dataset') continue
        if (request.folders.length === 1) throw error
        warnings.add(failureLine(error))
      }
    }
    return { found, warnings: [...warnings] }
  }

  /** Reads a dataset; a file that cannot be read is left out, and why is noted. */
  private async load(
    files: DatasetFiles,
    about: {
      readonly documents: ReadonlyMap<string, Source>
      readonly problems: Map<string, string>
      readonly watch: Watch
    },
  ): Promise<Dataset> {
    const { documents, problems, watch } = about
    const readable = new Set<string>()
    for (const path of filesOf(files)) {
      try {
        await this.tables.open(path, files.format, documents.get(path), watch)
        readable.add(path)
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        problems.set(path, failureLine(error))
      }
    }
    const splits = Object.fromEntries(
      Object.entries(files.splits).map(([split, paths]) => [split, paths.filter(path => readable.has(path))]),
    )
    const open = (path: string) => this.tables.open(path, files.format, documents.get(path))
    const dataset = await this.withRoles({ ...files, splits }, open)
    for (const path of readable) this.roles.set(path, dataset.roles)
    return dataset
  }

  /** Roles of a large dataset stay while its columns do: a sample of thousands of rows says the same after one edit. */
  private async withRoles(
    files: DatasetFiles,
    open: (path: string) => ReturnType<TableCache['open']>,
  ): Promise<Dataset> {
    const key = `${files.name}\n${filesOf(files).join('\n')}`
    const read = await Promise.all(filesOf(files).map(open))
    const tables = read.flat().map(({ table }) => table)
    const shape = JSON.stringify([files.roles, read.map(list => list.map(({ part, table }) => [part, table.columns]))])
    const rows = tables.reduce((sum, table) => sum + table.rowCount, 0)
    const known = this.inferred.get(key)
    if (known?.shape === shape && rows > 5000 && Math.abs(known.rows - rows) < rows / 100)
      return loadDataset(files, undefined, { tables: open, roles: known.roles })
    const dataset = await loadDataset(files, undefined, { tables: open })
    this.inferred.set(key, { shape, rows, roles: dataset.roles })
    return dataset
  }

  private memoryOf(dataset: Dataset): Memory {
    const key = memoryKey(dataset)
    const known = this.memories.get(key)
    if (known && !known.isStale()) return known
    const memory = new Memory({ incremental: true, threads: this.threads, shelf: new FileShelf(), spill: openSpill })
    this.memories.set(key, memory)
    return memory
  }

  private forget(found: readonly Found[]): void {
    this.tables.retain(new Set(found.flatMap(({ files }) => filesOf(files))))
    const names = new Set(found.map(({ files }) => files.name))
    for (const key of this.memories.keys()) if (!names.has(JSON.parse(key)[0])) this.memories.delete(key)
  }
}

/** The datasets less the files that match; a dataset without files is none. */
function without(datasets: readonly DatasetFiles[], folder: string, exclude: readonly string[]): DatasetFiles[] {
  const isExcluded = globTest(exclude)
  const root = `${slashed(folder).replace(/\/$/, '')}/`
  return datasets.flatMap(dataset => {
    const splits = Object.fromEntries(
      Object.entries(dataset.splits)
        .map(([split, paths]) => [split, paths.filter(path => !isExcluded(path.replace(root, '')))] as const)
        .filter(([, paths]) => paths.length > 0),
    )
    return Object.keys(splits).length > 0 ? [{ ...dataset, splits }] : []
  })
}

function memoryKey({ name, roles }: Dataset): string {
  return JSON.stringify([name, textColumns(roles), roles.label ?? null])
}

function merged(results: readonly Checked[]): Checked {
  const datasets: CheckedDataset[] = results.flatMap(result => [...result.datasets])
  const findings = results.flatMap(result => [...result.findings])
  return { datasets, findings, ignored: results.reduce((sum, result) => sum + result.ignored, 0) }
}

/** Names the files that could not be read beside those that could. */
function withProblems(report: Report, found: readonly Found[], problems: ReadonlyMap<string, string>): Report {
  if (problems.size === 0) return report
  return {
    ...report,
    datasets: found.map(({ files }, i) => {
      const read = report.datasets[i]!
      return {
        ...read,
        splits: (['train', 'validation', 'test'] as const).flatMap(name => {
          const paths = files.splits[name] ?? []
          const known = read.splits.find(split => split.name === name)?.files ?? []
          const all = paths.map(
            uri =>
              known.find(file => file.uri === uri) ?? {
                uri,
                rows: 0,
                bytes: 0,
                problem: problems.get(uri) ?? 'not read',
              },
          )
          return all.length > 0 ? [{ name, files: all }] : []
        }),
      }
    }),
  }
}

const nothing = () => {}

/** First findings that are told while files are read. */
const mostEarly = 200
