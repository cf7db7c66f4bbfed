import type * as vscode from 'vscode'
import type { CheckListener } from '../core/check/report.ts'
import { rules } from '../core/check/rules.ts'
import { startChecker } from '../node/checkerClient.ts'
import type { Checker } from './checking.ts'

/** Starts checking processes from the worker program beside the bundle; what they complain about goes to the log. */
export function checkerIn(worker: string, log: vscode.LogOutputChannel): (listener: CheckListener) => Checker {
  return listener => startChecker({ worker, listener, log: line => log.warn(line) })
}

/** What a rule is about, in a few words. */
export function summaryOf(rule: string): string {
  const title = rules.find(({ meta }) => meta.id === rule)?.meta.title ?? ''
  return title.charAt(0).toLowerCase() + title.slice(1)
}
