import type { CheckListener, CheckService, Report, ReportedFinding, RowService } from '../core/check/report.ts'

/**
 * What crosses the process boundary. A report of tens of thousands of findings in one message would keep its receiver,
 * the editor's host, busy for a tenth of a second and more; so findings go ahead of it, a page at a time.
 */
export interface PagedService extends Omit<CheckService, 'check'>, RowService {
  check(request: Parameters<CheckService['check']>[0]): PagedReport
}

export interface PagedReport {
  /** Names the pages that belong to it. */
  readonly number: number
  /** Without its findings. */
  readonly report: Report
}

export interface PagedListener extends Omit<CheckListener, 'refreshed' | 'early'> {
  early(report: Report): void
  refreshed(report: PagedReport): void
  found(number: number, page: readonly ReportedFinding[]): void
}

/** Findings in one message: read and made objects within about 2 ms. */
export const pageSize = 200

/** Puts reports together again at the receiving end. */
export class Pages {
  private readonly open = new Map<number, ReportedFinding[]>()

  found(number: number, page: readonly ReportedFinding[]): void {
    const known = this.open.get(number)
    if (known) for (const finding of page) known.push(finding)
    else this.open.set(number, [...page])
  }

  /** The whole report, once all of its pages have come: a port keeps the order of its messages. */
  join({ number, report }: PagedReport): Report {
    const findings = this.open.get(number) ?? []
    this.open.delete(number)
    return { ...report, findings }
  }
}
