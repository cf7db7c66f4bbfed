import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Cancelled } from './core/base/cancel.ts'
import { Failure, failureLine } from './core/base/failure.ts'
import { nearestWord } from './core/base/nearest.ts'
import { command as check } from './node/commands/check.ts'
import type { Command, CommandIo } from './node/commands/command.ts'
import { command as compare } from './node/commands/compare.ts'
import { command as device } from './node/commands/device.ts'
import { command as evaluate } from './node/commands/evaluate.ts'
import { command as fix } from './node/commands/fix.ts'
import { command as mcp } from './node/commands/mcp.ts'
import { command as models } from './node/commands/models.ts'
import { command as pairs } from './node/commands/pairs.ts'
import { command as profile } from './node/commands/profile.ts'
import { command as run } from './node/commands/run.ts'
import { command as runs } from './node/commands/runs.ts'
import { command as selftest } from './node/commands/selftest.ts'
import { command as split } from './node/commands/split.ts'
import { command as tune } from './node/commands/tune.ts'
import { command as undo } from './node/commands/undo.ts'
import { fileFailure } from './node/files.ts'
import { terminalOf } from './node/terminal.ts'

const commands: readonly Command[] = [
  check,
  pairs,
  fix,
  undo,
  split,
  profile,
  tune,
  runs,
  run,
  evaluate,
  compare,
  models,
  mcp,
  device,
  selftest,
]

const overview = () =>
  `winnow: curate text datasets and fine-tune models on them, locally

Usage: winnow <command> [options]

${commands.map(c => `  ${c.name.padEnd(10)}${c.summary}`).join('\n')}

winnow <command> --help tells a command's options. Exit codes: 0 done, 1 findings or a regression, 2 an error,
130 ended by Ctrl+C.
`

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return manifest.version
}

/** On the standard error, like all that is no result. An end of input, or Ctrl+C, is an empty answer. */
async function askPerson(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await new Promise(resolve => {
      terminal.once('close', () => resolve(''))
      terminal.once('SIGINT', () => terminal.close())
      signal.addEventListener('abort', () => terminal.close(), { once: true })
      terminal.question(question, resolve)
    })
  } finally {
    terminal.close()
  }
}

const terminal = terminalOf(process.stdout, process.stderr, process.env)

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv
  const aborted = new AbortController()
  // A second Ctrl+C ends at once; the command hears of the first through `cancel`.
  process.once('SIGINT', () => aborted.abort())
  const io: CommandIo = {
    ...terminal,
    cwd: process.cwd(),
    cancel: aborted.signal,
    ...(process.stdin.isTTY ? { ask: question => askPerson(question, aborted.signal) } : {}),
  }
  if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && args.length === 0)) {
    io.out(overview())
    return 0
  }
  if (name === '--version' || name === '-v') {
    io.out(`${version()}\n`)
    return 0
  }
  const wanted = name === 'help' ? args[0] : name
  const command = commands.find(c => c.name === wanted)
  if (!command) {
    const names = commands.map(c => c.name)
    const near = nearestWord(wanted!, names)
    const hint = near === undefined ? `The commands are ${names.join(', ')}` : `Did you mean "${near}"?`
    throw new Failure('unknown-command', `There is no command "${wanted}"`, hint)
  }
  if (name === 'help' || args.includes('--help') || args.includes('-h')) {
    io.out(command.usage.endsWith('\n') ? command.usage : `${command.usage}\n`)
    return 0
  }
  return command.run(args, io)
}

// Output that nobody reads any more (`winnow pairs … | head`) is no error.
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0)
  process.stderr.write(`winnow: ${failureLine(fileFailure('Standard output', error))}\n`)
  process.exit(2)
})
// What would be said there has nowhere else to go.
process.stderr.on('error', () => {})

main(process.argv.slice(2)).then(
  code => {
    process.exitCode = code
  },
  error => {
    if (error instanceof Cancelled) terminal.err('winnow: cancelled\n')
    else if (error instanceof Failure) terminal.err(`winnow: ${failureLine(error)}\n`)
    else terminal.err(`winnow: ${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = error instanceof Cancelled ? 130 : 2
  },
)
