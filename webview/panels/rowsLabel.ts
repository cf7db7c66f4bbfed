import { count } from '../../src/core/base/words.ts'
import type { RowsLine } from '../../src/core/view/rowsProtocol.ts'
import { h, icon, put } from '../parts/dom.ts'

export interface RowsLabelling {
  readonly element: HTMLElement
  readonly isOn: () => boolean
  /** Begins with the labels there are, the most frequent first. */
  start(labels: readonly string[], rows: number): void
  stop(): void
  /** The row under the cursor: its label and what is proposed for it. */
  show(line: RowsLine | undefined, label: string | null): void
  /** Does what a key does in this mode; false where it does nothing. */
  press(key: string): boolean
  /** An edit was made or taken back. */
  counted(line: RowsLine, label: string | null): void
  taken(line: RowsLine): void
}

export interface LabellingActs {
  readonly label: (label: string) => void
  readonly other: () => void
  readonly skip: () => void
  readonly undo: () => void
  readonly leave: () => void
}

/** Labels with a key of their own; the rest is behind 0. */
const mostKeys = 9

/** Labelling by keyboard: one key a label, then the next row. Says how many were labelled and how often the model agrees. */
export function rowsLabelling(act: LabellingActs): RowsLabelling {
  let on = false
  let labels: readonly string[] = []
  let rows = 0
  let line: RowsLine | undefined
  let current: string | null = null
  /** What was given to each row, by its number, and whether a proposal said the same. */
  const given = new Map<number, boolean | undefined>()
  const keys = h('div', { class: 'label-keys' })
  const acts = h('div', { class: 'label-acts' })
  const done = h('div', { class: 'label-done push', role: 'status' })
  const element = h(
    'footer',
    { class: 'labelling', 'aria-label': 'Labelling keys', 'data-region': 'Labelling', hidden: true, tabindex: 0 },
    h('span', { class: 'row tight nowrap' }, icon('record-keys', 'small'), h('b', {}, 'Label mode')),
    keys,
    acts,
    done,
  )
  const withKey = (
    key: string,
    words: string,
    press: () => void,
    look: { readonly on?: boolean; readonly proposed?: boolean } = {},
  ) =>
    h(
      'button',
      {
        type: 'button',
        class: look.on ? 'label-key on' : 'label-key',
        title: words,
        tabindex: -1,
        on: { click: press },
      },
      h('kbd', {}, key),
      h('span', { class: 'cut', dir: 'auto' }, words),
      look.proposed && icon('sparkle', 'small'),
      look.proposed && h('span', { class: 'sr' }, '(suggested)'),
    )
  const draw = () => {
    const proposed = line?.suggestion?.label
    put(
      keys,
      labels.slice(0, mostKeys).map((label, i) =>
        withKey(String(i + 1), label, () => act.label(label), {
          on: label === current,
          proposed: label === proposed,
        }),
      ),
      withKey('0', labels.length > mostKeys ? `other… (${count(labels.length - mostKeys)} more)` : 'other…', act.other),
    )
    const sure = line?.suggestion?.probability
    const accept =
      proposed === undefined ? 'no suggestion' : `accept ${proposed}${sure === undefined ? '' : ` ${sure.toFixed(2)}`}`
    put(
      acts,
      withKey('Enter', accept, () => press('Enter')),
      withKey('Space', 'skip', act.skip),
      withKey('U', 'undo', act.undo),
      withKey('Esc', 'leave', act.leave),
    )
    const judged = [...given.values()].filter(one => one !== undefined)
    const agree = judged.filter(one => one).length
    put(
      done,
      h(
        'span',
        { class: 'nowrap' },
        h('b', {}, count(given.size)),
        h('span', { class: 'dim' }, ` of ${count(rows)} labelled`),
      ),
      h(
        'span',
        { class: 'nowrap' },
        judged.length === 0
          ? h('span', { class: 'dim' }, 'nothing suggested so far')
          : [
              h('b', {}, `${count(agree)} of ${count(judged.length)}`),
              h('span', { class: 'dim' }, ' agree with the suggestion'),
            ],
      ),
    )
  }
  const press = (key: string): boolean => {
    if (!on) return false
    if (/^[1-9]$/.test(key)) {
      const label = labels[Number(key) - 1]
      if (label === undefined) return false
      act.label(label)
    } else if (key === '0') act.other()
    else if (key === 'Enter') {
      if (line?.suggestion) act.label(line.suggestion.label)
    } else if (key === ' ') act.skip()
    else if (key === 'u' || key === 'U') act.undo()
    else if (key === 'Escape') act.leave()
    else return false
    return true
  }
  return {
    element,
    isOn: () => on,
    start: (all, ofRows) => {
      on = true
      labels = all
      rows = ofRows
      given.clear()
      element.hidden = false
      draw()
    },
    stop: () => {
      on = false
      element.hidden = true
    },
    show: (next, label) => {
      line = next
      current = label
      if (on) draw()
    },
    press,
    counted: (one, label) => {
      if (!on) return
      given.set(one.at, one.suggestion ? one.suggestion.label === label : undefined)
      draw()
    },
    taken: one => {
      given.delete(one.at)
      if (on) draw()
    },
  }
}
