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

/**
 * The parts of a text that are UTF-8 read as Windows-1252, with what they were: `Ã©` for `é`. Exact, since only what
 * decodes as UTF-8 is taken, and what was read wrongly twice is repaired twice. What people write is left alone, though
 * it would decode: an accented capital before a closing quote or an ellipsis (`CAFÉ»`), a small one before both.
 */
export function mojibake(text: string): Change[] {
  const changes: Change[] = []
  for (const match of text.matchAll(candidates)) {
    const meant = decoded(match[0])
    if (meant === undefined || !isPlausible(meant, text, match.index, match.index + match[0].length)) continue
    const start = match.index
    const end = start + match[0].length
    // Read wrongly twice: judged beside the same neighbours.
    const before = text.slice(Math.max(0, start - 1), start)
    const around = before + meant + text.slice(end, end + 1)
    const inner = mojibake(around).filter(change => change.start >= before.length)
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

function decoded(garbled: string): string | undefined {
  const bytes = Uint8Array.from(garbled, character => bytesOf.get(character) ?? 0)
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
