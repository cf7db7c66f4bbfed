import { expect } from 'vitest'
import type { Source, Table } from '../../../src/core/data/table.ts'
import { type Edit, orderEdits } from '../../../src/core/text/span.ts'

export function sourceOf(uri: string, content: string | Uint8Array): Source {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return { uri, version: 0, bytes, encoding: 'utf-8', bom: false }
}

/** The table's file after the edits. */
export function applied(table: Table, edits: readonly Edit[]): string {
  const result = orderEdits(edits)
  expect(result).toHaveProperty('ok')
  const pieces: Uint8Array[] = []
  let at = 0
  for (const edit of 'ok' in result ? result.ok : []) {
    pieces.push(table.source.bytes.subarray(at, edit.span.start), Buffer.from(edit.text))
    at = edit.span.end
  }
  return Buffer.concat([...pieces, table.source.bytes.subarray(at)]).toString()
}
