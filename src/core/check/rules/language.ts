import { Failure } from '../../base/failure.ts'
import type { Role } from '../../data/dataset.ts'
import type { Work } from '../../sign/progress.ts'
import type { Rule, RuleContext } from '../rule.ts'
import { areKinNames, isByScript, type LanguageGuess, languages, someCyrillic, tooShort } from '../scan/languages.ts'

/** With fewer rows whose language is certain there is no language of the dataset. */
const fewRows = 20

export const language: Rule = {
  meta: {
    id: 'language',
    title: 'Text in another language',
    severity: 'info',
    what: `A row whose language is not that of the dataset, if nearly all rows (\`share\`) are in one. Scripts and function words tell the
language of most rows (${languages.length - 1} languages and scripts); statistics of letter sequences (60 languages) tell that of the others, and of rows that function words
say are in another one: such a row is reported if that language is 1.5 times as likely as the usual one. Where the script tells it, twelve
letters are enough (six characters of Chinese, Japanese or Korean); otherwise rows under 40 letters or six different
words are left alone, and so are languages that are easily confused (Norwegian and Danish, Czech and Slovak).`,
    why: `A few rows in another language teach nothing but noise; a model for one language answers them by chance. In a test set they
measure something else.`,
    fix: 'Look at it. Nothing is offered: the row may be right, and the product may be used in two languages.',
    example: 'Row 31: `This looks like German; 98 % of the rows are English.`',
    options: {
      share: {
        default: 0.8,
        what: 'The least share of the rows, of those whose language is certain, that makes a language that of the dataset.',
        check(value) {
          if (!(Number(value) > 0.5 && Number(value) <= 1))
            throw new Failure('bad-option', `share is ${value}`, 'Give a number above 0.5 and up to 1')
        },
      },
    },
  },

  *check(context) {
    const { corpus, settings, add } = context
    const usual = yield* usualLanguage(context)
    if (!usual) return
    const { slots } = yield* corpus.forms()
    // What a text was taken for does not change with what is around it.
    const known = (corpus.notes.get('language') as Map<number, LanguageGuess | undefined> | undefined) ?? new Map()
    corpus.notes.set('language', known)
    let left = mostGuesses
    const guess = (row: number) => {
      const slot = slots[row]!
      if (slot < 0 || known.has(slot)) return known.get(slot)
      const found = left-- > 0 ? context.guessLanguage!(corpus.text(row)) : undefined
      if (left >= 0) known.set(slot, found)
      return found
    }
    for (const file of corpus.files) {
      const scan = yield* corpus.scan(file)
      const list = scan.languages
      for (let row = 0, work = 0; row < list.length; row++) {
        const number = list[row]!
        work++
        if (work > 65_536) {
          work = 0
          yield { phase: 'language', done: file.base + row, total: corpus.rowCount }
        }
        if (number === usual.number || (number !== 0 && areKinNames(languages[number]!, usual.name))) continue
        let other = number === 0 ? undefined : languages[number]
        // Where letters decide there is nothing to add; otherwise statistics know better than function words.
        const open = number === someCyrillic || (!isByScript(number) && !isByScript(usual.number))
        if (context.guessLanguage && open && longEnough(scan.lengths, row)) {
          work += 3000
          const found = guess(file.base + row)
          const clear = found && !areKinNames(found.language, usual.name) && found.lead(usual.name) >= leastLead
          if (clear || number !== someCyrillic) other = clear ? found.language : undefined
        }
        if (other === undefined) continue
        add({
          rule: 'language',
          severity: settings.severity,
          ...corpus.textPlace(file.base + row),
          message: `This looks like ${other}; ${usual.share} % of the rows are ${usual.name}.`,
          related: [],
          fixes: [],
          key: corpus.key('language', corpus.text(file.base + row)),
        })
      }
    }
  },
}

/** Rows beyond so many are judged no more: at 20 to 50 µs each they take two seconds. */
const mostGuesses = 50_000
/** Rows that are looked at where function words do not tell the language of a dataset. */
const sampled = 400
/** So many times as likely as the usual language another one must be: what gsm8k's calculations stay below. */
const leastLead = 1.5

interface Usual {
  readonly name: string
  /** Among `languages`; -1 for one that is not. */
  readonly number: number
  /** In percent, of the rows whose language is certain. */
  readonly share: number
}

const cyrillicName = languages[someCyrillic]!

/** The language of nearly all rows, by function words and scripts, or else by statistics on a sample. */
function* usualLanguage({ corpus, settings, guessLanguage }: RuleContext): Work<Usual | undefined> {
  const least = Number(settings.options['share'])
  const counts = new Float64Array(languages.length)
  for (const file of corpus.files) for (const number of (yield* corpus.scan(file)).languages) counts[number]!++
  const inScript = counts[someCyrillic]!
  const unknown = counts[0]! + inScript
  counts[0] = 0
  counts[someCyrillic] = 0
  const certain = counts.reduce((a, b) => a + b, 0)
  const usual = counts.indexOf(Math.max(...counts))
  const share = Math.floor((100 * counts[usual]!) / certain)
  if (counts[usual]! >= fewRows && counts[usual]! >= certain * least && certain * 20 >= unknown)
    return { name: languages[usual]!, number: usual, share }
  const cyrillic = counts.reduce(
    (sum, rows, n) => sum + (areKinNames(languages[n]!, cyrillicName) ? rows : 0),
    inScript,
  )
  const bare =
    cyrillic >= fewRows && cyrillic >= (certain + inScript) * least
      ? { name: cyrillicName, number: someCyrillic, share: Math.floor((100 * cyrillic) / (certain + inScript)) }
      : undefined
  if (!guessLanguage) return bare
  const names = new Map<string, number>()
  const step = Math.max(1, Math.floor(corpus.rowCount / sampled))
  let sure = 0
  for (let row = 0; row < corpus.rowCount; row += step) {
    const found = guessLanguage(corpus.text(row))
    if (!found) continue
    sure++
    names.set(found.language, (names.get(found.language) ?? 0) + 1)
    if (sure % 10 === 0) yield { phase: 'language', done: row, total: corpus.rowCount }
  }
  const [top] = [...names].sort((a, b) => b[1] - a[1])
  if (!top || top[1] < fewRows || top[1] < sure * least) return bare
  return { name: top[0], number: languages.indexOf(top[0]), share: Math.floor((100 * top[1]) / sure) }
}

function longEnough(lengths: ReadonlyMap<Role, Uint32Array>, row: number): boolean {
  let sum = 0
  for (const own of lengths.values()) sum += own[row]!
  return sum >= tooShort
}
