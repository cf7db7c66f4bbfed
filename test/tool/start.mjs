// `npm start`: the main job on the sample dataset with the embedded model, in the terminal, then the same folder in a
// real editor on loopback. `npm start -- --no-editor` ends after the job. `--port N` fixes the editor's port.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { prepare } from './prepare.mjs'

prepare()
const { values } = parseArgs({ options: { 'no-editor': { type: 'boolean' }, port: { type: 'string' } } })
const root = new URL('../..', import.meta.url).pathname
const { bundle } = await import('./build.mjs')
await bundle()

const workspace = join(root, 'out/sample')
rmSync(workspace, { recursive: true, force: true })
mkdirSync(workspace, { recursive: true })
cpSync(join(root, 'media/sample'), workspace, { recursive: true })

/** Runs one `winnow` command in the sample folder, as a user would. */
function winnow(...args) {
  process.stdout.write(`\n$ winnow ${args.join(' ')}\n`)
  const done = spawnSync(process.execPath, [join(root, 'dist/cli.cjs'), ...args], {
    cwd: workspace,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (done.status !== 0) process.exit(done.status ?? 2)
}

winnow('check', '.', '--fail-on', 'never')
winnow('tune', 'recipe.json')
const run = readdirSync(join(workspace, '.winnow/runs')).sort().at(-1)
winnow('compare', `${run}:base`, `${run}:best`)

if (!values['no-editor']) {
  const { serveEditor } = await import('./editor.mjs')
  const { makePackage } = await import('./package.mjs')
  process.stderr.write('\nPacking the extension and starting the editor…\n')
  const { file } = await makePackage({ target: 'linux-x64', out: join(root, 'out/winnow.vsix') })
  const editor = await serveEditor({
    data: join(root, 'out/editor'),
    vsix: file,
    ...(values.port ? { port: Number(values.port) } : {}),
  })
  process.stdout.write(
    `\nThe sample with its run, in VS Code: ${editor.address}/?folder=${workspace}\nCtrl+C ends it.\n`,
  )
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => editor.stop().then(() => process.exit(0)))
  await editor.closed
}
