import { Forms, type SignedRows } from './forms.ts'
import type { Work } from './progress.ts'
import type { Scheme } from './scheme.ts'
import type { Texts } from './texts.ts'

/** Rows of one piece, and calls that sign them: it is signed in a few milliseconds. */
const most = { rows: 4096, calls: 4 } as const

/** Signs rows and forgets them: each piece has forms of its own numbers. */
export function* signPieces(texts: Texts, scheme: Scheme, take: (rows: SignedRows) => void): Work<void> {
  for (let row = 0; row < texts.rowCount; ) {
    const piece = signPiece(texts, scheme, row)
    take(piece)
    row += piece.slots.length
    yield { phase: 'sign', done: row, total: texts.rowCount }
  }
}

function signPiece(texts: Texts, scheme: Scheme, from: number): SignedRows {
  const forms = new Forms(scheme)
  const end = Math.min(texts.rowCount, from + most.rows)
  const slots = new Int32Array(end - from)
  let row = from
  for (let calls = 0; row < end && calls < most.calls; calls++)
    row += forms.addRows(texts, row, slots.subarray(row - from))
  return { from, slots: slots.subarray(0, row - from), forms: forms.signedFrom(0) }
}
