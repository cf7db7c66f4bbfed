import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

/** Bundles the worker into a folder and returns how to start it. */
export async function bundleWorker(folder: string): Promise<(args: readonly string[], limit?: string) => ChildProcess> {
  const outfile = join(folder, 'worker.cjs')
  await build({
    entryPoints: [join(import.meta.dirname, '../../../src/worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    mainFields: ['module', 'main'],
    external: ['onnxruntime-node'],
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: `const moduleUrl=require('node:url').pathToFileURL(__filename).href;` },
    logLevel: 'warning',
  })
  const ort = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))
  const env = { ...process.env, WINNOW_ORT: ort }
  return (args, limit) =>
    limit === undefined
      ? spawn(process.execPath, [outfile, ...args], { stdio: ['ignore', 'ignore', 'pipe'], env })
      : spawn('bash', ['-c', `${limit}; exec "$0" "$@"`, process.execPath, outfile, ...args], {
          stdio: ['ignore', 'ignore', 'pipe'],
          env,
        })
}

/** Exit code and what the child said on standard error. */
export async function endOf(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  let said = ''
  child.stderr?.on('data', data => {
    said += String(data)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, said }
}

/** Waits until the log of a run holds a step of at least this number; false where the child ended before. */
export async function reached(folder: string, step: number, child: ChildProcess): Promise<boolean> {
  const log = join(folder, 'events.jsonl')
  for (;;) {
    if (existsSync(log)) {
      const seen = [...readFileSync(log, 'utf8').matchAll(/"kind":"step","at":\d+,"step":(\d+)/g)].at(-1)
      if (seen && Number(seen[1]) >= step) return true
    }
    if (child.exitCode !== null || child.signalCode !== null) return false
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}
