import { connect, type Port } from '../core/base/channel.ts'
import type { CheckService, DocumentChange, Report, RowService } from '../core/check/report.ts'
import type { RowsService } from '../core/view/rowsProtocol.ts'
import { Checker } from './checker.ts'
import { type PagedListener, type PagedReport, pageSize } from './checkPages.ts'
import { moreFacets } from './facets.ts'
import { nearestTraining } from './nearest.ts'
import { RowHistories } from './rowHistory.ts'
import { RowViews } from './rowViews.ts'

type CheckRequest = Parameters<CheckService['check']>[0]
type RowsRequest = Parameters<RowService['rows']>[0]
type Asked<K extends keyof RowsService> = Parameters<RowsService[K]>[0]

/** Serves checks over a port, to `startChecker` at its other end. */
export function serveChecks(port: Port): void {
  let told = 0
  const checker = new Checker(
    state => {
      const now = performance.now()
      if (now - told < 100) return
      told = now
      // Nobody waits for this; where the other end is gone, its exit is told elsewhere.
      void remote.progress(state).catch(() => {})
    },
    report => void remote.refreshed(paged(report)).catch(() => {}),
    report => void remote.early(report).catch(() => {}),
  )
  const views = new RowViews(checker.rowSources)
  const histories = new RowHistories()
  let number = 0
  /** Sends the findings ahead, a page at a time. */
  const paged = (report: Report): PagedReport => {
    number++
    for (let i = 0; i < report.findings.length; i += pageSize)
      void remote.found(number, report.findings.slice(i, i + pageSize)).catch(() => {})
    return { number, report: { ...report, findings: [] } }
  }
  const { remote } = connect<PagedListener>(port, {
    check: async (request: CheckRequest) => paged(await checker.check(request)),
    change: (request: DocumentChange) => checker.change(request),
    rewrite: (request: Parameters<CheckService['rewrite']>[0]) => checker.rewrite(request),
    cancel: () => checker.cancel(),
    rows: (request: RowsRequest) => checker.rows(request),
    rowsOpen: (request: Asked<'rowsOpen'>) => views.rowsOpen(request),
    rowsQuery: (request: Asked<'rowsQuery'>) => views.rowsQuery(request),
    rowsLines: (request: Asked<'rowsLines'>) => views.rowsLines(request),
    rowsDetail: (request: Asked<'rowsDetail'>) => views.rowsDetail(request),
    rowsPlace: (request: Asked<'rowsPlace'>) => views.rowsPlace(request),
    rowsAtLine: (request: Asked<'rowsAtLine'>) => views.rowsAtLine(request),
    rowsShown: (request: Asked<'rowsShown'>) => views.rowsShown(request),
    rowsEdit: (request: Asked<'rowsEdit'>) => views.rowsEdit(request),
    rowsPend: (request: Asked<'rowsPend'>) => views.rowsPend(request),
    rowsWrite: (request: Asked<'rowsWrite'>) => views.rowsWrite(request),
    rowsClose: (request: Asked<'rowsClose'>) => views.rowsClose(request),
    rowHistory: (request: Asked<'rowHistory'>) => histories.of(request),
    facets: ({ root, rows }: Asked<'facets'>) => moreFacets(rows, root),
    nearest: ({ folder, ...asked }: Asked<'nearest'>) =>
      nearestTraining(folder, asked.rows, { most: asked.most, cancel: { aborted: false } }),
  })
}
