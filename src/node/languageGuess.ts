import type { GuessLanguage } from '../core/check/scan/languages.ts'

/** What is no running text: addresses, figures, signs. */
const noText = /https?:\S+|[\w.+-]+@[\w.-]+|[^\p{L}\p{M}'’-]+/gu
/** In UTF-16 units; what is beyond says no more. */
const read = 2000
const leastLetters = 40
/** A few names again and again are no sentence. */
const leastWords = 6

const names = new Intl.DisplayNames(['en'], { type: 'language' })

/** Opens the statistics of letter sequences of 60 languages (package `eld`, about 1 MB). */
export async function openLanguageGuess(): Promise<GuessLanguage> {
  const { eld } = await import('eld/extrasmall')
  return text => {
    const words = text.slice(0, read).replace(noText, ' ').trim()
    const letters = words.length - (words.match(/[^\p{L}]/gu)?.length ?? 0)
    if (letters < leastLetters) return undefined
    if (isSpaced(words) && new Set(words.toLowerCase().split(' ')).size < leastWords) return undefined
    const result = eld.detect(words)
    if (!result.language || !result.isReliable()) return undefined
    const byName = new Map(Object.entries(result.getScores()).map(([code, score]) => [names.of(code) ?? code, score]))
    const language = names.of(result.language) ?? result.language
    const own = byName.get(language) ?? 0
    return { language, lead: over => own / Math.max(byName.get(over) ?? 0, own / 1000) }
  }
}

/** Are its words set apart, as in most scripts? */
function isSpaced(text: string): boolean {
  return !/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]/u.test(text)
}
