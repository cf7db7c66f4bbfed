import * as v from 'valibot'
import { Failure, failureLine } from '../core/base/failure.ts'
import type { FromPreflightPanel } from '../core/view/preflight.ts'
import type { FromComparePanel, FromRunPanel, PanelState, Problem } from '../core/view/protocol.ts'

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(300), v.regex(/^[^/\\\0]+$/))
/** Of a panel's choice list: a run, or one of its evaluations. */
const choice = v.pipe(v.string(), v.minLength(1), v.maxLength(1000))
const place = v.strictObject({
  file: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)),
  row: v.pipe(v.number(), v.integer(), v.minValue(0)),
})
const content = v.pipe(v.string(), v.maxLength(100_000_000))
/** A file name to offer, never a path. */
const name = v.exactOptional(v.pipe(v.string(), v.maxLength(200), v.regex(/^[^/\\\0]*$/)))
const either = [
  v.strictObject({ kind: v.literal('ready') }),
  v.strictObject({ kind: v.literal('showLog') }),
  v.strictObject({ kind: v.literal('tune') }),
] as const

const fromRun = v.variant('kind', [
  ...either,
  v.strictObject({ kind: v.literal('stop'), id }),
  v.strictObject({ kind: v.literal('resume'), id }),
  v.strictObject({ kind: v.literal('pause'), id, paused: v.boolean() }),
  v.strictObject({ kind: v.literal('rate'), id, factor: v.pipe(v.number(), v.gtValue(0), v.maxValue(100)) }),
  v.strictObject({ kind: v.literal('notes'), id, text: v.pipe(v.string(), v.maxLength(100_000)) }),
  v.strictObject({ kind: v.literal('addRun'), id }),
  v.strictObject({ kind: v.literal('removeRun'), id }),
  v.strictObject({ kind: v.literal('compare'), id }),
  v.strictObject({ kind: v.literal('batch'), id, step: v.pipe(v.number(), v.integer(), v.minValue(0)) }),
  v.strictObject({ kind: v.literal('openRow'), place }),
  v.strictObject({ kind: v.literal('openFolder'), id }),
  v.strictObject({ kind: v.literal('export'), format: v.picklist(['csv', 'svg', 'png']), content, name }),
])

const fromCompare = v.variant('kind', [
  ...either,
  v.strictObject({ kind: v.literal('choose'), a: choice, b: choice }),
  v.strictObject({
    kind: v.literal('vote'),
    vote: v.strictObject({
      ...place.entries,
      winner: v.picklist(['a', 'b', 'tie']),
      by: v.literal('person'),
    }),
  }),
  v.strictObject({ kind: v.literal('openRow'), place }),
  v.strictObject({ kind: v.literal('nearest'), place }),
  v.strictObject({ kind: v.literal('fixLabel'), label: v.pipe(v.string(), v.maxLength(10_000)) }),
  v.strictObject({ kind: v.literal('tuneAgain') }),
  v.strictObject({ kind: v.literal('export'), format: v.picklist(['json', 'html']), content, name }),
])

const fromPreflight = v.variant('kind', [
  ...either,
  v.strictObject({ kind: v.literal('start') }),
  v.strictObject({ kind: v.literal('editRecipe') }),
  v.strictObject({ kind: v.literal('openRow'), place }),
  v.strictObject({
    kind: v.literal('fix'),
    path: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[a-zA-Z]{1,40}$/))), v.minLength(1), v.maxLength(4)),
    value: v.exactOptional(v.pipe(v.number(), v.finite())),
  }),
])

// The check and the protocol must name the same messages: a difference is a type error here.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
const sameRun: Same<v.InferOutput<typeof fromRun>['kind'], FromRunPanel['kind']> = true
const sameCompare: Same<v.InferOutput<typeof fromCompare>['kind'], FromComparePanel['kind']> = true
const samePreflight: Same<v.InferOutput<typeof fromPreflight>['kind'], FromPreflightPanel['kind']> = true
void [sameRun, sameCompare, samePreflight]

const state = v.variant('panel', [
  v.object({ panel: v.literal('run'), id, overlaid: v.array(id), view: v.unknown() }),
  v.object({ panel: v.literal('compare'), a: choice, b: choice, view: v.unknown() }),
  v.object({ panel: v.literal('preflight'), recipe: v.pipe(v.string(), v.maxLength(10_000)) }),
  v.object({ panel: v.literal('rows'), id: v.pipe(v.string(), v.maxLength(10_000)), view: v.unknown() }),
])

/** What a panel kept before a reload, or undefined where it is of another shape. */
export function panelState(value: unknown): PanelState | undefined {
  const result = v.safeParse(state, value)
  return result.success ? result.output : undefined
}

/** The message of a run panel, or undefined where it is not one: a webview is not trusted to keep to the protocol. */
export function fromRunPanel(message: unknown): FromRunPanel | undefined {
  const result = v.safeParse(fromRun, message)
  return result.success ? result.output : undefined
}

/** The message of a compare panel, or undefined where it is not one. */
export function fromComparePanel(message: unknown): FromComparePanel | undefined {
  const result = v.safeParse(fromCompare, message)
  return result.success ? result.output : undefined
}

/** The message of the page before a run, or undefined where it is not one. */
export function fromPreflightPanel(message: unknown): FromPreflightPanel | undefined {
  const result = v.safeParse(fromPreflight, message)
  return result.success ? result.output : undefined
}

/** What a panel is told of an error: what happened, and what to do where that is known. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Failure) return { kind: 'problem', message: error.message, hint: error.hint }
  return { kind: 'problem', message: failureLine(error), hint: '' }
}
