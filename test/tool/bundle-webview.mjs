import { copyFile, mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Builds the panels into a folder: `main.js` (an ES module), `style.css`, and the icons `codicon.css` and
 * `codicon.ttf` beside it. `release` minifies and leaves the source map out.
 */
export async function buildWebview(outdir, { release = false } = {}) {
  await mkdir(outdir, { recursive: true })
  const result = await build({
    absWorkingDir: root,
    entryPoints: { main: 'webview/main.ts', style: 'webview/style.css' },
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome128', 'firefox128', 'safari18'],
    mainFields: ['module', 'main'],
    minify: release,
    sourcemap: release ? false : 'linked',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  const icons = dirname(createRequire(import.meta.url).resolve('@vscode/codicons/dist/codicon.css'))
  for (const file of ['codicon.css', 'codicon.ttf']) await copyFile(join(icons, file), join(outdir, file))
  return result.metafile
}
