import { isCompressed } from '../../data/formatName.ts'
import { JsonScanner } from '../../data/jsonScan.ts'
import { jsonStyle, plainStyle, printJsonString } from '../../data/jsonStyle.ts'
import { bytesOf, rowBytes, type Table } from '../../data/table.ts'
import { decodeAll } from '../../text/decode.ts'
import type { Edit, Span } from '../../text/span.ts'
import { sequence } from '../../text/utf8.ts'

/** A text of a row: a cell, or the content of one turn of the list in it. */
export interface TextPlace {
  readonly table: Table
  /** 0-based in the table. */
  readonly row: number
  readonly column: string
  readonly turn?: number | undefined
}

/**
 * The bytes of a part of a text, by UTF-16 offsets in it. Where the text does not stand in the file as such (a message
 * put together of parts, a format that encodes its values), the whole cell, or the row that lacks it.
 */
export function textSpan(place: TextPlace, start?: number, end?: number): Span {
  const { table, row, column } = place
  const whole = table.cell(row, column)?.span ?? table.rowSpan(row)
  const inner = innerSpan(place)
  if (!inner || start === undefined || end === undefined) return inner ?? whole
  const from = byteAt(table, row, inner, { from: 0, to: start })
  const to = from < 0 ? -1 : byteAt(table, row, { start: from, end: inner.end }, { from: start, to: end })
  return to < from || from < 0 ? inner : { start: from, end: to }
}

/** Can rows of this table be changed in their place? Where not, no fix is offered. */
export function canChange(table: Table): boolean {
  return !table.readOnly && !isCompressed(table.source.uri)
}

/** The edit that gives a text another content; undefined where that cannot be written. */
export function textEdit(place: TextPlace, text: string): Edit | undefined {
  const { table, row, column, turn } = place
  if (!canChange(table) || table.fixed?.(column)) return undefined
  if (turn === undefined) {
    const kind = table.kind?.(row, column)
    if (table.kind && kind !== 'string') return undefined
    // A line of plain text or of CSV without quotes cannot hold everything.
    if (table.format === 'text' && (/[\r\n]/.test(text) || text.trim() === '')) return undefined
    if ((table.format === 'csv' || table.format === 'tsv') && /[\r\n\t,;|]/.test(text) && !isQuoted(table, row, column))
      return undefined
    return table.setCell(row, column, text)
  }
  const span = innerSpan(place)
  if (!span) return undefined
  const raw = decodeAll(bytesOf(table.source, table.rowSpan(row)))
  return { span, text: printJsonString(text, jsonStyle(raw, plainStyle)) }
}

function isQuoted(table: Table, row: number, column: string): boolean {
  const span = table.cell(row, column)?.span
  const { bytes, shift } = rowBytes(table, row)
  return span !== undefined && bytes[span.start - 1 - shift] === 0x22 && bytes[span.end - shift] === 0x22
}

/** The bytes of the text inside its quotes; undefined where no run of bytes is the text. */
function innerSpan({ table, row, column, turn }: TextPlace): Span | undefined {
  const cell = table.cell(row, column)
  if (!cell || table.readOnly || table.fixed?.(column)) return undefined
  if (turn === undefined) return cell.span
  const { bytes, shift } = rowBytes(table, row)
  const scanner = new JsonScanner(bytes)
  let object = { start: cell.span.start - shift, end: cell.span.end - shift }
  if (bytes[object.start] === 0x5b) {
    if (turn >= scanner.elements(object.start, object.end)) return undefined
    object = { start: scanner.spans[turn * 4 + 2]!, end: scanner.spans[turn * 4 + 3]! }
  }
  const members = scanner.members(object.start, object.end)
  const found = new Map<string, Span>()
  for (let m = 0; m < members; m++) {
    const [from, to, start, end] = scanner.spans.subarray(m * 4, m * 4 + 4)
    found.set(decodeAll(bytes.subarray(from, to)), { start: start!, end: end! })
  }
  const value = found.get('content') ?? found.get('value')
  if (!value || bytes[value.start] !== 0x22) return undefined
  return { start: value.start + 1 + shift, end: value.end - 1 + shift }
}

/** The byte at which the UTF-16 offset `to` of a text begins; `from` is the offset at which the span begins. -1 beyond it. */
function byteAt(table: Table, row: number, span: Span, offset: { readonly from: number; readonly to: number }): number {
  const { bytes, shift } = rowBytes(table, row)
  const end = span.end - shift
  const json = table.format === 'json' || table.format === 'jsonl'
  const doubled = !json && table.format !== 'text' && bytes[span.start - shift - 1] === 0x22
  let units = offset.from
  let at = span.start - shift
  while (units < offset.to && at < end) {
    const byte = bytes[at]!
    if (json && byte === 0x5c) {
      at += bytes[at + 1] === 0x75 ? 6 : 2
      units++
    } else if (doubled && byte === 0x22 && bytes[at + 1] === 0x22) {
      at += 2
      units++
    } else {
      const length = sequence(bytes, at, end)
      at += Math.abs(length)
      units += length === 4 ? 2 : 1
    }
  }
  return units < offset.to ? -1 : at + shift
}
