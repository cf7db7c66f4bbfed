import { decoderOf } from '../text/decode.ts'
import { isBlankLine, linesOf } from './plainText.ts'

/** How a file is written is read off its first part. */
const sampleBytes = 1 << 16
/** A tag as it is written for entities and chunks: `O`, `B-PER`, `I-NP`, `U-LOC`. */
const tagPattern = /^(?:O|[BILUSEM]-\S+)$/
/** A line that begins so stands between documents. */
export const documentStart = '-DOCSTART-'

/** How the lines of a file of words and tags are cut. */
export interface ConllStyle {
  /** Between tabs, or between runs of white space. */
  readonly tabs: boolean
  readonly fields: number
  /** Ten columns that begin with the number of the word (Universal Dependencies). */
  readonly universal: boolean
}

/**
 * Is this a file of words, one a line with their tags, and blank lines between sentences (CoNLL)? Told by its first part: every word has the same number of
 * fields, of which the last one is a tag. Prose never is. Undefined for any other text.
 */
export function conllStyle(bytes: Uint8Array): ConllStyle | undefined {
  const decode = decoderOf(bytes)
  let style: ConllStyle | undefined
  let tagged = 0
  let words = 0
  let opened = false
  for (const line of linesOf(bytes, Math.min(bytes.length, sampleBytes))) {
    if (isBlankLine(bytes, line.start, line.end)) continue
    const text = decode(line.start, line.end)
    if (text.startsWith(documentStart)) {
      opened = true
      continue
    }
    if (text.startsWith('#') && !isWord(text, style)) continue
    const own = styleOf(text)
    style ??= own
    const fields = cut(text, style)
    if (own.fields < 2 || fields.length !== style.fields || !tagPattern.test(fields.at(-1)!)) return undefined
    if (fields.at(-1) !== 'O') tagged++
    words++
    // One look is enough of a line of prose; of words a few hundred tell as much as all.
    if (words >= 500 && tagged > 0) break
  }
  return style && words > 1 && (tagged > 0 || opened) ? style : undefined
}

/** A line that begins with `#` is a comment, unless it is cut as the words before it are and ends in a tag. */
export function isWord(text: string, style: ConllStyle | undefined): boolean {
  const fields = cut(text, style ?? { tabs: text.includes('\t') })
  if (style && fields.length !== style.fields) return false
  return fields.length > 1 && (style?.universal ? /^\d/.test(fields[0]!) : tagPattern.test(fields.at(-1)!))
}

/** How a line is cut, and with it the file whose first word it has. */
export function styleOf(text: string): ConllStyle {
  const tabs = text.includes('\t')
  const fields = cut(text, { tabs })
  return { tabs, fields: fields.length, universal: tabs && fields.length === 10 && /^\d+([-.]\d+)?$/.test(fields[0]!) }
}

/** The fields of a line. A space that does not break is a word like any other. */
export function cut(text: string, { tabs }: Pick<ConllStyle, 'tabs'>): string[] {
  return tabs ? text.replace(/[ \t]+$/, '').split('\t') : text.replace(/^[ \t]+|[ \t]+$/g, '').split(/[ \t]+/)
}
