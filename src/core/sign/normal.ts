/**
 * What is compared instead of the text: compatibility forms unified, lower case, everything that is not a letter, a
 * number or a mark reduced to single spaces. Only compared, never stored or shown: it changes the meaning of some glyphs.
 */
export function normalForm(text: string): string {
  // The same for ASCII, without tables of Unicode.
  if (isAscii(text))
    return text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, ' ')
      .trim()
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .trim()
}

/** Are all characters ASCII? */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

/** For each ASCII code the code in the normal form, 0 where it separates. `normalForm` says the same, slower. */
export const asciiFold: Uint8Array = (() => {
  const fold = new Uint8Array(128)
  for (let c = 0; c < 128; c++) {
    if ((c >= 48 && c <= 57) || (c >= 97 && c <= 122)) fold[c] = c
    else if (c >= 65 && c <= 90) fold[c] = c + 32
  }
  return fold
})()

const unspaced =
  /[\p{Script=Han}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script_Extensions=Hiragana}\p{Script_Extensions=Katakana}]/u

let plane: Uint8Array | undefined

/** Does this code point belong to a script written without spaces, where a character stands for a word? */
export function isUnspaced(code: number): boolean {
  if (code < 0x0e00) return false
  if (code > 0xffff) return unspaced.test(String.fromCodePoint(code))
  if (!plane) {
    plane = new Uint8Array(0x10000)
    for (let c = 0x0e00; c < 0x10000; c++) if (unspaced.test(String.fromCharCode(c))) plane[c] = 1
  }
  return plane[code] === 1
}
