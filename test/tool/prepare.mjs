// Brings node_modules in step with package-lock.json; does nothing when it already is. Needs npm only.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('../..', import.meta.url).pathname

export function prepare() {
  const [major] = process.versions.node.split('.').map(Number)
  if (major < 20) {
    process.stderr.write(`Winnow needs Node 20 or newer; this is ${process.version}.\n`)
    process.exit(2)
  }
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.winnow-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  process.stderr.write('Bringing node_modules in step with package-lock.json…\n')
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  })
  if (done.status !== 0) {
    process.stderr.write('npm ci failed; see the lines above.\n')
    process.exit(2)
  }
  writeFileSync(stamp, lock)
}

if (process.argv[1] === new URL(import.meta.url).pathname) prepare()
