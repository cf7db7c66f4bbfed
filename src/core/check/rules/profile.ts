import { Failure } from '../../base/failure.ts'
import { rowRule } from '../rowRule.ts'
import type { Option, RuleMeta } from '../rule.ts'

/** One threshold of a profile. */
export interface Threshold {
  readonly name: string
  readonly default: number
  readonly what: string
}

/** What a text of a row measures, beside what it must. */
export interface Measured {
  readonly what: string
  readonly value: number
  readonly least?: number
  readonly most?: number
}

/**
 * An opt-in rule that holds every row to the thresholds of a published filter. A row that fails says each threshold that
 * it misses, and by how much.
 */
export function profile(given: {
  readonly meta: Omit<RuleMeta, 'options' | 'optIn' | 'severity'>
  readonly thresholds: readonly Threshold[]
  readonly measure: (text: string, limit: (name: string) => number) => readonly Measured[]
}) {
  const options: { [name: string]: Option } = {}
  for (const { name, default: value, what } of given.thresholds)
    options[name] = {
      default: value,
      what,
      check(value) {
        if (!(Number(value) >= 0)) throw new Failure('bad-option', `${name} is ${value}`, 'Give a number from 0')
      },
    }
  const { id } = given.meta
  return rowRule({
    meta: { ...given.meta, severity: 'warning', optIn: true, options },
    look(settings) {
      const limit = (name: string) => Number(settings.options[name])
      return {
        row(row, add) {
          const text = row.all()
          const column = row.texts.find(one => one.role !== 'label')?.column
          if (column === undefined || text.trim() === '') return
          const missed = given
            .measure(text, limit)
            .filter(
              ({ value, least, most }) =>
                (least !== undefined && value < least) || (most !== undefined && value > most),
            )
          if (missed.length === 0) return
          const list = missed.map(({ what, value, least, most }) => {
            const bound =
              least !== undefined && value < least ? `at least ${number(least)}` : `at most ${number(most!)}`
            return `${what} ${number(value)} (${bound})`
          })
          add({ column, message: `Fails ${id}: ${list.join('; ')}.`, key: text, remove: { preferred: false } })
        },
      }
    },
  })
}

function number(value: number): string {
  return String(Number.isInteger(value) ? value : Math.round(value * 1000) / 1000)
}
