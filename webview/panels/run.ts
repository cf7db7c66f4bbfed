import { joined } from '../../src/core/base/column.ts'
import { never } from '../../src/core/base/failure.ts'
import { reduce, withColumns } from '../../src/core/run/run.ts'
import { follow, newCurves, scoreNames, withWeight } from '../../src/core/view/curves.ts'
import type { FromRunPanel, PanelState, RunShown, ToRunPanel } from '../../src/core/view/protocol.ts'
import { runCsv } from '../../src/core/view/runTable.ts'
import type { Host } from '../host.ts'
import { button } from '../parts/controls.ts'
import { everyFrame, h, put } from '../parts/dom.ts'
import { notice } from '../parts/notice.ts'
import { onTheme, type Palette, readPalette } from '../parts/palette.ts'
import { fileName, toPng, toSvg } from '../parts/picture.ts'
import { runBar } from './runBar.ts'
import { runBatch } from './runBatch.ts'
import { runCharts } from './runCharts.ts'
import { runFailure, runHead, runWarnings, stateWords } from './runHead.ts'
import { type OtherRun, runSide } from './runSide.ts'
import { type RunView, restoreView, type ShownRun } from './runState.ts'
import { runTable } from './runTable.ts'

/** The run panel: hydrated once with whole runs, then fed with events, drawn at most once a frame. */
export function runPanel(root: HTMLElement, host: Host<FromRunPanel, ToRunPanel>): void {
  let view: RunView = restoreView(host.restored()?.['view'])
  let runs: ShownRun[] = []
  let others: readonly OtherRun[] = []
  let palette: Palette = readPalette()
  let told = new Date()

  const head = runHead(host.post)
  const state = notice({
    retry: () => {
      host.post({ kind: 'ready' })
      state.loading({ kind: 'loading', what: 'Loading the run' })
    },
    log: () => host.post({ kind: 'showLog' }),
  })
  const warnings = runWarnings({
    rows: step => openStep(step),
    dismiss: key => set({ dismissed: [...view.dismissed, key] }),
  })
  const failure = runFailure(host.post)
  const bar = runBar(view, { set: part => set(part), save: format => save(format) })
  const charts = runCharts({ pick: step => openStep(step), leave: () => openStep(undefined) })
  const table = runTable({ pick: step => openStep(step) })
  const side = runSide(message => {
    host.post(message)
    if (message.kind === 'removeRun') remove(message.id)
  })
  const batch = runBatch(host.post, { go: step => openStep(step), close: () => openStep(undefined) })
  const main = h('div', { class: 'main' }, charts.element, table.element, batch.element)
  const body = h('div', { class: 'cols' }, main, side.element)
  put(
    root,
    head.head,
    head.progress,
    state.bar,
    state.strip,
    failure.element,
    warnings.element,
    bar.element,
    state.block,
    body,
  )

  const draw = everyFrame(() => {
    const own = runs[0]
    root.classList.toggle('waiting', own === undefined)
    if (!own) {
      if (!body.hidden && !view.table) charts.wait(view, palette)
      return
    }
    head.update(own)
    warnings.update(own.curves.run, view.dismissed)
    failure.update(own.curves.run)
    const scores = scoreNames(runs.map(r => r.curves.run))
    const score = scores.includes(view.score) ? view.score : (scores[0] ?? 'accuracy')
    bar.update(runs, scores)
    charts.element.hidden = view.table
    table.element.hidden = !view.table
    if (view.table) table.update(runs, score)
    else charts.draw(runs, { ...view, score }, palette)
    side.update(runs, others)
  })

  const openStep = (step: number | undefined) => {
    set({ step })
    batch.show(runs[0], step)
    charts.aim(step)
  }
  const set = (part: Partial<RunView>) => {
    if (part.weight !== undefined && part.weight !== view.weight)
      runs = runs.map(r => ({ ...r, curves: withWeight(r.curves, part.weight as number) }))
    view = { ...view, ...part }
    keep()
    draw()
  }
  const keep = () => {
    const own = runs[0]
    if (!own) return
    const overlaid = runs.slice(1).map(r => r.shown.run.id)
    host.save({ panel: 'run', id: own.shown.run.id, overlaid, view } satisfies PanelState)
  }
  const save = (format: 'csv' | 'svg' | 'png') => {
    const name = fileName(runs[0]?.curves.run.name ?? 'run', format)
    const names = runs.map(r => r.curves.run.name)
    const content =
      format === 'csv'
        ? runCsv(runs.map(r => r.curves.run))
        : format === 'svg'
          ? toSvg(charts.drawings(), palette, names)
          : toPng(charts.drawings(), palette)
    host.post({ kind: 'export', format, content, name })
  }
  const remove = (id: string) => {
    const gone = runs.find(r => r.shown.run.id === id)
    if (!gone || gone === runs[0]) return
    runs = runs.filter(r => r !== gone)
    charts.forget(id)
    // It can be asked for again.
    others = [...others, { id, name: gone.curves.run.name, detail: stateWords(gone.curves.run) }]
    keep()
    draw()
  }
  const shownOf = (shown: RunShown): ShownRun => {
    charts.forget(shown.run.id)
    return { shown, curves: newCurves(shown.run, view.weight), moved: Number.NEGATIVE_INFINITY }
  }

  host.listen(message => {
    switch (message.kind) {
      case 'hydrate':
        told = new Date()
        others = message.others
        runs = message.shown.map(shownOf)
        state.clear()
        body.hidden = bar.element.hidden = head.progress.hidden = runs.length === 0
        if (runs.length === 0) nothing()
        keep()
        draw()
        if (view.step !== undefined) openStep(view.step)
        break
      case 'overlay': {
        const at = runs.findIndex(r => r.shown.run.id === message.shown.run.id)
        if (at < 0) runs = [...runs, shownOf(message.shown)]
        else runs = runs.with(at, shownOf(message.shown))
        others = others.filter(o => o.id !== message.shown.run.id)
        keep()
        draw()
        break
      }
      case 'events': {
        told = new Date()
        const at = runs.findIndex(r => r.shown.run.id === message.id)
        const item = runs[at]
        if (!item) break
        const run = message.events.reduce(reduce, item.curves.run)
        const curves = follow(item.curves, run)
        if (curves.restarted) charts.forget(run.id)
        runs = runs.with(at, { shown: { ...item.shown, run }, curves, moved: performance.now() })
        draw()
        break
      }
      case 'steps': {
        const at = runs.findIndex(r => r.shown.run.id === message.id)
        const item = runs[at]
        if (!item) break
        const { run } = item.curves
        const series = withColumns(run.series, (column, name) => joined(column, message.series[name]))
        const curves = follow(item.curves, { ...run, series })
        runs = runs.with(at, { ...item, shown: { ...item.shown, run: curves.run }, curves })
        draw()
        break
      }
      case 'batch':
        state.loaded()
        batch.rows(message.step, message.rows)
        break
      case 'loading':
        state.loading(message)
        break
      case 'problem':
        if (runs.length === 0) body.hidden = bar.element.hidden = true
        state.problem(message, runs.length > 0 ? told : undefined)
        break
      default:
        never(message)
    }
  })
  const nothing = () =>
    state.empty(
      h('p', {}, 'No run is shown: this one is gone, or none has been made yet.'),
      button({ label: 'Tune a model', look: 'primary', press: () => host.post({ kind: 'tune' }) }),
    )
  addEventListener('keydown', event => {
    if (event.key === 'Escape' && view.step !== undefined && !event.defaultPrevented) openStep(undefined)
  })
  onTheme(() => {
    palette = readPalette()
    draw()
  })
  new ResizeObserver(draw).observe(main)
  draw()
  state.loading({ kind: 'loading', what: 'Loading the run' })
  host.post({ kind: 'ready' })
}
