import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { buildWebview } from '../tool/bundle-webview.mjs'
import { chromiumArgs, needChromium } from '../tool/chromium.mjs'
import { bodyClass, type Theme, themeVariables } from './themes.ts'

export interface Opening {
  readonly panel: 'run' | 'compare' | 'rows' | 'preflight'
  readonly theme?: Theme
  readonly width?: number
  readonly height?: number
  /** What an earlier life of the panel has saved. */
  readonly state?: unknown
  readonly still?: boolean
}

export interface Stage {
  open(opening: Opening): Promise<Shown>
  close(): Promise<void>
}

/** A panel on the page, and everything it has said and complained of. */
export interface Shown {
  readonly page: Page
  send(message: unknown): Promise<void>
  posted(): Promise<{ kind: string; [key: string]: unknown }[]>
  saved(): Promise<unknown>
  /** Console errors, page errors and violations of the content policy. */
  readonly complaints: string[]
  close(): Promise<void>
}

export const shots = fileURLToPath(new URL('../shots/', import.meta.url))

/** Builds the panels, serves them from loopback under the policy the editor uses, and starts a browser. */
export async function stage(): Promise<Stage> {
  const executablePath = needChromium()
  const folder = mkdtempSync(join(tmpdir(), 'winnow-webview-'))
  mkdirSync(shots, { recursive: true })
  await buildWebview(folder, { release: true })
  const nonce = 'c3RhZ2U'
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x')
    const name = url.pathname.slice(1)
    const theme = (url.searchParams.get('theme') ?? 'dark') as Theme
    if (name === 'page') {
      const origin = `http://${request.headers.host}`
      response.setHeader('content-security-policy', policy(origin, nonce))
      response.setHeader('content-type', 'text/html; charset=utf-8')
      return response.end(html(url.searchParams.get('panel') ?? '', theme, nonce))
    }
    const types: Record<string, string> = { js: 'text/javascript', css: 'text/css', ttf: 'font/ttf' }
    const type = types[name.split('.').at(-1) ?? '']
    if (!type || !existsSync(join(folder, name))) {
      response.statusCode = 404
      return response.end()
    }
    response.setHeader('content-type', type)
    return response.end(readFileSync(join(folder, name)))
  })
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const browser: Browser = await chromium.launch({ executablePath, args: chromiumArgs, headless: true })
  return {
    open: opening => open(browser, base, opening),
    close: async () => {
      await browser.close()
      await new Promise(done => server.close(done))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function open(browser: Browser, base: string, opening: Opening): Promise<Shown> {
  const context = await browser.newContext({
    viewport: { width: opening.width ?? 1400, height: opening.height ?? 900 },
    reducedMotion: opening.still === false ? 'no-preference' : 'reduce',
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(error.stack ?? error.message))
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  if (opening.state !== undefined)
    await page.addInitScript(state => {
      sessionStorage['state'] ??= state
    }, JSON.stringify(opening.state))
  await page.goto(`${base}/page?panel=${opening.panel}&theme=${opening.theme ?? 'dark'}`)
  await page.waitForFunction(() => (globalThis as unknown as Stub).posted.some(m => m.kind === 'ready'))
  return {
    page,
    complaints,
    send: message =>
      // As text: the driver copies large values object by object.
      page.evaluate(
        async text => {
          const data = JSON.parse(text, (_, value) =>
            Array.isArray(value?.doubles)
              ? Float64Array.from(value.doubles as (number | null)[], v => v ?? Number.NaN)
              : value,
          )
          dispatchEvent(new MessageEvent('message', { data }))
          // The panel draws in the next frame; after two of them it has.
          await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
        },
        JSON.stringify(message, (_, value) => (value instanceof Float64Array ? { doubles: [...value] } : value)),
      ),
    posted: async () => JSON.parse(await page.evaluate(() => JSON.stringify((globalThis as unknown as Stub).posted))),
    saved: () => page.evaluate(() => JSON.parse(sessionStorage['state'] ?? 'null')),
    close: () => context.close(),
  }
}

interface Stub {
  readonly posted: { kind: string; [key: string]: unknown }[]
}

function policy(origin: string, nonce: string): string {
  return [
    "default-src 'none'",
    // The toolkit sets one empty inline style; its hash lets that one through and no other.
    `style-src ${origin} 'unsafe-hashes' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='`,
    `font-src ${origin}`,
    `img-src ${origin} data:`,
    `script-src 'nonce-${nonce}'`,
  ].join('; ')
}

function html(panel: string, theme: Theme, nonce: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${panel}</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="codicon.css" id="vscode-codicon-stylesheet">
<link rel="stylesheet" href="style.css">
<script nonce="${nonce}">
for (const [name, value] of Object.entries(${JSON.stringify(themeVariables(theme))}))
  document.documentElement.style.setProperty(name, value)
globalThis.posted = []
let handed = false
globalThis.acquireVsCodeApi = () => {
  if (handed) throw new Error('acquired twice')
  handed = true
  return {
    postMessage: message => posted.push(structuredClone(message)),
    getState: () => (sessionStorage.state ? JSON.parse(sessionStorage.state) : undefined),
    setState: state => { sessionStorage.state = JSON.stringify(state) },
  }
}
</script>
<script type="module" nonce="${nonce}" src="main.js"></script>
</head><body class="${bodyClass[theme]}" data-vscode-theme-kind="${bodyClass[theme].split(' ').at(-1)}" data-panel="${panel}"></body></html>`
}
