import { count, counted } from '../../src/core/base/words.ts'
import { type Phase, type Run, timeLeft } from '../../src/core/run/run.ts'
import { byGravity } from '../../src/core/run/warnings.ts'
import { type Provider, providerNames } from '../../src/core/train/runtime.ts'
import type { FromRunPanel } from '../../src/core/view/protocol.ts'
import { about, duration } from '../../src/core/view/words.ts'
import { button, enable } from '../parts/controls.ts'
import { type Child, h, icon, isTyping, refresh, say } from '../parts/dom.ts'
import { menu } from '../parts/menu.ts'
import type { ShownRun } from './runState.ts'

export interface RunHead {
  readonly head: HTMLElement
  readonly progress: HTMLElement
  update(shown: ShownRun): void
}

/** Name, what it is made of, state in words, where it runs, and what can be done about it. */
export function runHead(post: (message: FromRunPanel) => void): RunHead {
  let id = ''
  let stopping = false
  let paused = false
  let factor = 1
  const name = h('h1', { class: 'nowrap' }, 'Run')
  const parts = h('span', { class: 'dim cut' })
  const state = h('span', {})
  const lamp = h('span', { class: 'lamp' })
  const provider = h('span', { class: 'chip' })
  const stop = button({
    label: 'Stop',
    icon: 'debug-stop',
    title: 'Stops after the step at work and keeps a checkpoint',
    press: () => {
      stopping = true
      post({ kind: 'stop', id })
      enable(stop, 'Stopping after this step')
      say(state, 'stopping after this step')
    },
  })
  const pause = button({
    label: 'Pause',
    icon: 'debug-pause',
    title: 'Rests after the step at work and keeps a checkpoint (P)',
    press: () => ask(!paused),
  })
  const go = button({ label: 'Continue', icon: 'debug-continue', title: 'Goes on (P)', press: () => ask(false) })
  const rates = menu({
    label: 'Change rate',
    icon: 'settings',
    items: () =>
      [4, 2, 1, 0.5, 0.25, 0.1].map(value => ({
        label: value === 1 ? 'As the recipe says' : `Times ${value}`,
        ...(value === factor ? { detail: 'now' } : {}),
        act: () => post({ kind: 'rate', id, factor: value }),
      })),
  })
  const ask = (wish: boolean) => {
    if (pause.hidden && go.hidden) return
    post({ kind: 'pause', id, paused: wish })
    say(state, wish ? 'pausing after this step' : 'going on')
  }
  addEventListener('keydown', event => {
    if (event.key.toLowerCase() !== 'p' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return
    ask(!paused)
  })
  const resume = button({ label: 'Resume', icon: 'debug-continue', press: () => post({ kind: 'resume', id }) })
  const compare = button({ label: 'Compare', icon: 'git-compare', press: () => post({ kind: 'compare', id }) })
  const folder = button({
    label: 'Open run folder',
    icon: 'folder-opened',
    look: 'bare',
    press: () => post({ kind: 'openFolder', id }),
  })
  const bar = h('i', {})
  const cuts = h('span', {})
  const progress = h(
    'div',
    { class: 'progress', role: 'progressbar', 'aria-label': 'Steps', 'aria-valuemin': 0 },
    bar,
    cuts,
  )
  const status = h('span', { class: 'chip', role: 'status' }, lamp, state)
  const actions = h('span', { class: 'push row tight' }, rates, pause, go, stop, resume, compare, folder)
  const head = h(
    'header',
    { class: 'head', 'data-region': 'Run' },
    icon('pulse'),
    name,
    parts,
    status,
    provider,
    actions,
  )
  // Until a run has come there is nothing to stop, and nothing to say of it.
  const known = (yes: { readonly run: boolean }) => {
    status.hidden = actions.hidden = !yes.run
    if (!yes.run) provider.hidden = true
  }
  known({ run: false })

  return {
    head,
    progress,
    update: ({ shown, curves }) => {
      const { run } = curves
      if (run.phase !== 'running') stopping = false
      id = run.id
      known({ run: true })
      say(name, run.name)
      say(parts, madeOf(run, shown.recipe).join(' · '))
      parts.title = parts.textContent ?? ''
      refresh(lamp, [run.phase, run.paused], () => (run.paused ? icon('debug-pause', 'small') : lampOf(run.phase)))
      if (!stopping) say(state, stateWords(run))
      const where = providerWords(run)
      provider.hidden = where === undefined
      refresh(provider, where, () => [icon('server-process', 'small'), h('span', {}, where ?? '')])
      stop.hidden = run.phase !== 'running' && run.phase !== 'waiting'
      enable(stop, stopping ? 'Stopping after this step' : undefined)
      paused = run.paused === true
      factor = run.rates?.at(-1)?.factor ?? 1
      const running = run.phase === 'running'
      rates.hidden = !running
      pause.hidden = !running || paused
      go.hidden = !running || !paused
      resume.hidden = run.phase !== 'stopped' && run.phase !== 'failed'
      compare.hidden = run.phase === 'waiting'
      steps(run)
    },
  }

  function steps(run: Run): void {
    const total = run.started?.steps ?? 0
    const done = run.series.step.at(-1) ?? 0
    progress.setAttribute('aria-valuemax', String(Math.max(1, total)))
    progress.setAttribute('aria-valuenow', String(done))
    bar.style.width = `${total === 0 ? 0 : (100 * done) / total}%`
    const epochs = run.started?.epochs ?? 0
    refresh(cuts, epochs, () => {
      if (epochs < 2 || epochs > 60) return undefined
      const count = Math.ceil(epochs) - 1
      return Array.from({ length: count }, (_, i) => h('b', { style: { left: `${(100 * (i + 1)) / epochs}%` } }))
    })
  }
}

/** `step 412 of 936 · 1m 12s left`, and how it ended. */
export function stateWords(run: Run): string {
  const done = run.series.step.at(-1) ?? 0
  const total = run.started?.steps
  const at = total === undefined ? `step ${count(done)}` : `step ${count(done)} of ${count(total)}`
  switch (run.phase) {
    case 'waiting':
      return 'waiting to start'
    case 'running': {
      if (run.paused) return `paused · ${at}`
      const left = timeLeft(run)
      const factor = run.rates?.at(-1)?.factor ?? 1
      const rate = factor === 1 ? '' : ` · rate times ${factor}`
      return left === undefined ? `running · ${at}${rate}` : `running · ${at} · ${about(left)} left${rate}`
    }
    case 'finished': {
      const took = run.started && run.endedAt ? ` in ${duration(run.endedAt - run.started.at)}` : ''
      if (total !== undefined && done < total) return `finished early at ${at}${took}`
      return `finished · ${counted(done, 'step')}${took}`
    }
    case 'stopped':
      return `stopped at ${at}`
    case 'failed':
      return done > 0 ? `failed at ${at}` : 'failed before the first step'
  }
}

/** Where it runs, said plainly: `CPU · 2 threads`, `CUDA · NVIDIA H100`. */
function providerWords(run: Run): string | undefined {
  const { started } = run
  if (!started) return undefined
  const provider = providerNames[started.provider as Provider] ?? started.provider
  const threads = started.threads === undefined ? undefined : counted(started.threads, 'thread')
  const detail = started.device ?? (started.provider === 'cpu' ? threads : undefined)
  return detail === undefined ? provider : `${provider} · ${detail}`
}

function madeOf(run: Run, recipe: unknown): string[] {
  const at = (path: string): unknown =>
    path.split('.').reduce<unknown>((v, key) => (v as Record<string, unknown> | undefined)?.[key], recipe)
  const dataset = at('data.dataset') ?? at('data.train')
  const model = run.started?.model ?? at('model')
  const method = run.started?.method ?? at('method.kind')
  return [dataset, nameOf(model), method].filter((part): part is string => typeof part === 'string' && part !== '')
}

/** Until a run says what its model is called there is only where it lies: its folder names it. */
function nameOf(model: unknown): unknown {
  if (typeof model !== 'string' || !/^([a-z]:)?[\\/]|^\./i.test(model)) return model
  return model.split(/[\\/]/).findLast(part => part !== '') ?? model
}

function lampOf(phase: Phase): HTMLElement {
  switch (phase) {
    case 'running':
      return h('i', { class: 'lamp-on', 'aria-hidden': 'true' })
    case 'waiting':
      return icon('circle-outline', 'small')
    case 'finished':
      return icon('check', 'small c-green')
    case 'stopped':
      return icon('debug-stop', 'small')
    case 'failed':
      return icon('error', 'small c-error')
  }
}

/** Warnings as sentences: at most three, the gravest first, the rest behind a count. */
export function runWarnings(act: { readonly rows: (step: number) => void; readonly dismiss: (key: string) => void }): {
  readonly element: HTMLElement
  update(run: Run, dismissed: readonly string[]): void
} {
  let all = false
  const element = h('ul', { class: 'warnings', 'aria-label': 'Warnings' })
  const update = (run: Run, dismissed: readonly string[]): void => {
    const open = byGravity(run.warned)
      .map(w => ({ ...w, key: `${w.code}@${w.step ?? w.at}` }))
      .filter(w => !dismissed.includes(w.key))
    const seen = all ? open : open.slice(0, 3)
    element.hidden = open.length === 0
    refresh(element, [seen, open.length, all], () => [
      seen.map(w =>
        h(
          'li',
          {},
          icon('warning', 'c-warning'),
          h('span', { class: 'grow' }, saidOf(w.message)),
          w.step !== undefined &&
            button({ label: `Rows of step ${count(w.step)}`, press: () => act.rows(w.step as number) }),
          button({ label: 'Dismiss', icon: 'close', look: 'bare', press: () => act.dismiss(w.key) }),
        ),
      ),
      open.length > 3 &&
        h(
          'li',
          { class: 'more' },
          h(
            'button',
            { type: 'button', class: 'link', 'data-id': 'more', on: { click: () => turn(run, dismissed) } },
            all ? 'Show three only' : `${counted(open.length - 3, 'more warning')}`,
          ),
        ),
    ])
  }
  const turn = (run: Run, dismissed: readonly string[]) => {
    all = !all
    update(run, dismissed)
  }
  return { element, update }
}

/** The failure of a run, in place of the curves it never drew or above those it did. */
export function runFailure(post: (message: FromRunPanel) => void): {
  readonly element: HTMLElement
  update(run: Run): void
} {
  const element = h('div', { class: 'strip', role: 'alert', hidden: true })
  return {
    element,
    update: run => {
      const why = run.phase === 'failed' ? (run.reason ?? 'The process ended without saying why.') : undefined
      element.hidden = why === undefined
      refresh(element, [why, run.id], () =>
        why === undefined
          ? undefined
          : [
              icon('error', 'c-error'),
              h('span', { class: 'grow' }, h('b', {}, 'The run failed. '), sentence(why)),
              button({ label: 'Show log', press: () => post({ kind: 'showLog' }) }),
              button({ label: 'Open run folder', press: () => post({ kind: 'openFolder', id: run.id }) }),
            ],
      )
    },
  }
}

/** What happened in bold, and what there is to know of it after that. */
function saidOf(message: string): Child {
  const text = sentence(message)
  const end = text.search(/[.!?] \p{Lu}/u)
  if (end < 0) return h('b', {}, text)
  return [h('b', {}, text.slice(0, end + 1)), h('span', { class: 'dim' }, text.slice(end + 1))]
}

const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`)
