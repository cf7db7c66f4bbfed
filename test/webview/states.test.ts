import { copyFileSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { preflightStates } from './preflightStates.ts'
import { rowsStates } from './rowsStates.ts'
import { type Stage, shots, stage } from './stage.ts'
import { compareStates, runStates } from './states.ts'
import { bodyClass, type Theme, themes, themeVariables } from './themes.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const media = fileURLToPath(new URL('../../media/pictures/', import.meta.url))
/** The pictures that README shows; `UPDATE=1` takes them anew. */
const pictures: Readonly<Record<string, string>> = {
  'rows-full-dark': 'rows.png',
  'preflight-full-dark': 'before-a-run.png',
  'run-live-dark': 'run.png',
  'compare-way-back-dark': 'ledger.png',
  'compare-text-light': 'ledger-texts.png',
  'run-seeds-hc-dark': 'high-contrast.png',
  'rows-rtl-light': 'right-to-left.png',
}
let s: Stage

beforeAll(async () => {
  s = await stage()
})
afterAll(() => s?.close())

interface AxeResult {
  readonly id: string
  readonly impact: string
  readonly help: string
  readonly nodes: readonly { readonly target: unknown[]; readonly failureSummary: string }[]
}

/** Everything in the first theme; in the others what a theme can change. */
function rules(theme: Theme): string {
  const only =
    theme === themes[0] ? {} : { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } }
  return JSON.stringify({ resultTypes: ['violations'], ...only })
}

for (const state of [...runStates, ...compareStates, ...rowsStates, ...preflightStates])
  test.concurrent(`${state.name}: a picture in four themes, nothing serious for axe, no complaint in the console`, async () => {
    const shown = await s.open(state.opening)
    await state.show(shown)
    const found: string[] = []
    for (const theme of themes) {
      // As the editor does it: the page stays, its variables and the class of its body change.
      await shown.page.evaluate(
        async ([variables, name]) => {
          const { style } = document.documentElement
          for (const key of [...style]) style.removeProperty(key)
          for (const [key, value] of Object.entries(variables)) style.setProperty(key, value)
          document.body.className = name
          document.body.dataset['vscodeThemeKind'] = name.split(' ').at(-1)
          await new Promise(done =>
            requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))),
          )
        },
        [themeVariables(theme), bodyClass[theme]] as const,
      )
      const path = join(shots, `${state.name}-${theme}.png`)
      await shown.page.screenshot({ path })
      const picture = pictures[`${state.name}-${theme}`]
      if (picture && process.env['UPDATE'] === '1') copyFileSync(path, join(media, picture))
      const results = (await shown.page.evaluate(`(async () => {
        ${theme === themes[0] ? axe : ''}
        const { violations } = await axe.run(document, ${rules(theme)})
        return violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
      })()`)) as AxeResult[]
      for (const v of results)
        found.push(
          `${theme}: ${v.id} (${v.help}) ${v.nodes
            .slice(0, 4)
            .map(n => `${JSON.stringify(n.target)} ${n.failureSummary}`)
            .join('\n   ')}`,
        )
    }
    const complaints = shown.complaints
    await shown.close()
    expect(found.join('\n')).toBe('')
    expect(complaints).toEqual([])
  })
