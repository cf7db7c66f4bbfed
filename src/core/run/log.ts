import type { RunEvent } from '../train/event.ts'
import { newRun, type Run, reduce } from './run.ts'

const kinds = new Set<string>([
  'started',
  'step',
  'evaluated',
  'saved',
  'warned',
  'controlled',
  'ended',
] satisfies RunEvent['kind'][])

/**
 * One line of `events.jsonl`, or undefined where it holds no event this version knows. A process that was killed may
 * leave half a line, to which a resumed one appended: the event at its end is then read. JSON has no NaN: a loss, a
 * norm or a score that is null was not a number.
 */
export function parseEvent(line: string): RunEvent | undefined {
  const value = parse(line) ?? parse(line.slice(Math.max(0, line.lastIndexOf('{"kind":'))))
  if (typeof value !== 'object' || value === null || !kinds.has((value as RunEvent).kind)) return undefined
  const event = value as RunEvent
  switch (event.kind) {
    case 'step':
      return { ...event, loss: number(event.loss), norm: number(event.norm) }
    case 'evaluated':
      return {
        ...event,
        scores: numbers(event.scores),
        ...(event.withoutLeaks ? { withoutLeaks: numbers(event.withoutLeaks) } : {}),
      }
    default:
      return event
  }
}

/** The events of whole lines. The caller keeps an unfinished last line back until its end has come. */
export function parseEvents(text: string): RunEvent[] {
  return text.split('\n').flatMap(line => (line.trim() === '' ? [] : (parseEvent(line) ?? [])))
}

/** One line of the log, with its end. */
export function eventLine(event: RunEvent): string {
  return `${JSON.stringify(event)}\n`
}

/** Replays a log from the beginning. */
export function replay(id: string, name: string, events: readonly RunEvent[]): Run {
  return events.reduce(reduce, newRun(id, name))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Half a line: the caller looks for its whole end.
  }
}

const number = (value: unknown) => (typeof value === 'number' ? value : Number.NaN)

const numbers = (scores: { readonly [name: string]: number } | undefined) =>
  Object.fromEntries(Object.entries(scores ?? {}).map(([name, value]) => [name, number(value)]))
