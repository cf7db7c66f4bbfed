import { count } from '../../src/core/base/words.ts'
import type { Loading, Problem } from '../../src/core/view/protocol.ts'
import { button } from './controls.ts'
import { type Child, h, icon, put } from './dom.ts'

export interface NoticeActions {
  readonly retry: () => void
  readonly log: () => void
}

export interface Notice {
  /** Under the head: a thin bar while something is loading, a strip where something went wrong but old data stays. */
  readonly bar: HTMLElement
  readonly strip: HTMLElement
  /** In place of the content. */
  readonly block: HTMLElement
  loading(loading: Loading): void
  /** `since` is when the data still on screen was true; undefined where there is none. */
  problem(problem: Problem, since: Date | undefined): void
  empty(...children: Child[]): void
  /** What was waited for has come; a problem told before stays. */
  loaded(): void
  clear(): void
}

/** What stands where data cannot: loading after 200 ms, never alone; a problem as what, where and what to do. */
export function notice(act: NoticeActions): Notice {
  const bar = h('div', { class: 'loading', role: 'status', hidden: true })
  const strip = h('div', { class: 'strip', role: 'alert', hidden: true })
  const block = h('div', { class: 'blank', hidden: true })
  let timer: ReturnType<typeof setTimeout> | undefined
  const loaded = () => {
    clearTimeout(timer)
    timer = undefined
    bar.hidden = true
  }
  const clear = () => {
    loaded()
    strip.hidden = block.hidden = true
  }
  const buttons = () => [
    button({ label: 'Try again', icon: 'refresh', press: act.retry }),
    button({ label: 'Show log', icon: 'output', press: act.log }),
  ]
  return {
    bar,
    strip,
    block,
    loading: loading => {
      strip.hidden = block.hidden = true
      const { done, total, what } = loading
      const known = done !== undefined && total !== undefined
      put(
        bar,
        h('i', {
          class: known ? '' : 'unknown',
          style: known ? { width: `${(100 * done) / Math.max(1, total)}%` } : {},
        }),
        h('span', { class: 'small' }, known ? `${count(done)} of ${count(total)} ${what}` : what),
      )
      // Most answers come before anyone could read that they are being waited for.
      if (!bar.hidden || timer !== undefined) return
      timer = setTimeout(() => {
        bar.hidden = false
        timer = undefined
      }, 200)
    },
    problem: (problem, since) => {
      clear()
      const where = problem.where && h('span', { class: 'mono' }, problem.where)
      if (since) {
        strip.hidden = false
        put(
          strip,
          icon('error', 'c-error'),
          h(
            'span',
            { class: 'grow' },
            h('b', {}, `${problem.message} `),
            where,
            ` ${problem.hint} `,
            h('span', { class: 'dim' }, `Shown as of ${clock(since)}.`),
          ),
          buttons(),
        )
        return
      }
      block.hidden = false
      block.setAttribute('role', 'alert')
      put(
        block,
        h('p', { class: 'lead' }, icon('error', 'c-error'), h('b', {}, problem.message)),
        where && h('p', {}, where),
        problem.hint && h('p', { class: 'dim' }, problem.hint),
        h('p', { class: 'row' }, buttons()),
      )
    },
    empty: (...children) => {
      clear()
      block.hidden = false
      block.removeAttribute('role')
      put(block, ...children)
    },
    loaded,
    clear,
  }
}

/** `18:02` */
export function clock(date: Date): string {
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`
}
