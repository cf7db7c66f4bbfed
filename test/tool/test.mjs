// `npm test`: types, lint, unit, webview and end-to-end tests, on a fresh machine. Stops at the first that fails.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { prepare } from './prepare.mjs'

prepare()
const root = new URL('../..', import.meta.url).pathname
const bin = name => join(root, 'node_modules/.bin', name)
const started = Date.now()

/** [name, command, arguments] in the order of what they cost. */
const steps = [
  ['types', bin('tsc'), ['-p', '.']],
  ['types, core', bin('tsc'), ['-p', 'src/core']],
  ['types, webview', bin('tsc'), ['-p', 'webview']],
  ['types, webview tests', bin('tsc'), ['-p', 'test/webview']],
  ['lint', bin('biome'), ['check', '--error-on-warnings']],
  ['build', process.execPath, ['test/tool/build.mjs']],
  ['unit tests', bin('vitest'), ['run', '--config', 'test/vitest.config.ts']],
  ['webview tests', bin('vitest'), ['run', '--config', 'test/webview/vitest.config.ts']],
  ['end-to-end tests', bin('vitest'), ['run', '--config', 'test/e2e/vitest.config.ts']],
]
const only = process.argv.slice(2)
for (const [name, command, args] of steps) {
  if (only.length && !only.some(word => name.startsWith(word))) continue
  if (name === 'webview tests' || name === 'end-to-end tests') {
    const { needChromium } = await import('./chromium.mjs')
    needChromium()
  }
  if (name === 'end-to-end tests') (await import('./editor.mjs')).fetchEditor()
  const at = Date.now()
  process.stdout.write(`\n== ${name}\n`)
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (done.status !== 0) {
    process.stdout.write(`\n${name} failed (${done.status ?? done.signal})\n`)
    process.exit(1)
  }
  process.stdout.write(`== ${name}: ${((Date.now() - at) / 1000).toFixed(1)} s\n`)
}
process.stdout.write(`\nAll green in ${((Date.now() - started) / 1000).toFixed(0)} s\n`)
