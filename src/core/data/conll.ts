import { decoderOf } from '../text/decode.ts'
import { type ConllStyle, cut, documentStart, isWord, styleOf } from './conllStyle.ts'
import { ConllTable, type Sentences } from './conllTable.ts'
import { IssueList, looksBinary, maxRecordBytes, megabytes, reportBytes } from './issues.ts'
import { Offsets } from './offsets.ts'
import { isBlankLine, linesOf } from './plainText.ts'
import type { Source } from './table.ts'

/**
 * Reads a file of words and tags: a row is a sentence, the words between two blank lines. Lines of `-DOCSTART-` and comments belong to
 * none. A sentence of which a line has another number of fields is broken.
 */
export function parseConll(source: Source, known?: ConllStyle): ConllTable {
  const { bytes } = source
  const issues = new IssueList()
  const binary = looksBinary(bytes)
  if (binary) issues.add(binary.code, undefined, binary.span, binary.message)
  const decode = decoderOf(bytes)
  const heads = new Offsets(bytes.length >> 8)
  const starts = new Offsets(bytes.length >> 8)
  const ends = new Offsets(bytes.length >> 8)
  const behind = new Offsets(bytes.length >> 8)
  const broken = new Set<number>()
  let style = known
  // Where what belongs to the sentence begins (its comments), and whether one is open.
  let head = -1
  let open = false
  const close = (at: number) => {
    if (open) behind.push(at)
    open = false
    head = -1
  }
  for (const { start, end } of binary ? [] : linesOf(bytes, bytes.length)) {
    if (isBlankLine(bytes, start, end)) {
      close(Math.min(bytes.length, end + (bytes[end] === 0x0d && bytes[end + 1] === 0x0a ? 2 : 1)))
      continue
    }
    const text = decode(start, end)
    if (text.startsWith(documentStart)) {
      close(start)
      continue
    }
    if (!open && text.startsWith('#') && !isWord(text, style)) {
      if (head < 0) head = start
      continue
    }
    style ??= styleOf(text)
    if (!open) {
      open = true
      heads.push(head < 0 ? start : head)
      starts.push(start)
      ends.push(end)
    }
    const row = starts.length - 1
    ends.replaceLast(end)
    const fields = cut(text, style)
    if (fields.length === style.fields || broken.has(row)) continue
    broken.add(row)
    issues.add('field-count', row, { start, end }, fieldCount(fields.length, style))
  }
  close(bytes.length)
  const rows: Sentences = {
    heads: heads.done(),
    starts: starts.done(),
    ends: ends.done(),
    behind: behind.done(),
    broken,
  }
  for (let row = 0; row < rows.starts.length; row++) {
    const size = rows.ends[row]! - rows.starts[row]!
    if (size <= maxRecordBytes) continue
    broken.add(row)
    const message = `The sentence is ${megabytes(size)} MB long; rows beyond 16 MB are not read. Blank lines end sentences`
    issues.add('too-long', row, { start: rows.starts[row]!, end: rows.starts[row]! + 1 }, message)
  }
  if (!binary) {
    if (rows.starts.length === 0) issues.add('empty-file', undefined, { start: 0, end: 0 }, 'The file holds no rows')
    reportBytes(bytes, rows.starts, issues)
  }
  return new ConllTable(source, { ...rows, style: style ?? { tabs: true, fields: 2, universal: false } }, issues.done())
}

function fieldCount(count: number, { fields, tabs }: ConllStyle): string {
  const between = tabs ? 'tabs' : 'spaces'
  return `The line has ${count} field${count === 1 ? '' : 's'} between ${between}, the first one of the file ${fields}; a blank line ends a sentence`
}
