/** Signs of how a text was written down rather than of what it says: a name for a message, and how to see it. */
const signs: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['an e-mail address', /[\w.+-]+@[\w-]+\.[a-z]{2,}/iu],
  ['markup', /<\/?[a-z][a-z0-9]*(\s[^<>]*)?\/?>/iu],
  ['a line break', /\n/u],
  ['a tab', /\t/u],
  ['a row of exclamation marks', /!{2,}/u],
  ['a number in brackets', /\[\d+\]|\(\d+\)/u],
  ['an emoji', /\p{Extended_Pictographic}/u],
]

/**
 * The marks of a text, each once, with whether it is a plain word: words in lower case; whole addresses' hosts; handles, tags
 * and codes with digits as they are; and the signs above. Of a long text the first 20,000 characters.
 */
export function marksOf(whole: string): Map<string, boolean> {
  const text = whole.length > 20_000 ? whole.slice(0, 20_000) : whole
  const marks = new Map<string, boolean>()
  for (const [name, pattern] of signs) if (pattern.test(text)) marks.set(name, false)
  if (/\p{Lu}/u.test(text) && !/\p{Ll}/u.test(text) && text.length > 12) marks.set('writing in capitals only', false)
  for (const piece of text.split(/\s+/u)) {
    const host = /^\W*(?:https?:\/\/|www\.)([^\s/?#:]+)/iu.exec(piece)?.[1]
    if (host !== undefined) {
      marks.set('a web address', false)
      marks.set(`the address "${short(host.toLowerCase())}"`, false)
      continue
    }
    const bare = piece.replace(/^[^\p{L}\p{N}@#]+|[^\p{L}\p{N}]+$/gu, '')
    if (bare === '') continue
    if (/^[\p{L}\p{M}'’-]+$/u.test(bare)) marks.set(`the word "${short(bare.toLowerCase())}"`, true)
    else if (/^[@#]\p{L}/u.test(bare) || (/\p{L}/u.test(bare) && /\p{N}|_/u.test(bare)))
      marks.set(`"${short(bare)}"`, false)
  }
  return marks
}

function short(word: string): string {
  return word.length > 60 ? `${word.slice(0, 59)}…` : word
}
