import { never } from '../../src/core/base/failure.ts'
import { count } from '../../src/core/base/words.ts'
import type { Preflight } from '../../src/core/train/estimate.ts'
import type { Fix, Inspection } from '../../src/core/train/inspection.ts'
import type { FromPreflightPanel, ToPreflightPanel } from '../../src/core/view/preflight.ts'
import type { Loading, PanelState } from '../../src/core/view/protocol.ts'
import type { Host } from '../host.ts'
import { button, enable } from '../parts/controls.ts'
import { h, icon, put, refresh, say } from '../parts/dom.ts'
import { notice } from '../parts/notice.ts'
import { maskInspector } from './preflightMask.ts'
import { preflightSide } from './preflightSide.ts'

const reading = 'Reading the rows'

/** The page before a run: what it takes, what it would see of its rows, and why it cannot start. */
export function preflightPanel(root: HTMLElement, host: Host<FromPreflightPanel, ToPreflightPanel>): void {
  let inspection: Inspection | undefined
  let preflight: Preflight | undefined
  let noEstimate: string | undefined
  let accepted = false
  let waiting: string = reading

  const recipe = h('span', { class: 'chip', hidden: true })
  const parts = h('span', { class: 'small dim cut' })
  const start = button({
    label: 'Start run',
    icon: 'play',
    look: 'primary',
    title: 'Start run (Ctrl+Enter)',
    press: () => begin(),
  })
  const edit = button({ label: 'Edit recipe', press: () => host.post({ kind: 'editRecipe' }) })
  const why = h('span', { class: 'small dim nowrap why' })
  const head = h(
    'header',
    { class: 'head', 'data-region': 'Recipe' },
    icon('eye'),
    h('h1', { class: 'whole' }, 'Before the run'),
    recipe,
    parts,
    h('span', { class: 'push row tight' }, why, edit, start),
  )
  const state = notice({
    retry: () => {
      host.post({ kind: 'ready' })
      wait({ kind: 'loading', what: reading })
    },
    log: () => host.post({ kind: 'showLog' }),
  })
  const stop = h('div', { class: 'strip preflight-stop', role: 'alert', hidden: true })
  const mask = maskInspector(place => host.post({ kind: 'openRow', place }))
  const side = preflightSide(pick => mask.turn(pick))
  const body = h('div', { class: 'cols preflight', hidden: true }, side.element, mask.element)
  put(root, head, state.bar, state.strip, stop, state.block, body)

  const wait = (loading: Loading) => {
    const { what, done, total } = loading
    waiting = done === undefined || total === undefined ? what : `${what}, ${count(done)} of ${count(total)}`
    state.loading(loading)
    draw()
  }
  const stopsNow = () => (inspection?.stops ?? []).filter(s => !(accepted && s.fix?.kind === 'leave-out'))
  const begin = () => {
    if (inspection && stopsNow().length === 0) host.post({ kind: 'start' })
  }
  const mend = (fix: Fix) => {
    if (fix.kind === 'recipe') {
      wait({ kind: 'loading', what: 'Changing the recipe' })
      host.post({ kind: 'fix', path: fix.path, ...(fix.value === undefined ? {} : { value: fix.value }) })
    } else {
      accepted = true
      draw()
    }
  }
  const draw = () => {
    const stops = stopsNow()
    body.hidden = inspection === undefined && preflight === undefined
    const blocked = stops.length > 0 ? 'This recipe cannot start' : inspection ? undefined : waiting
    enable(start, blocked)
    // With nothing below to say it, the head says why nothing can start.
    say(why, inspection ? '' : (blocked ?? ''))
    state.bar.classList.toggle('untold', why.textContent !== '')
    stop.hidden = stops.length === 0
    refresh(stop, stops, () => [
      icon('error', 'c-error'),
      h('span', { class: 'grow' }, h('b', {}, 'This recipe cannot start. '), stops.map(s => `${s.message}.`).join(' ')),
      h(
        'span',
        { class: 'row tight push' },
        stops.map(s => s.fix && button({ label: s.fix.label, press: () => mend(s.fix as Fix) })),
      ),
    ])
    if (inspection) {
      const { dataset, model, method, seed } = inspection
      say(parts, [dataset, model, method, `seed ${seed}`].join(' · '))
      parts.title = parts.textContent ?? ''
      mask.show(inspection)
    }
    side.show({
      ...(inspection ? { inspection } : {}),
      ...(preflight ? { preflight } : {}),
      ...(noEstimate ? { noEstimate } : {}),
    })
  }

  host.listen(message => {
    switch (message.kind) {
      case 'hydrate':
        say(recipe, message.recipe)
        recipe.hidden = false
        ;[inspection, preflight, noEstimate, accepted] = [message.inspection, message.preflight, undefined, false]
        state.clear()
        if (!inspection) wait({ kind: 'loading', what: reading })
        host.save({ panel: 'preflight', recipe: message.address } satisfies PanelState)
        draw()
        break
      case 'inspection':
        inspection = message.inspection
        state.clear()
        draw()
        break
      case 'preflight':
        preflight = message.preflight
        draw()
        break
      case 'noEstimate':
        noEstimate = message.reason
        draw()
        break
      case 'loading':
        wait(message)
        break
      case 'problem':
        waiting = 'Nothing can start before this is mended'
        state.problem(message, inspection ? new Date() : undefined)
        draw()
        break
      default:
        never(message)
    }
  })
  addEventListener('keydown', event => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    begin()
  })
  wait({ kind: 'loading', what: reading })
  host.post({ kind: 'ready' })
}
