/** How a file writes JSON strings, so that a changed cell looks like its neighbours. */
export interface JsonStyle {
  /** Characters beyond ASCII as `\uXXXX` (Python's `ensure_ascii`). */
  readonly ascii: boolean
  readonly upperHex: boolean
  /** `/` written as `\/` (PHP). */
  readonly slash: boolean
}

/**
 * The style seen in the raw text of JSON strings. Where the text shows nothing (no character beyond ASCII at all),
 * `fallback` decides.
 */
export function jsonStyle(raw: string, fallback: JsonStyle): JsonStyle {
  let escaped = false
  let upperHex = fallback.upperHex
  for (const match of raw.matchAll(/\\(?:u([0-9a-fA-F]{4})|.)/gs)) {
    const hex = match[1]
    if (!hex || Number.parseInt(hex, 16) < 0x80) continue
    escaped = true
    if (/[a-fA-F]/.test(hex)) upperHex = /[A-F]/.test(hex)
  }
  const beyond = /[^\0-\x7f]/.test(raw)
  const ascii = beyond ? false : escaped ? true : fallback.ascii
  const slash = raw.includes('\\/') ? true : /(?:^|[^\\])\//.test(raw) ? false : fallback.slash
  return { ascii, upperHex, slash }
}

export const plainStyle: JsonStyle = { ascii: false, upperHex: false, slash: false }

/** The inside of a JSON string that reads back as `value`. Lone surrogates are always escaped: UTF-8 has no form for them. */
export function printJsonString(value: string, style: JsonStyle): string {
  let inner = JSON.stringify(value).slice(1, -1)
  if (style.slash) inner = inner.replaceAll('/', '\\/')
  if (style.ascii)
    inner = inner.replace(/[^\0-\x7f]/g, unit => {
      const hex = unit.charCodeAt(0).toString(16).padStart(4, '0')
      return `\\u${style.upperHex ? hex.toUpperCase() : hex}`
    })
  return inner
}
