import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from '../core/base/failure.ts'

/**
 * The folder or name of onnxruntime-node: `WINNOW_ORT`, else `ort` beside the bundle (a packaged extension brings
 * one platform's files there), else the installed package.
 */
export function ortPath(): string {
  const override = process.env.WINNOW_ORT
  if (override) return override
  const here = typeof __dirname === 'string' ? __dirname : dirname(fileURLToPath(import.meta.url))
  const beside = join(here, 'ort')
  if (existsSync(join(beside, 'package.json'))) return beside
  try {
    return dirname(createRequire(join(here, 'ort.js')).resolve('onnxruntime-node/package.json'))
  } catch (cause) {
    const hint = 'Install the dependencies, or set WINNOW_ORT to the folder of onnxruntime-node'
    throw new Failure('runtime-missing', 'ONNX Runtime is not installed', hint, { cause })
  }
}

/** The version of onnxruntime-node in a folder; empty where it tells none. */
export function ortVersion(path: string): string {
  const manifest = join(path, 'package.json')
  if (!existsSync(manifest)) return ''
  return String((JSON.parse(readFileSync(manifest, 'utf8')) as { version?: unknown }).version ?? '')
}
