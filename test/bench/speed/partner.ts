import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Answer, Command } from './child.ts'

/** A process that trains one case and answers commands, one at a time. */
export class Partner {
  private readonly child: ChildProcess
  private readonly waiting: ((line: string | undefined) => void)[] = []
  private said = ''
  private how = ''

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env })
    this.child.stderr?.on('data', (data: Buffer) => {
      this.said = `${this.said}${data}`.slice(-2000)
    })
    // A write to a process that is gone: what it said before is told with the answer that is missing.
    this.child.stdin?.on('error', () => undefined)
    const lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream })
    lines.on('line', line => this.waiting.shift()?.(line))
    this.child.on('error', error => {
      this.how = error.message
    })
    this.child.on('close', (code, signal) => {
      this.how ||= signal ?? `code ${code}`
      for (const resolve of this.waiting.splice(0)) resolve(undefined)
    })
  }

  /** Throws where the other side fails or ends. */
  async ask(command: Command): Promise<Answer> {
    const line = await new Promise<string | undefined>(resolve => {
      this.waiting.push(resolve)
      this.child.stdin?.write(`${JSON.stringify(command)}\n`)
    })
    if (line === undefined)
      throw new Error(`the process ended (${this.how}): ${this.said.trim().split('\n').slice(-3).join(' | ')}`)
    const reply = JSON.parse(line) as Answer & { readonly error?: string }
    if (reply.error !== undefined) throw new Error(reply.error)
    return reply
  }

  /** Ends the process, however it is. */
  end(): void {
    this.child.kill('SIGKILL')
  }
}
