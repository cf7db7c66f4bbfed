/** A p value that scripts can read too: two significant digits, `0.55`, `0.0021`, `3.7e-5`. */
export function pText(p: number): string {
  if (p >= 0.995) return '1'
  if (p === 0) return '0'
  return p < 1e-4 ? p.toExponential(1) : String(Number(p.toPrecision(2)))
}

/** Rounded to two significant digits, for an estimate: 574 is about 570. */
export function roughly(n: number): number {
  return Number(n.toPrecision(2))
}
