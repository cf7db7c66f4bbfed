import { tokenRows } from '../batch.ts'
import type { EncodedRows } from './encoded.ts'
import { ownerOf } from './language.ts'

/** Rows of language models one after the other; the samples of `b` count on from `offset`. */
export function joinRows(a: EncodedRows, b: EncodedRows, offset: number): EncodedRows {
  const ids = (rows: EncodedRows) =>
    Array.from(rows.lengths, (_, i) => [...rows.tokens.ids.subarray(rows.tokens.starts[i], rows.tokens.starts[i + 1])])
  const owners = (rows: EncodedRows, from: number) => {
    const owner = ownerOf(rows)
    return Array.from(rows.tokens.ids, (_, token) => from + owner(token))
  }
  return {
    ...a,
    tokens: tokenRows([...ids(a), ...ids(b)]),
    lengths: Int32Array.from([...a.lengths, ...b.lengths]),
    targets: Int32Array.from([...a.targets, ...b.targets]),
    owners: Int32Array.from([...owners(a, 0), ...owners(b, offset)]),
  }
}
