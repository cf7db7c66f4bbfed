import { connectHost } from './host.ts'
import { comparePanel } from './panels/compare.ts'
import { preflightPanel } from './panels/preflight.ts'
import { rowsPanel } from './panels/rows.ts'
import { runPanel } from './panels/run.ts'
import { h } from './parts/dom.ts'

const root = h('main', { class: 'app' })
document.body.append(root)

const panel = document.body.dataset['panel']
if (panel === 'run') runPanel(root, connectHost())
else if (panel === 'compare') comparePanel(root, connectHost())
else if (panel === 'rows') rowsPanel(root, connectHost())
else if (panel === 'preflight') preflightPanel(root, connectHost())
else throw new Error(`no panel is named ${panel ?? 'in <body data-panel>'}`)

// F6 goes from region to region, as in the editor itself.
addEventListener('keydown', event => {
  if (event.key !== 'F6') return
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter(r => r.offsetParent !== null)
  const at = regions.findIndex(r => r.contains(document.activeElement))
  const next = regions[(at + (event.shiftKey ? -1 : 1) + regions.length) % regions.length]
  const stop = '[tabindex="0"], button:not([tabindex="-1"]), vscode-button:not([disabled]), input'
  const target = next?.matches('[tabindex="0"]') ? next : next?.querySelector<HTMLElement>(stop)
  target?.focus()
  event.preventDefault()
})
