// `npm run pretrain -- [options]`: bundles pretrain.ts and runs it. See that file for the options.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = new URL('../../..', import.meta.url).pathname
const file = join(root, 'out/pretrain/pretrain.mjs')
await build({
  absWorkingDir: root,
  entryPoints: [join(root, 'test/tool/pretrain/pretrain.ts')],
  outfile: file,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  target: 'node20',
  logLevel: 'warning',
})
const done = spawnSync(process.execPath, ['--max-old-space-size=6144', file, ...process.argv.slice(2)], {
  stdio: 'inherit',
  cwd: root,
})
process.exit(done.status ?? 1)
