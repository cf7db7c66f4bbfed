import * as v from 'valibot'
import type { FromRowsPanel } from '../core/view/rowsProtocol.ts'

const text = v.pipe(v.string(), v.maxLength(20_000_000))
const name = v.pipe(v.string(), v.maxLength(10_000))
const row = v.pipe(v.number(), v.integer(), v.minValue(0))
const number = v.exactOptional(v.number())
const clause = v.variant('kind', [
  v.strictObject({
    kind: v.literal('text'),
    value: v.pipe(v.string(), v.maxLength(10_000)),
    regex: v.boolean(),
    matchCase: v.boolean(),
    column: v.exactOptional(name),
  }),
  v.strictObject({ kind: v.literal('values'), column: name, values: v.array(text) }),
  v.strictObject({ kind: v.literal('rules'), rules: v.array(name) }),
  v.strictObject({ kind: v.literal('range'), column: name, min: number, max: number }),
])
const query = v.strictObject({
  clauses: v.pipe(v.array(clause), v.maxLength(100)),
  sort: v.exactOptional(v.strictObject({ column: name, down: v.boolean() })),
})

const fromRows = v.variant('kind', [
  v.strictObject({ kind: v.literal('ready') }),
  v.strictObject({ kind: v.literal('showLog') }),
  v.strictObject({ kind: v.literal('tune') }),
  v.strictObject({ kind: v.literal('choose'), id: name }),
  v.strictObject({ kind: v.literal('query'), query: row, of: query }),
  v.strictObject({ kind: v.literal('lines'), query: row, from: row, to: row }),
  v.strictObject({ kind: v.literal('detail'), at: row }),
  v.strictObject({ kind: v.literal('place'), at: row }),
  v.strictObject({ kind: v.literal('openRow'), at: row }),
  v.strictObject({ kind: v.literal('edit'), at: row, column: name, value: text }),
  v.strictObject({ kind: v.literal('undo') }),
  v.strictObject({ kind: v.literal('write') }),
  v.strictObject({ kind: v.literal('fixShown'), rules: v.array(name) }),
  v.strictObject({ kind: v.literal('fix'), at: row, rule: name, title: name }),
  v.strictObject({ kind: v.literal('ignore'), at: row, rule: name }),
  v.strictObject({ kind: v.literal('check') }),
])

// The check and the protocol must name the same messages: a difference is a type error here.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
const same: Same<v.InferOutput<typeof fromRows>['kind'], FromRowsPanel['kind']> = true
void same

/** The message of a rows panel, or undefined where it is not one: a webview is not trusted to keep to the protocol. */
export function fromRowsPanel(message: unknown): FromRowsPanel | undefined {
  const result = v.safeParse(fromRows, message)
  return result.success ? result.output : undefined
}
