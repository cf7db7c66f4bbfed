import { readFileSync } from 'node:fs'

/**
 * The 0-based line a data row starts at, found the slow and plain way: JSONL rows are the lines that are not blank, CSV
 * records end at a line break outside quotes, the header not counted.
 */
export function lineOfRow(file: string, row: number): number {
  const text = readFileSync(file, 'utf8')
  const lines = text.split(/\r\n|\n|\r/)
  let seen = -1
  let open = false
  let start = 0
  for (const [i, line] of lines.entries()) {
    if (file.endsWith('.jsonl')) {
      if (line.trim() !== '' && ++seen === row) return i
      continue
    }
    if (!open) start = i
    if ((line.match(/"/g)?.length ?? 0) % 2 === 1) open = !open
    if (!open && (line !== '' || start !== i) && ++seen === row + 1) return start
  }
  throw new Error(`${file} has no row ${row}`)
}
