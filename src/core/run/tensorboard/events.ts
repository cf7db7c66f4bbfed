/* The scalars of a run, and the event file that TensorBoard reads them from. */
import { create, toBinary } from '@bufbuild/protobuf'
import type { RunEvent } from '../../train/event.ts'
import { EventSchema, Summary_ValueSchema, SummarySchema } from './generated/event_pb.ts'
import { record } from './records.ts'

/** One number of a run at a step. */
export interface Scalar {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly step: number
  /** `train/loss`, `eval/accuracy`. */
  readonly tag: string
  readonly value: number
}

/**
 * The numbers of a run in the order of its log. Steps that a resumed run took again are there once, as it took them last. The
 * scores of the run itself are `eval/…`; those at its end carry the split, and `base` where the untuned model was scored.
 */
export function* scalarsOf(events: readonly RunEvent[]): Iterable<Scalar> {
  const last = new Map<number, number>()
  events.forEach((event, i) => {
    if (event.kind === 'step') last.set(event.step, i)
  })
  for (const [i, event] of events.entries()) {
    if (event.kind === 'step' && last.get(event.step) === i) {
      const { at, step } = event
      yield { at, step, tag: 'train/loss', value: event.loss }
      yield { at, step, tag: 'train/learning_rate', value: event.rate }
      yield { at, step, tag: 'train/grad_norm', value: event.norm }
      yield { at, step, tag: 'train/tokens_per_second', value: (1000 * event.tokens) / Math.max(event.ms, 1e-3) }
    }
    if (event.kind === 'evaluated') {
      const { at, step, of, split } = event
      const group = of === undefined ? 'eval' : `${of === 'base' ? 'base' : 'best'}_${split}`
      for (const [name, value] of Object.entries(event.scores)) yield { at, step, tag: `${group}/${name}`, value }
      for (const [name, value] of Object.entries(event.withoutLeaks ?? {}))
        yield { at, step, tag: `${group}_without_leaks/${name}`, value }
    }
  }
}

/** The bytes of an event file. A step whose numbers share a moment is one record. */
export function eventFile(events: readonly RunEvent[]): Uint8Array {
  const scalars = [...scalarsOf(events)]
  const began = scalars[0]?.at ?? 0
  const records = [
    record(
      toBinary(
        EventSchema,
        create(EventSchema, { wallTime: began / 1000, what: { case: 'fileVersion', value: 'brain.Event:2' } }),
      ),
    ),
  ]
  for (let i = 0; i < scalars.length; ) {
    const { at, step } = scalars[i] as Scalar
    const values = []
    for (; scalars[i]?.at === at && scalars[i]?.step === step; i++) {
      const { tag, value } = scalars[i] as Scalar
      values.push(create(Summary_ValueSchema, { tag, value: { case: 'simpleValue', value } }))
    }
    const summary = create(SummarySchema, { value: values })
    const event = create(EventSchema, {
      wallTime: at / 1000,
      step: BigInt(step),
      what: { case: 'summary', value: summary },
    })
    records.push(record(toBinary(EventSchema, event)))
  }
  const all = new Uint8Array(records.reduce((n, r) => n + r.length, 0))
  records.reduce((place, r) => {
    all.set(r, place)
    return place + r.length
  }, 0)
  return all
}

/** The same numbers as CSV: `step,tag,value,time`, times in ISO 8601. */
export function scalarsCsv(events: readonly RunEvent[]): string {
  const lines = [...scalarsOf(events)].map(
    ({ at, step, tag, value }) => `${step},${tag},${value},${new Date(at).toISOString()}`,
  )
  return `${['step,tag,value,time', ...lines].join('\n')}\n`
}
