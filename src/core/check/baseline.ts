import { Failure } from '../base/failure.ts'
import type { Finding } from './finding.ts'
import { keyMatcher, sidesOf } from './keys.ts'

/** The findings that were there before somebody began to count: how many, by key. */
export type Baseline = ReadonlyMap<string, number>

/** The text of a baseline file: one line a key, sorted, so that a change of it is a change of lines. */
export function printBaseline(findings: readonly Pick<Finding, 'key' | 'rule'>[]): string {
  const counts = new Map<string, { rule: string; count: number }>()
  for (const { key, rule } of findings) {
    const known = counts.get(key)
    if (known) known.count++
    else counts.set(key, { rule, count: 1 })
  }
  const order = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  const lines = order.map(([key, { rule, count }]) => `    ${JSON.stringify(key)}: ${JSON.stringify({ rule, count })}`)
  return `{\n  "version": 1,\n  "findings": {\n${lines.join(',\n')}\n  }\n}\n`
}

/** Reads a baseline file; throws a `Failure` for what is none. */
export function parseBaseline(text: string, where: string): Baseline {
  const refuse = (why: string) =>
    new Failure('bad-baseline', `${where} is no baseline: ${why}`, 'Write it anew with --write-baseline')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse('it is not JSON')
  }
  const { version, findings } = (value ?? {}) as { version?: unknown; findings?: unknown }
  if (version !== 1) throw refuse(`its version is ${JSON.stringify(version)}, expected 1`)
  if (typeof findings !== 'object' || findings === null) throw refuse('it has no "findings"')
  const counts = new Map<string, number>()
  for (const [key, entry] of Object.entries(findings)) {
    const count: unknown = (entry as { count?: unknown } | null)?.count
    if (typeof count !== 'number' || !(count > 0)) throw refuse(`"${key}" has no "count"`)
    counts.set(key, count)
  }
  return counts
}

/**
 * The findings that a baseline does not list. Of equal ones (copies of one row have one key) as many are known as it
 * counts, so that one more copy is new. Findings about pairs of rows are known by the rows that the list joins (`keyMatcher`).
 */
export function sinceBaseline<F extends Pick<Finding, 'key'>>(findings: readonly F[], baseline: Baseline): F[] {
  const left = new Map(baseline)
  const isJoined = keyMatcher(baseline.keys())
  return findings.filter(({ key }) => {
    if (sidesOf(key)) return !isJoined(key)
    const count = left.get(key) ?? 0
    if (count > 0) left.set(key, count - 1)
    return count === 0
  })
}
