import { type ChildProcess, fork } from 'node:child_process'
import { connect, type Remote } from '../core/base/channel.ts'
import type { Disposable } from '../core/base/event.ts'
import { Failure } from '../core/base/failure.ts'
import type {
  CheckListener,
  CheckService,
  DocumentChange,
  FoundRow,
  Report,
  ReportChange,
  ReportedFinding,
  RowService,
} from '../core/check/report.ts'
import type { RowsService } from '../core/view/rowsProtocol.ts'
import { type PagedReport, type PagedService, Pages } from './checkPages.ts'
import { childEnv } from './environment.ts'
import { childPort } from './processPort.ts'

/** The checking process as this side sees it. */
export interface CheckerClient extends Disposable {
  check(request: Parameters<CheckService['check']>[0]): Promise<Report>
  rows(request: Parameters<RowService['rows']>[0]): Promise<readonly (FoundRow | undefined)[]>
  /** See `CheckService`. */
  change(request: DocumentChange): Promise<ReportChange | undefined>
  rewrite(request: Parameters<CheckService['rewrite']>[0]): Promise<readonly string[]>
  cancel(): void
  /** What rows panels ask; see `RowsService`. */
  ask<K extends keyof RowsService>(name: K, request: Parameters<RowsService[K]>[0]): Promise<ReturnType<RowsService[K]>>
}

type Service = Remote<PagedService> & Remote<RowsService>

/**
 * Starts `<worker> check` when it is first needed, and again after it has ended: a crash rejects what was asked of it
 * and costs no more than its memory. `log` is given what it writes to its standard error, by lines.
 */
export function startChecker(options: {
  /** The bundled worker program. */
  readonly worker: string
  readonly listener: CheckListener
  readonly log?: (line: string) => void
}): CheckerClient {
  let child: ChildProcess | undefined
  let service: Service | undefined
  let close = () => {}
  let disposed = false
  let why = ''
  let pages = new Pages()

  const begin = (): Service => {
    if (disposed) throw new Failure('closed', 'The checking process was closed')
    if (service) return service
    const started = fork(options.worker, ['check'], {
      serialization: 'advanced',
      execArgv: [],
      env: childEnv(process.env),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    // Pages of a process that ended in the middle belong to no report.
    const own = new Pages()
    pages = own
    const connection = connect<PagedService & RowsService>(childPort(started), {
      progress: options.listener.progress,
      early: (report: Report) => options.listener.early?.(report),
      refreshed: (paged: PagedReport) => options.listener.refreshed?.(own.join(paged)),
      found: (number: number, page: readonly ReportedFinding[]) => own.found(number, page),
    })
    const ended = (how: string) => {
      if (child !== started) return
      child = undefined
      service = undefined
      why = how
      options.log?.(how)
      connection.dispose()
    }
    let rest = ''
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) options.log?.(line)
    })
    started.on('error', error => ended(`the checking process could not be started: ${error.message}`))
    started.on('exit', (code, signal) => ended(`the checking process ended (${signal ?? `code ${code}`})`))
    child = started
    service = connection.remote
    close = connection.dispose
    return service
  }

  const ask = async <T>(question: (of: Service) => Promise<T>): Promise<T> => {
    try {
      return await question(begin())
    } catch (error) {
      if (disposed || !(error instanceof Failure) || error.code !== 'closed') throw error
      throw new Failure('checker-ended', `Checking stopped: ${why}`, 'Check again; the log may say more')
    }
  }

  return {
    check: request =>
      ask(async of => {
        const own = pages
        return own.join(await of.check(request))
      }),
    rows: request => ask(of => of.rows(request)),
    change: request => ask(of => of.change(request)),
    rewrite: request => ask(of => of.rewrite(request)),
    ask: (name, request) => ask(of => (of[name] as (one: typeof request) => Promise<never>)(request)),
    cancel: () => void service?.cancel().catch(() => {}),
    dispose: () => {
      disposed = true
      const ending = child
      child = undefined
      service = undefined
      close()
      ending?.kill()
    },
  }
}
