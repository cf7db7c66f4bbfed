import type { Cancel } from '../../core/base/cancel.ts'

/** Where a command writes and what it may know of its surroundings. */
export interface CommandIo {
  /** Writes to standard output: results. The text is written as it is; add the line end. */
  out(text: string): void
  /** Settles when what was written has been taken, where that can be waited for: long results are made no faster than they are read. */
  written?(): Promise<void>
  /** Writes to standard error: progress and the one line of a failure. */
  err(text: string): void
  /** The current folder, absolute. Paths in arguments and in results are relative to it. */
  readonly cwd: string
  /** Does a person read standard output? Colour only then. */
  readonly isTTY: boolean
  /** Does a person read standard error? Progress lines only then. */
  readonly watched?: boolean
  /** Asks the person at the terminal and gives the line that was typed; absent where nobody can answer. */
  readonly ask?: (question: string) => Promise<string>
  /** Ctrl+C. Work that notices it throws `Cancelled`; a run that must save first does so. */
  readonly cancel: Cancel
}

/**
 * One word of the command line. `run` returns the exit code: 0 done, 1 findings or regression, 2 usage, input or
 * environment error. It may instead throw a `Failure`, which whoever called prints as one line and turns into 2.
 */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** The whole help text: synopsis, options with their defaults, an example. */
  readonly usage: string
  run(args: readonly string[], io: CommandIo): Promise<number>
}
