/** A half-open range of byte offsets in a source: [start, end). */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Replace the bytes of `span` by `text` (UTF-8). Removal is the empty text, insertion an empty span. */
export interface Edit {
  readonly span: Span
  readonly text: string
}

/** Edits sorted by position, or the first two that overlap. Equal edits count once; removals that overlap are one removal. */
export function orderEdits(edits: readonly Edit[]): { ok: Edit[] } | { overlap: [Edit, Edit] } {
  const sorted = [...edits].sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end)
  const ok: Edit[] = []
  for (const edit of sorted) {
    const last = ok.at(-1)
    if (last && last.span.start === edit.span.start && last.span.end === edit.span.end && last.text === edit.text)
      continue
    if (last && last.text === '' && edit.text === '' && edit.span.start < last.span.end) {
      const end = Math.max(last.span.end, edit.span.end)
      ok[ok.length - 1] = { span: { start: last.span.start, end }, text: '' }
      continue
    }
    if (last && edit.span.start < last.span.end) return { overlap: [last, edit] }
    ok.push(edit)
  }
  return { ok }
}
