import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { ortPath } from '../../../src/node/ortPath.ts'
import type { WebGpuReport } from './webgpuChild.ts'

/** SwiftShader, a Vulkan driver in software, and the Vulkan loader beside it, as Debian's chromium installs them. */
const driver = process.env['VK_ICD_FILENAMES'] ?? '/usr/lib/chromium/vk_swiftshader_icd.json'
const here = existsSync(driver)
if (!here) console.log(`WebGPU tests skipped: there is no Vulkan driver at ${driver}`)

// A process of its own, because the loader reads its environment once, and because a driver may abort.
test.skipIf(!here)(
  'WebGPU computes what the CPU computes, gradients and training steps included',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'winnow-webgpu-'))
    try {
      const child = join(folder, 'child.mjs')
      await build({
        entryPoints: [join(import.meta.dirname, 'webgpuChild.ts')],
        outfile: child,
        bundle: true,
        platform: 'node',
        format: 'esm',
        external: ['onnxruntime-node'],
      })
      const env = {
        ...process.env,
        VK_ICD_FILENAMES: driver,
        LD_LIBRARY_PATH: [dirname(driver), process.env['LD_LIBRARY_PATH']].filter(Boolean).join(':'),
        WINNOW_ORT: ortPath(),
      }
      const { stdout } = await promisify(execFile)(process.execPath, [child], { env, timeout: 170_000 })
      const report = JSON.parse(stdout) as WebGpuReport
      expect(report.gradients.length).toBeGreaterThan(100)
      expect(report.gradients.filter(g => !(g.error < 1e-5))).toEqual([])
      expect(report.steps.losses).toBeLessThan(1e-5)
      expect(report.steps.norms).toBeLessThan(1e-5)
      expect(report.steps.parameters).toBeLessThan(1e-4)
      // Arithmetic on shapes, which ONNX Runtime prefers to do on the CPU, and nothing with the size of a tensor.
      const small = ['Cast', 'Concat', 'Mul', 'Range', 'Shape', 'Squeeze', 'Unsqueeze']
      expect(report.steps.fallbacks.filter(op => !small.includes(op))).toEqual([])
      expect(report.steps.refusal).toContain('on the device')
      for (const [name, losses] of Object.entries(report.runs.cpu)) {
        const got = report.runs.gpu[name as keyof typeof report.runs.gpu]
        expect(new Set(losses).size, name).toBe(3)
        losses.forEach((loss, i) => {
          expect(Math.abs((got[i] as number) / loss - 1), `${name} step ${i + 1}`).toBeLessThan(1e-4)
        })
      }
      // A software adapter works, and is still not taken without being asked for.
      expect(report.attempts.at(-1)).toMatchObject({ provider: 'cpu', chosen: true })
      const webgpu = report.attempts.find(a => a.provider === 'webgpu')
      expect(webgpu?.reason).toContain('slower than the CPU')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
  180_000,
)
