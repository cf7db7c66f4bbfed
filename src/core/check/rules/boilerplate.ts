import { Failure } from '../../base/failure.ts'
import type { Corpus } from '../corpus.ts'
import { quoted } from '../labels.ts'
import type { Rule } from '../rule.ts'
import { sentencesOf } from '../scan/textStats.ts'

/** So many sentences are told; a dataset with more of them is made of templates, and the first say so. */
const most = 5

export const boilerplate: Rule = {
  meta: {
    id: 'boilerplate',
    title: 'Sentence in many rows',
    severity: 'info',
    what: `The same long sentence (six words and 40 characters at least; fourteen characters of Chinese, Japanese, Thai and the like) in many rows that differ otherwise: a signature, a disclaimer, an
instruction. Told once for the dataset, at the first row, with how many rows have it; the five most frequent at most. Copies of whole rows
(\`duplicate\`) count once, system messages do not.`,
    why: `What stands in every row tells nothing apart, costs tokens in each, makes rows look alike that are not, and is what a model
repeats first.`,
    fix: 'Look at it. Nothing is deleted: an instruction before each row may be exactly what the model will see at use.',
    example: 'Row 3: `"This message is confidential and for its recipient only" stands in 412 of 9,120 rows.`',
    options: {
      rows: {
        default: 20,
        what: 'The least number of rows that have the sentence.',
        check(value) {
          if (!(Number(value) >= 2)) throw new Failure('bad-option', `rows is ${value}`, 'Give a number from 2')
        },
      },
      share: {
        default: 0.02,
        what: 'The least share of all rows that have it.',
        check(value) {
          if (!(Number(value) >= 0 && Number(value) <= 1))
            throw new Failure('bad-option', `share is ${value}`, 'Give a number from 0 to 1')
        },
      },
    },
  },

  *check({ corpus, settings, add }) {
    const { slots, rowsOf } = yield* corpus.forms()
    const least = Math.max(Number(settings.options['rows']), corpus.rowCount * Number(settings.options['share']))
    // Nearly all sentences stand in one row only, so the first look is at counters that they share.
    const shared = new Uint32Array(1 << counterBits)
    const counts = new Map<number, number>()
    for (const look of ['shared', 'own'] as const)
      for (const file of corpus.files) {
        const { sentenceStart, sentences } = yield* corpus.scan(file)
        let work = 0
        for (let row = 0; row + 1 < sentenceStart.length; row++) {
          const from = sentenceStart[row]!
          const to = sentenceStart[row + 1]!
          if (from === to) continue
          const slot = slots[file.base + row]!
          if (slot >= 0 && rowsOf(slot)[0] !== file.base + row) continue
          for (const hash of distinct(sentences, from, to)) {
            const at = Math.imul(hash, 0x9e3779b1) >>> (32 - counterBits)
            if (look === 'shared') shared[at]!++
            else if (shared[at]! >= least) counts.set(hash, (counts.get(hash) ?? 0) + 1)
          }
          work += to - from + 8
          if (work > 100_000) {
            work = 0
            yield { phase: 'boilerplate', done: file.base + row, total: corpus.rowCount }
          }
        }
      }
    const frequent = [...counts].filter(([, count]) => count >= least).sort((a, b) => b[1] - a[1] || a[0] - b[0])
    const wanted = new Map(frequent.slice(0, most))
    if (wanted.size === 0) return
    for (const file of corpus.files) {
      const { sentenceStart, sentences } = yield* corpus.scan(file)
      for (let row = 0; row + 1 < sentenceStart.length && wanted.size > 0; row++) {
        if (row % 20_000 === 19_999) yield { phase: 'boilerplate', done: file.base + row, total: corpus.rowCount }
        for (let s = sentenceStart[row]!; s < sentenceStart[row + 1]!; s++) {
          const count = wanted.get(sentences[s]!)
          if (count === undefined) continue
          wanted.delete(sentences[s]!)
          const sentence = sentenceOf(corpus, file.base + row, sentences[s]!)
          const all = count === corpus.rowCount ? `all ${count}` : `${count} of ${corpus.rowCount}`
          add({
            rule: 'boilerplate',
            severity: settings.severity,
            ...corpus.textPlace(file.base + row),
            message: `${quoted(sentence)} stands in ${all} rows.`,
            related: [],
            fixes: [],
            key: corpus.key('boilerplate', sentence.toLowerCase()),
          })
        }
      }
    }
  },
}

const counterBits = 22

/** Twice in one row counts once. */
function distinct(hashes: Int32Array, from: number, to: number): Iterable<number> {
  return to - from === 1 ? [hashes[from]!] : new Set(hashes.subarray(from, to))
}

function sentenceOf(corpus: Corpus, row: number, hash: number): string {
  const text = corpus.text(row)
  const found = sentencesOf(text).find(sentence => sentence.hash === hash)
  return found ? text.slice(found.start, found.end).trim() : text
}
