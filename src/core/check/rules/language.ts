import { Failure } from '../../base/failure.ts'
import type { Rule } from '../rule.ts'
import { areKin, languages } from '../scan/languages.ts'

/** With fewer rows whose language is certain there is no language of the dataset. */
const fewRows = 20

export const language: Rule = {
  meta: {
    id: 'language',
    title: 'Text in another language',
    severity: 'info',
    what: `A row whose language is not that of the dataset, if nearly all rows (\`share\`) are in one. The language is told by the script, or by
function words where several languages share it (${languages.length - 1} languages and scripts are known). Rows under 40 characters, rows of
few function words (code, lists) and languages that are easily confused (Norwegian and Danish) are left alone.`,
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

  *check({ corpus, settings, add }) {
    const counts = new Float64Array(languages.length)
    for (const file of corpus.files) for (const number of (yield* corpus.scan(file)).languages) counts[number]!++
    counts[0] = 0
    const certain = counts.reduce((a, b) => a + b, 0)
    const usual = counts.indexOf(Math.max(...counts))
    if (counts[usual]! < fewRows || counts[usual]! < certain * Number(settings.options['share'])) return
    const share = Math.floor((100 * counts[usual]!) / certain)
    for (const file of corpus.files) {
      const list = (yield* corpus.scan(file)).languages
      for (let row = 0; row < list.length; row++) {
        const number = list[row]!
        if (row % 65_536 === 65_535) yield { phase: 'language', done: file.base + row, total: corpus.rowCount }
        if (number === 0 || number === usual || areKin(number, usual)) continue
        add({
          rule: 'language',
          severity: settings.severity,
          ...corpus.textPlace(file.base + row),
          message: `This looks like ${languages[number]}; ${share} % of the rows are ${languages[usual]}.`,
          related: [],
          fixes: [],
          key: corpus.key('language', corpus.text(file.base + row)),
        })
      }
    }
  },
}
