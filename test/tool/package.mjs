// Makes a platform VSIX: `node test/tool/package.mjs [--target linux-x64] [--out file.vsix]`.
// It holds the bundles, media, and one platform's onnxruntime-node folder as dist/ort.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle } from './build.mjs'

const root = new URL('../..', import.meta.url).pathname
const platforms = {
  'linux-x64': 'linux/x64',
  'linux-arm64': 'linux/arm64',
  'darwin-arm64': 'darwin/arm64',
  'win32-x64': 'win32/x64',
  'win32-arm64': 'win32/arm64',
}

/** Copies the runtime for one platform: its binaries, the JavaScript around them, and onnxruntime-common. */
function copyRuntime(target, to) {
  const from = join(root, 'node_modules/onnxruntime-node')
  const binaries = join('bin/napi-v6', platforms[target])
  if (!existsSync(join(from, binaries))) throw new Error(`onnxruntime-node has no binaries for ${target}`)
  rmSync(to, { recursive: true, force: true })
  mkdirSync(to, { recursive: true })
  for (const part of ['package.json', 'dist', 'LICENSE', 'ThirdPartyNotices.txt', binaries]) {
    const source = join(from, part)
    if (existsSync(source)) cpSync(source, join(to, part), { recursive: true, filter: file => !file.endsWith('.map') })
  }
  // The dylib exists twice under two names on macOS; the binding links the shorter one.
  for (const file of readdirSync(join(to, binaries))) {
    if (/^libonnxruntime\.\d+\.\d+\.\d+\.dylib$/.test(file)) rmSync(join(to, binaries, file))
  }
  const common = join(root, 'node_modules/onnxruntime-common')
  const into = join(to, 'node_modules/onnxruntime-common')
  cpSync(join(common, 'dist/cjs'), join(into, 'dist/cjs'), {
    recursive: true,
    filter: file => !file.endsWith('.map') && !file.endsWith('.d.ts'),
  })
  cpSync(join(common, 'package.json'), join(into, 'package.json'))
}

export async function makePackage({ target = 'linux-x64', out } = {}) {
  if (!platforms[target]) throw new Error(`Unknown target ${target}; one of ${Object.keys(platforms).join(', ')}`)
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const file = resolve(out ?? join(root, `winnow-${target}-${version}.vsix`))
  // Packed from a folder of its own, so that dist/ stays what the last build made it.
  const stage = join(root, 'out/package', target)
  rmSync(stage, { recursive: true, force: true })
  mkdirSync(stage, { recursive: true })
  for (const part of [
    'package.json',
    'package.nls.json',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    'NOTICE.md',
    '.vscodeignore',
    'media',
    'l10n',
  ]) {
    if (existsSync(join(root, part))) cpSync(join(root, part), join(stage, part), { recursive: true })
  }
  await bundle({ release: true, out: join(stage, 'dist') })
  copyRuntime(target, join(stage, 'dist/ort'))
  const vsce = join(root, 'node_modules/@vscode/vsce/vsce')
  const done = spawnSync(
    process.execPath,
    [
      vsce,
      'package',
      '--target',
      target,
      '--no-dependencies',
      '--skip-license',
      '--allow-missing-repository',
      '--no-rewrite-relative-links',
      '--out',
      file,
    ],
    { cwd: stage, encoding: 'utf8' },
  )
  if (done.status !== 0) throw new Error(`vsce package failed:\n${done.stdout}${done.stderr}`)
  return { file, megabytes: statSync(file).size / 1e6 }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { values } = parseArgs({ options: { target: { type: 'string' }, out: { type: 'string' } } })
  const { file, megabytes } = await makePackage(values)
  writeFileSync(1, `${file} (${megabytes.toFixed(1)} MB)\n`)
}
