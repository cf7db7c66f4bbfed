import { tokenRows } from '../batch.ts'
import type { EncodedRows } from './encoded.ts'

/**
 * Which documents share a row of `capacity` tokens: best fit, longest first (Johnson 1973). Each document goes where it
 * leaves the least room; ties go to the row that was opened first. Gives the documents of each row in the order they
 * were put there.
 */
export function bestFit(lengths: ArrayLike<number>, capacity: number): number[][] {
  const order = Array.from({ length: lengths.length }, (_, i) => i)
  order.sort((a, b) => (lengths[b] as number) - (lengths[a] as number) || a - b)
  const rows: number[][] = []
  // Open rows by the room they have left.
  const open: number[][] = Array.from({ length: capacity + 1 }, () => [])
  for (const document of order) {
    const length = lengths[document] as number
    let room = length
    while (room <= capacity && (open[room] as number[]).length === 0) room++
    let row: number
    if (room > capacity) {
      row = rows.length
      rows.push([])
      room = capacity
    } else row = (open[room] as number[]).shift() as number
    ;(rows[row] as number[]).push(document)
    const left = room - length
    if (left > 0) (open[left] as number[]).push(row)
  }
  return rows
}

/**
 * Documents packed into rows of at most `capacity` tokens. Positions begin anew in each document, and `segments` keep them
 * from seeing one another, so that the loss of each token is that of the document by itself.
 */
export function packRows(rows: EncodedRows, capacity: number): EncodedRows {
  const { tokens, lengths, targets, owners } = rows
  const bins = bestFit(lengths, capacity)
  const total = tokens.ids.length
  const positions = new Int32Array(total)
  const segments = new Int32Array(total)
  const moved = new Int32Array(total)
  const owner = new Int32Array(total)
  let at = 0
  const ids = bins.map(documents => {
    const row: number[] = []
    documents.forEach((document, segment) => {
      const from = tokens.starts[document] as number
      for (let s = 0; s < (lengths[document] as number); s++, at++) {
        row.push(tokens.ids[from + s] as number)
        positions[at] = s
        segments[at] = segment + 1
        moved[at] = targets[from + s] as number
        owner[at] = owners ? (owners[from + s] as number) : document
      }
    })
    return row
  })
  const packed = tokenRows(ids)
  return {
    ...rows,
    tokens: packed,
    lengths: Int32Array.from(ids, row => row.length),
    positions,
    segments,
    targets: moved,
    owners: owner,
  }
}
