import type { Table, Value } from '../../data/table.ts'
import type { Unusable } from './sample.ts'
import { cellValue, emptyText, noLabel, type Sample, unusable } from './sample.ts'

/** A named stretch of a text, half-open, in UTF-16 units. */
interface Span {
  readonly start: number
  readonly end: number
  readonly label: string
}

/**
 * A text with spans (`start`, `end`, `label`) as words and tags: a word is what stands between blanks or is a single mark;
 * tags are B- for the first word of a span, I- for the others, O outside (IOB2).
 */
export function readSpans(
  table: Table,
  row: number,
  columns: { readonly text: string; readonly spans: string },
): Sample | Unusable {
  const text = table.text(row, columns.text) ?? ''
  if (text.trim() === '') return emptyText
  const value = cellValue(table, row, columns.spans)
  if (!Array.isArray(value)) return noLabel
  const spans: Span[] = []
  for (const item of value as readonly Value[]) {
    const span = spanOf(item)
    if (!span || span.start < 0 || span.end > text.length || span.start >= span.end)
      return unusable(
        'bad-span',
        `a span is no {start, end, label} within the text: ${JSON.stringify(item).slice(0, 80)}`,
      )
    spans.push(span)
  }
  spans.sort((a, b) => a.start - b.start)
  const words: string[] = []
  const tags: string[] = []
  let open: Span | undefined
  for (const match of text.matchAll(/[\p{L}\p{N}\p{M}_]+|[^\s\p{L}\p{N}\p{M}_]/gu)) {
    const [start, end] = [match.index, match.index + match[0].length]
    const span = spans.find(one => start < one.end && end > one.start)
    words.push(match[0])
    tags.push(span ? `${span === open ? 'I' : 'B'}-${span.label}` : 'O')
    open = span
  }
  return { text, gold: tags.join(' '), words, tags }
}

function spanOf(item: Value): Span | undefined {
  // [start, end, label] as spaCy has it, or an object.
  const [start, end, label] = Array.isArray(item)
    ? (item as readonly Value[])
    : typeof item === 'object' && item !== null
      ? [get(item, 'start'), get(item, 'end'), get(item, 'label') ?? get(item, 'entity') ?? get(item, 'type')]
      : []
  return typeof start === 'number' && typeof end === 'number' && typeof label === 'string'
    ? { start, end, label }
    : undefined
}

const get = (item: Value, key: string): Value | undefined => (item as { readonly [key: string]: Value })[key]
