import { counted } from '../../src/core/base/words.ts'
import type { Ledger, LedgerRow } from '../../src/core/eval/ledger.ts'
import { aFirst, tallyVotes, type Vote } from '../../src/core/eval/votes.ts'
import { votesLine } from '../../src/core/eval/votesText.ts'
import { button } from '../parts/controls.ts'
import { h, put } from '../parts/dom.ts'
import { isText } from './compareSlices.ts'

export interface CompareVotes {
  readonly element: HTMLElement
  /** Another ledger, with the votes that are known of it. */
  show(ledger: Ledger, votes: readonly Vote[]): void
}

/**
 * Blind voting on texts: two answers side by side, in an order that tells nothing, until every row with different answers has a vote. What
 * the votes come to is shown after each.
 */
export function compareVotes(act: { readonly vote: (vote: Vote) => void }): CompareVotes {
  const body = h('div', {})
  const element = h('section', { class: 'sec votes', 'aria-label': 'Blind vote' }, body)
  let votes: Vote[] = []
  let open = false
  const show = (ledger: Ledger) => {
    element.hidden = !isText(ledger)
    if (element.hidden) return
    const voted = new Set(votes.filter(vote => vote.by === 'person').map(vote => `${vote.file} ${vote.row}`))
    const left = ledger.rows.filter(row => row.a.label !== row.b.label && !voted.has(`${row.file} ${row.row}`))
    const { a, b, ties } = tallyVotes(votes)
    const next = left[0]
    put(
      body,
      h(
        'div',
        { class: 'sec-head' },
        h('h2', {}, 'Blind vote'),
        h('span', { class: 'dim small push' }, `${counted(left.length, 'row')} to go`),
      ),
      a + b + ties > 0 && h('p', { role: 'status' }, votesLine(votes, { a: ledger.a.name, b: ledger.b.name })),
      !open &&
        next &&
        h(
          'p',
          { class: 'small dim' },
          'Two answers beside each other, without the names of the models: which is better?',
        ),
      !open &&
        next &&
        button({
          label: a + b + ties > 0 ? 'Vote on' : 'Vote',
          press: () => {
            open = true
            show(ledger)
          },
        }),
      open && next && ballot(ledger, next),
      !next && h('p', { class: 'small dim' }, 'Every row with different answers has a vote.'),
    )
  }
  const ballot = (ledger: Ledger, row: LedgerRow) => {
    const first = aFirst(row, ledger.split)
    const [one, two] = first ? [row.a.label, row.b.label] : [row.b.label, row.a.label]
    const choose = (winner: Vote['winner']) => {
      const vote: Vote = { file: row.file, row: row.row, winner, by: 'person' }
      votes = [...votes, vote]
      act.vote(vote)
      show(ledger)
    }
    return [
      h('p', { class: 'row-text', dir: 'auto' }, row.text),
      h('h3', {}, 'Answer 1'),
      h('p', { class: 'row-text', dir: 'auto' }, one),
      h('h3', {}, 'Answer 2'),
      h('p', { class: 'row-text', dir: 'auto' }, two),
      h(
        'div',
        { class: 'row tight' },
        button({ label: '1 is better', press: () => choose(first ? 'a' : 'b') }),
        button({ label: '2 is better', press: () => choose(first ? 'b' : 'a') }),
        button({ label: 'Neither', press: () => choose('tie') }),
      ),
    ]
  }
  return {
    element,
    show: (ledger, known) => {
      votes = [...known]
      show(ledger)
    },
  }
}
