import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from '../../core/base/failure.ts'
import { answerTool, readTools } from '../readTools.ts'
import type { Command } from './command.ts'
import { readOptions } from './options.ts'

export const command: Command = {
  name: 'mcp',
  summary: 'answer language models about datasets and runs (MCP over stdio)',
  usage: `winnow mcp [options]

Serves the Model Context Protocol on standard input and output. The tools read and change nothing, and only what lies in the
folder: ${readTools.map(tool => tool.name).join(', ')}.

  --cwd <folder>     the workspace (default: the current folder)
  --call <tool>      answer one question and end; its arguments are --input
  --input <json>     arguments of --call

{ "mcpServers": { "winnow": { "command": "winnow", "args": ["mcp", "--cwd", "/path/to/data"] } } }
winnow mcp --call winnow_findings --input '{"rule": "leak"}'
`,
  async run(args, io) {
    const { values } = readOptions(args, {
      command: 'mcp',
      options: { cwd: { type: 'string' }, call: { type: 'string' }, input: { type: 'string', default: '{}' } },
    })
    const cwd = resolve(io.cwd, values.cwd ?? '.')
    if (!existsSync(cwd)) throw new Failure('not-found', `The folder ${cwd} does not exist`)
    if (values.call !== undefined) {
      const { text, isError } = await answerTool(values.call, parsed(values.input), { cwd, cancel: io.cancel })
      if (isError) throw new Failure('no-answer', text)
      io.out(text)
      return 0
    }
    const { serveMcp } = (await import(programPath())) as typeof import('../mcp.ts')
    await serveMcp({
      tools: readTools,
      version: programVersion(),
      answer: (name, input, cancel) => answerTool(name, input, { cwd, cancel }),
    })
    return 0
  },
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Failure('usage', '--input is not JSON', 'winnow mcp --help tells more', { cause: error })
  }
}

/** Beside the bundle that runs now, or in `dist/` when run from the sources. */
function programPath(): string {
  for (const place of ['./mcp.cjs', '../../../dist/mcp.cjs']) {
    const url = new URL(place, import.meta.url)
    if (existsSync(fileURLToPath(url))) return url.href
  }
  throw new Failure('no-mcp', 'mcp.cjs is missing from this installation', 'Build it: npm run build')
}

function programVersion(): string {
  for (const up of ['../package.json', '../../../package.json']) {
    const url = new URL(up, import.meta.url)
    if (existsSync(url)) return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version
  }
  return '0.0.0'
}
