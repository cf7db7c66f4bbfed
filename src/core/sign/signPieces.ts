import { Forms, type SignedRows } from './forms.ts'
import type { Work } from './progress.ts'
import type { Scheme } from './scheme.ts'
import type { Texts } from './signatures.ts'

/** Rows of one piece, and UTF-16 units of their texts: it is signed in a few milliseconds. */
const most = { rows: 4096, units: 300_000 } as const

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
  const slots = new Int32Array(end - from).fill(-1)
  const { plain } = texts
  let row = from
  for (let units = 0; row < end && units < most.units; row++) {
    const span = plain?.span(row)
    const slot = span ? forms.addBytes(plain!.bytes, span.start, span.end) : -2
    if (slot !== -2) {
      slots[row - from] = slot
      units += span!.end - span!.start
      continue
    }
    const text = texts.text(row)
    if (text === undefined) continue
    slots[row - from] = forms.add(text)
    units += text.length
  }
  return { from, slots: slots.subarray(0, row - from), forms: forms.signedFrom(0) }
}
