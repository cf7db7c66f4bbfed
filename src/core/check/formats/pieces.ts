import type { Report, ReportedFinding } from '../report.ts'

/** A report whose findings come one after the other, and are not kept. */
export type StreamedReport = Pick<Report, 'datasets' | 'counts'> & { readonly findings: Iterable<ReportedFinding> }

export function* mapped<T, U>(items: Iterable<T>, change: (item: T) => U): Generator<U> {
  for (const item of items) yield change(item)
}

/**
 * The member of a JSON document that is a long list, a piece at a time: as a whole the document may be longer than a string can
 * be. What comes is what `JSON.stringify(document, undefined, 2)` has of it; `depth` is how deep the member stands.
 */
export function* listPieces(
  items: Iterable<unknown>,
  { name, depth }: { readonly name: string; readonly depth: number },
): Generator<string> {
  const outer = '  '.repeat(depth)
  let any = false
  for (const item of items) {
    yield `${any ? ',' : `${outer}"${name}": [`}\n${outer}  ${indented(item, depth + 1)}`
    any = true
  }
  yield any ? `\n${outer}]` : `${outer}"${name}": []`
}

/** A value as JSON, to stand that deep. Line ends inside strings are escaped, so that all others are those of the layout. */
export function indented(value: unknown, depth: number): string {
  return JSON.stringify(value, undefined, 2).replaceAll('\n', `\n${'  '.repeat(depth)}`)
}
