// Bundles the six programs into dist/. `node test/tool/build.mjs [--release]`
// `vscode` is external in the extension only and onnxruntime-node in the worker only, so a leak into another
// program fails here. `import.meta.url` works in the CommonJS bundles through a banner.

import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = new URL('../..', import.meta.url).pathname

/** `only` lists the programs wanted (`extension`, `cli`, `worker`, `mcp`, `thread`, `webview`); left out, all of them. */
export async function bundle({ release = false, out = join(root, 'dist'), only } = {}) {
  mkdirSync(out, { recursive: true })
  const common = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    sourcemap: release ? false : 'linked',
    minify: release,
    keepNames: true,
    legalComments: 'none',
    logLevel: 'warning',
    define: { 'import.meta.url': 'moduleUrl' },
  }
  const banner = text => ({ js: `${text}const moduleUrl=require('node:url').pathToFileURL(__filename).href;` })
  const jobs = [
    {
      ...common,
      entryPoints: ['src/extension.ts'],
      outfile: join(out, 'extension.cjs'),
      target: 'node22',
      external: ['vscode'],
      banner: banner(''),
    },
    {
      ...common,
      entryPoints: ['src/cli.ts'],
      outfile: join(out, 'cli.cjs'),
      target: 'node20',
      banner: banner('#!/usr/bin/env node\n'),
    },
    {
      ...common,
      entryPoints: ['src/worker.ts'],
      outfile: join(out, 'worker.cjs'),
      target: 'node20',
      external: ['onnxruntime-node'],
      banner: banner(''),
    },
    {
      ...common,
      entryPoints: ['src/mcp.ts'],
      outfile: join(out, 'mcp.cjs'),
      target: 'node20',
      banner: banner(''),
    },
    {
      ...common,
      entryPoints: ['src/thread.ts'],
      outfile: join(out, 'thread.cjs'),
      target: 'node20',
      banner: banner(''),
    },
  ]
    .filter(options => !only || only.some(name => options.outfile === join(out, `${name}.cjs`)))
    .map(options => build(options))
  const webview = join(root, 'test/tool/bundle-webview.mjs')
  if (existsSync(webview) && (!only || only.includes('webview')))
    jobs.push(import(webview).then(m => m.buildWebview(join(out, 'webview'), { release })))
  await Promise.all(jobs)
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const release = process.argv.includes('--release')
  if (release) rmSync(join(root, 'dist'), { recursive: true, force: true })
  await bundle({ release })
}
