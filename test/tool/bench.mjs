// `npm run bench -- <name> [arguments]`: runs test/bench/<name>.ts. Benches print ratios against a peer or a limit
// measured in the same run; they assert nothing. Without a name it lists them.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = new URL('../..', import.meta.url).pathname
const folder = join(root, 'test/bench')
const names = readdirSync(folder)
  .filter(file => file.endsWith('.ts'))
  .map(file => file.slice(0, -3))
const [name, ...rest] = process.argv.slice(2)
if (!name || !names.includes(name)) {
  if (name) process.stderr.write(`There is no bench "${name}".\n`)
  process.stdout.write(`npm run bench -- <name>\n\n${names.map(n => `  ${n}`).join('\n')}\n`)
  process.exit(name ? 2 : 0)
}
const out = join(root, 'out/bench')
mkdirSync(out, { recursive: true })
const file = join(out, `${name}.mjs`)
await build({
  absWorkingDir: root,
  entryPoints: [join(folder, `${name}.ts`)],
  outfile: file,
  bundle: true,
  platform: 'node',
  format: 'esm',
  // The one for GPUs is taken to machines where nothing is installed but the runtime.
  ...(name === 'gpu' ? { external: ['onnxruntime-node'] } : { packages: 'external' }),
  target: 'node20',
  logLevel: 'warning',
})
if (!existsSync(join(root, 'dist/worker.cjs'))) await (await import('./build.mjs')).bundle()
const done = spawnSync(process.execPath, ['--expose-gc', '--max-old-space-size=8192', file, ...rest], {
  stdio: 'inherit',
  cwd: root,
})
process.exit(done.status ?? 1)
