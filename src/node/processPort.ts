import type { ChildProcess } from 'node:child_process'
import type { Port } from '../core/base/channel.ts'

/** This process's way to the one that started it; it must have been forked. */
export function parentPort(): Port {
  return {
    post: message => void process.send?.(message),
    onMessage: listener => void process.on('message', listener),
  }
}

/** The way to a forked process. A message to one that is gone is dropped: its end is told by its exit. */
export function childPort(child: ChildProcess): Port {
  return {
    post: message => {
      if (child.connected) child.send(message as object, () => {})
    },
    onMessage: listener => void child.on('message', listener),
  }
}
