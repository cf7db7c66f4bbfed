import { sequence } from '../../text/utf8.ts'
import { windows1252 } from './characters.ts'
import type { Change } from './look.ts'

/** The byte that Windows-1252 (as WHATWG has it) writes for a character; -1 where it has none. */
const bytesOf = new Map<string, number>()
for (let byte = 0xa0; byte < 0x100; byte++) bytesOf.set(String.fromCharCode(byte), byte)
for (const [i, character] of [...windows1252].entries()) bytesOf.set(character, 0x80 + i)
// Read as Latin-1 the same bytes are C1 controls.
for (let byte = 0x80; byte < 0xa0; byte++) bytesOf.set(String.fromCharCode(byte), byte)

const trail = `[\\u0080-\\u00bf${windows1252}]`
const candidates = new RegExp(
  `(?:[\\u00c2-\\u00df]${trail}|[\\u00e0-\\u00ef]${trail}{2}|[\\u00f0-\\u00f4]${trail}{3})+`,
  'gu',
)

/** A charset that UTF-8 is read as besides Windows-1252: what its bytes are, which runs to look at, and when these are no accident. */
interface Charset {
  readonly bytes: ReadonlyMap<string, number>
  /** Where none stands in a text there is nothing to look for. */
  readonly sign: RegExp
  readonly runs: RegExp
  readonly meant: RegExp
}

/** As WHATWG has them; the leading bytes are those of one or two alphabets, in which nobody writes such runs. */
function charset(
  label: string,
  about: { readonly pairs: readonly number[]; readonly least: number; readonly meant: RegExp },
): Charset {
  const decoder = new TextDecoder(label)
  const high = Array.from({ length: 128 }, (_, i) => decoder.decode(Uint8Array.of(0x80 + i)))
  const bytes = new Map(high.map((character, i) => [character, 0x80 + i]))
  const list = (from: number, to: number) =>
    high
      .slice(from - 0x80, to - 0x80)
      .filter(character => character !== '\ufffd')
      .map(character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('')
  const trails = `[${list(0x80, 0xc0)}]`
  const leads = about.pairs.map(byte => list(byte, byte + 1)).join('')
  const quote = `${high[0x62]}${high[0]}${trails}`
  return {
    bytes,
    sign: new RegExp(`(?:[${leads}]${trails}){${about.least}}|${quote}`, 'u'),
    // A letter by itself, between spaces, is as wrong as the words around it.
    runs: new RegExp(`(?:[${leads}]${trails}|${quote})+`, 'gu'),
    meant: about.meant,
  }
}

const charsets: readonly Charset[] = [
  charset('windows-1251', { pairs: [0xd0, 0xd1], least: 3, meant: /^[\p{sc=Cyrillic}\u2010-\u2122]+$/u }),
  charset('windows-1253', { pairs: [0xce, 0xcf], least: 3, meant: /^[\p{sc=Greek}\u2010-\u2122]+$/u }),
  charset('windows-1250', { pairs: [0xc3, 0xc4, 0xc5], least: 1, meant: /^[\p{sc=Latin}\u2010-\u2122]+$/u }),
  charset('macintosh', { pairs: [0xc3], least: 1, meant: /^[\p{sc=Latin}\u2010-\u2122]+$/u }),
]

/** May a text be wrong by one of the other charsets? */
export function mayBeMisread(text: string): boolean {
  return charsets.some(({ sign }) => sign.test(text))
}

/** The parts that are UTF-8 read as another charset than Windows-1252. */
function misread(text: string): Change[] {
  for (const { bytes, sign, runs, meant } of charsets) {
    if (!sign.test(text)) continue
    const changes: Change[] = []
    for (const match of text.matchAll(runs)) {
      const now = decoded(match[0], bytes)
      if (now === undefined || !meant.test(now)) continue
      changes.push({ start: match.index, end: match.index + match[0].length, text: now })
    }
    // In Latin letters, where one run is enough, it stands in a word.
    const plausible = changes.some(({ start, end, text: now }) => {
      const around = (text[start - 1] ?? '') + (text[end] ?? '')
      // A root of pi, of a sum or of infinity is none.
      if (/√[π∑∏∫∞Ω±≤≥]/u.test(text.slice(start, end))) return false
      return now.length > 1 || now >= '\u2010' || /\p{Ll}/u.test(around)
    })
    if (plausible) return changes
  }
  return []
}

/**
 * The parts of a text that are UTF-8 read as Windows-1252, or as another charset where that finds none, with what they were: `Ã©` for `é`. Exact, since only what
 * decodes as UTF-8 is taken, and what was read wrongly twice is repaired twice. What people write is left alone, though
 * it would decode: an accented capital before a closing quote or an ellipsis (`CAFÉ»`), a small one before both.
 */
export function mojibake(text: string): Change[] {
  const changes = misreadAsLatin(text)
  return changes.length > 0 ? changes : misread(text)
}

function misreadAsLatin(text: string): Change[] {
  const changes: Change[] = []
  for (const match of text.matchAll(candidates)) {
    const meant = decoded(match[0])
    if (meant === undefined || !isPlausible(meant, text, match.index, match.index + match[0].length)) continue
    const start = match.index
    const end = start + match[0].length
    // Read wrongly twice: judged beside the same neighbours.
    const before = text.slice(Math.max(0, start - 1), start)
    const around = before + meant + text.slice(end, end + 1)
    const inner = misreadAsLatin(around).filter(change => change.start >= before.length)
    const repaired = apply(around, inner).slice(before.length)
    changes.push({ start, end, text: end < text.length ? repaired.slice(0, -1) : repaired })
  }
  return changes
}

function apply(text: string, changes: readonly Change[]): string {
  let out = ''
  let at = 0
  for (const { start, end, text: now } of changes) {
    out += text.slice(at, start) + now
    at = end
  }
  return out + text.slice(at)
}

function decoded(garbled: string, by: ReadonlyMap<string, number> = bytesOf): string | undefined {
  const bytes = Uint8Array.from(garbled, character => by.get(character) ?? 0)
  for (let at = 0; at < bytes.length; ) {
    const length = sequence(bytes, at, bytes.length)
    if (length < 2) return undefined
    at += length
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

function isPlausible(meant: string, text: string, start: number, end: number): boolean {
  const characters = [...meant]
  const first = characters[0]!.codePointAt(0)!
  const before = text[start - 1] ?? ''
  const around = before + (text[end] ?? '')
  // Four bytes (emoji), punctuation, currency and signs, byte order mark, replacement: nobody writes those by accident.
  if (first > 0xffff || (first >= 0x2000 && first < 0x2c00) || first >= 0xfe00) return true
  if (first < 0x100) return !/\p{Lu}/u.test(before) || /\p{Ll}/u.test(text[end] ?? '')
  if (first < 0x180) return characters.length > 1 || /\p{Ll}/u.test(around)
  return characters.length > 1 && characters.every(c => /[\p{L}\p{M}\p{N}\p{P}]/u.test(c))
}
