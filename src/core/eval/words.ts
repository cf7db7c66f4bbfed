export { count, counted } from '../base/words.ts'

/** Numbers as people read them: the same in the command line, the editor and the panels. Minus is U+2212. */

/** A fraction as `86.7 %`. */
export function percent(fraction: number): string {
  return `${signed(fraction * 100, 1)} %`
}

/** A difference of two fractions as `+5.0` or `−0.4` percentage points; the word is the caller's. */
export function points(fraction: number): string {
  const text = signed(fraction * 100, 1)
  return fraction > 0 && text !== '0.0' ? `+${text}` : text
}

/** A p value that scripts can read too: two significant digits, `0.55`, `0.0021`, `3.7e-5`. */
export function pText(p: number): string {
  if (p >= 0.995) return '1'
  if (p === 0) return '0'
  return p < 1e-4 ? p.toExponential(1) : String(Number(p.toPrecision(2)))
}

/** Rounded to two significant digits, for an estimate: 574 is about 570. */
export function about(n: number): number {
  return Number(n.toPrecision(2))
}

/** With a true minus sign, and no sign on zero. */
export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits)
  return value < 0 && Number(text) !== 0 ? `\u2212${text}` : text
}
