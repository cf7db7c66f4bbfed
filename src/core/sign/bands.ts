import type { FormColumns } from './formColumns.ts'
import { MinHash, SlotSignatures } from './minhash.ts'
import { type Keys, type Postings, sortedPostings } from './postings.ts'
import type { Work } from './progress.ts'
import type { Threshold } from './threshold.ts'

/** So many bands of so many rows each: two sets are compared where they agree in all rows of a band. */
export interface Banding {
  readonly bands: number
  readonly rows: number
  /** The chance that a pair of exactly the threshold's similarity is compared; more similar pairs have a higher one. */
  readonly recall: number
}

/**
 * The bands for a threshold. Candidates are verified, so few rows a band cost time only and make the recall high:
 * 16 × 4 at 0.8, 32 × 4 at 0.7. (The usual choice, equal errors on both sides of the threshold, misses 14 % of pairs.)
 */
export function bandingFor(t: Threshold): Banding {
  const similarity = t.num / t.den
  const rows = similarity >= 0.7 ? 4 : similarity >= 0.5 ? 3 : 2
  const missed = (bands: number) => (1 - similarity ** rows) ** bands
  let bands = 16
  while (missed(bands) > 0.0003 && bands < 256) bands += 16
  return { bands, rows, recall: 1 - missed(bands) }
}

/** One key a band of a slot's signature. */
export class Bands implements Keys {
  private readonly banding: Banding
  private readonly signatures: SlotSignatures

  constructor(banding: Banding) {
    this.banding = banding
    this.signatures = new SlotSignatures(new MinHash(banding.bands * banding.rows))
  }

  /** Writes the distinct keys of a slot, ascending, to `out` from `at`; returns the new end. */
  prefix(forms: FormColumns, slot: number, _t: Threshold, out: Uint32Array, at: number): number {
    const { bands, rows } = this.banding
    const from = this.signatures.of(forms, slot)
    const { values } = this.signatures
    for (let band = 0; band < bands; band++) {
      let key = Math.imul(band + 1, 0x9e3779b1)
      for (let row = 0; row < rows; row++) {
        key = Math.imul(key ^ values[from + band * rows + row]!, 0x85ebca6b)
        key ^= key >>> 15
      }
      key >>>= 0
      let i = at + band
      for (; i > at && out[i - 1]! > key; i--) out[i] = out[i - 1]!
      out[i] = key
    }
    let end = at + 1
    for (let i = at + 1; i < at + bands; i++) if (out[i] !== out[end - 1]) out[end++] = out[i]!
    return end
  }

  size(): number {
    return this.banding.bands
  }
}

/**
 * Postings by the bands of MinHash signatures (Indyk and Motwani 1998) instead of by rare shingles: what is then joined,
 * with the same verification, is exact in what it finds and may miss what shares no band.
 */
export function* bandPostings(
  forms: FormColumns,
  t: Threshold,
  how: { readonly alive: (slot: number) => boolean; readonly singles: boolean; readonly banding: Banding },
): Work<Postings> {
  return yield* sortedPostings(forms, t, { ...how, keys: new Bands(how.banding) })
}
