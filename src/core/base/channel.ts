import { Failure, failureLine } from './failure.ts'

/** Two ends that post messages to each other: a child process, a webview, a pair in a test. */
export interface Port {
  post(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
}

/** What one side offers: named functions of plain data. */
// biome-ignore lint/suspicious/noExplicitAny: the argument types are the interface's own, checked where it is used
export type Methods<T> = { [K in keyof T]: (...args: any[]) => unknown }

/** The other side's functions, each now answering with a promise. */
export type Remote<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never
}

type Message =
  | { kind: 'call'; id: number; name: string; args: unknown[] }
  | { kind: 'done'; id: number; value: unknown }
  | { kind: 'fail'; id: number; code: string; message: string; hint: string }

/**
 * Typed calls over a port. A handler that throws answers with the error, so a caller never waits for ever;
 * `dispose` rejects what still waits.
 */
export function connect<Theirs extends Methods<Theirs>>(
  port: Port,
  ours: Methods<object>,
): { remote: Remote<Theirs>; dispose: () => void } {
  const waiting = new Map<number, { resolve: (v: unknown) => void; reject: (e: unknown) => void }>()
  let next = 1
  let closed = false
  port.onMessage(async raw => {
    const message = raw as Message
    if (message?.kind === 'call') {
      try {
        const handler = (ours as Record<string, (...args: unknown[]) => unknown>)[message.name]
        if (!handler) throw new Error(`no such call: ${message.name}`)
        port.post({ kind: 'done', id: message.id, value: await handler(...message.args) })
      } catch (error) {
        const code = error instanceof Failure ? error.code : 'bug'
        const hint = error instanceof Failure ? error.hint : ''
        const text = error instanceof Failure ? error.message : failureLine(error)
        port.post({ kind: 'fail', id: message.id, code, message: text, hint })
      }
    } else if (message?.kind === 'done' || message?.kind === 'fail') {
      const call = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.kind === 'done') call?.resolve(message.value)
      else call?.reject(new Failure(message.code, message.message, message.hint))
    }
  })
  const remote = new Proxy({} as Remote<Theirs>, {
    get:
      (_, name: string) =>
      (...args: unknown[]) =>
        new Promise((resolve, reject) => {
          if (closed) return reject(new Failure('closed', `The connection was closed before ${name}`))
          const id = next++
          waiting.set(id, { resolve, reject })
          port.post({ kind: 'call', id, name, args })
        }),
  })
  return {
    remote,
    dispose: () => {
      closed = true
      for (const call of waiting.values()) call.reject(new Failure('closed', 'The connection was closed'))
      waiting.clear()
    },
  }
}
