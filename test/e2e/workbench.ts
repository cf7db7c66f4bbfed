import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type FrameLocator, type Locator, type Page } from 'playwright-core'
import { chromiumArgs, needChromium } from '../tool/chromium.mjs'
import { freePort, serveEditor } from '../tool/editor.mjs'

const root = new URL('../..', import.meta.url).pathname
export const shots = join(root, 'test/shots/e2e')

/** A workbench in a real browser, on a real editor's server with the packed extension installed. */
export interface Workbench {
  readonly page: Page
  readonly folder: string
  /** Runs a function of (vscode, require) inside the extension host. Only its source travels. */
  inHost<T>(run: (vscode: typeof import('vscode'), require: NodeJS.Require) => T | Promise<T>): Promise<T>
  /** The same with plain data handed over as the third argument. */
  inHostWith<T, A>(
    data: A,
    run: (vscode: typeof import('vscode'), require: NodeJS.Require, data: A) => T | Promise<T>,
  ): Promise<T>
  command(title: string): Promise<void>
  open(file: string): Promise<void>
  reload(): Promise<void>
  /** The content of the webview in the active editor. */
  webview(): FrameLocator
  status(text: RegExp): Locator
  theme(name: string): Promise<void>
  shot(name: string): Promise<void>
  /** Console lines about content-security violations so far. */
  readonly violations: string[]
  stop(): Promise<void>
}

/** Packs the extension once per test run. */
export function packed(): string {
  const made = process.env['WINNOW_VSIX']
  if (made) return made
  const file = join(root, 'out/e2e/winnow.vsix')
  mkdirSync(join(root, 'out/e2e'), { recursive: true })
  const done = spawnSync(process.execPath, [join(root, 'test/tool/package.mjs'), '--out', file], {
    encoding: 'utf8',
    cwd: root,
  })
  if (done.status !== 0) throw new Error(done.stdout + done.stderr)
  return file
}

/** Starts everything on a copy of `from` (or an empty folder). */
export async function startWorkbench(options: {
  name: string
  vsix: string
  from?: string
  settings?: object
  /** Opens the folder in Restricted Mode. */
  restricted?: boolean
}): Promise<Workbench> {
  const home = join(root, 'out/e2e', options.name)
  rmSync(home, { recursive: true, force: true })
  const folder = join(home, 'workspace')
  mkdirSync(folder, { recursive: true })
  if (options.from) cpSync(options.from, folder, { recursive: true })
  mkdirSync(shots, { recursive: true })

  const probePort = await freePort()
  process.env['WINNOW_PROBE_PORT'] = String(probePort)
  const data = join(home, 'editor')
  const probe = join(home, 'probe.vsix')
  const vsce = join(root, 'node_modules/@vscode/vsce/vsce')
  const args = ['package', '--no-dependencies', '--skip-license', '--allow-missing-repository', '--out', probe]
  const packing = spawnSync(process.execPath, [vsce, ...args], { cwd: join(root, 'test/e2e/probe'), encoding: 'utf8' })
  if (packing.status !== 0) throw new Error(packing.stdout + packing.stderr)
  const first = await serveEditor({ data, vsix: probe, settings: options.settings ?? {} })
  await first.stop()
  const editor = await serveEditor({
    data,
    vsix: options.vsix,
    settings: options.settings ?? {},
    restricted: options.restricted ?? false,
  })

  const browser: Browser = await chromium.launch({ executablePath: needChromium(), args: chromiumArgs })
  const page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage()
  const violations: string[] = []
  page.on('console', message => {
    if (/Content Security Policy/i.test(message.text()) && /webview/i.test(message.location().url + message.text()))
      violations.push(message.text())
  })
  const payload = encodeURIComponent(JSON.stringify([['skipWelcome', 'true']]))
  await page.goto(`${editor.address}/?folder=${folder}&payload=${payload}`)

  const ready = async () => {
    await page.locator('.monaco-workbench .statusbar').waitFor({ timeout: 60_000 })
    for (const end = Date.now() + 60_000; ; ) {
      try {
        await ask('async () => true')
        return
      } catch (error) {
        if (Date.now() > end) throw error
        await new Promise(resolve => setTimeout(resolve, 250))
      }
    }
  }
  const ask = async <T>(source: string): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${probePort}`, { method: 'POST', body: source })
    const answer = (await response.json()) as { value: T; error?: string }
    if (answer.error) throw new Error(answer.error)
    return answer.value
  }
  await ready()

  return {
    page,
    folder,
    violations,
    inHost: run => ask(run.toString()),
    inHostWith: (given, run) =>
      ask(`(vscode, require) => (${run.toString()})(vscode, require, ${JSON.stringify(given)})`),
    command: async title => {
      await page.keyboard.press('F1')
      const input = page.locator('.quick-input-widget input[type=text]').first()
      await input.waitFor({ state: 'visible' })
      await input.fill(`>${title}`)
      await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first().click()
    },
    open: async file => {
      await ask(
        `async vscode => { await vscode.window.showTextDocument(vscode.Uri.file(${JSON.stringify(join(folder, file))}), { preview: false }) }`,
      )
    },
    reload: async () => {
      // In a browser VS Code writes its layout down every five seconds.
      await new Promise(resolve => setTimeout(resolve, 6000))
      await page.reload()
      await new Promise(resolve => setTimeout(resolve, 1500))
      await ready()
    },
    webview: () => page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame'),
    status: text => page.locator('.statusbar-item').filter({ hasText: text }),
    theme: async name => {
      await ask(
        `async vscode => { await vscode.workspace.getConfiguration().update('workbench.colorTheme', ${JSON.stringify(name)}, vscode.ConfigurationTarget.Global) }`,
      )
      await new Promise(resolve => setTimeout(resolve, 800))
    },
    shot: async name => {
      await page.screenshot({ path: join(shots, `${name}.png`) })
    },
    stop: async () => {
      await browser.close()
      await editor.stop()
    },
  }
}

/** Asks until the answer pleases, or fails with the last answer. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  pleases: (value: T) => boolean,
  seconds = 60,
): Promise<T> {
  let last: T | undefined
  let trouble: unknown
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    try {
      last = await ask()
      trouble = undefined
      if (pleases(last)) return last
    } catch (error) {
      trouble = error
    }
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  throw new Error(`Waited ${seconds} s for ${what}; last: ${trouble ?? JSON.stringify(last)?.slice(0, 2000)}`)
}

/** The menu of quick fixes at the cursor of the active editor. The key is lost where the editor has no focus yet: it is pressed until it is heard. */
export async function quickFixes(w: Workbench): Promise<Locator> {
  const menu = w.page.locator('.action-widget:not(.action-list-submenu-panel)')
  await until(
    'the quick fixes',
    async () => {
      await w.inHost(vscode => vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup'))
      await w.page.keyboard.press('Control+.')
      return menu.waitFor({ timeout: 3000 }).then(
        () => true,
        () => false,
      )
    },
    shown => shown,
    40,
  )
  return menu
}

/** Keeps a JSON note beside the screenshots: measured figures of the run. */
export function note(name: string, value: unknown): void {
  if (!existsSync(shots)) mkdirSync(shots, { recursive: true })
  writeFileSync(join(shots, `${name}.json`), JSON.stringify(value, null, 2))
}
