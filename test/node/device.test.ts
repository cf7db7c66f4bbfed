import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { deviceText } from '../../src/node/commands/device.ts'
import { type DeviceReport, findLibraries } from '../../src/node/device.ts'
import { bundle } from '../tool/build.mjs'

const root = mkdtempSync(join(tmpdir(), 'winnow-device-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

test('libraries are found beside the runtime, in named folders and in those of the system', () => {
  const put = (folder: string, name: string) => {
    mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, folder, name), '')
    return join(root, folder)
  }
  const beside = put(`ort/bin/napi-v6/${process.platform}/${process.arch}`, 'libonnxruntime_providers_cuda.so')
  const named = put('mine', 'libcudnn.so.9')
  const system = put('usr/local/cuda/lib64', 'libcublas.so.13')
  const found = findLibraries(join(root, 'ort'), { env: { LD_LIBRARY_PATH: named }, roots: [root] })
  const at = (name: string) => found.find(l => l.name === name)?.folder
  expect(at('libonnxruntime_providers_cuda.so')).toBe(beside)
  expect(at('libcudnn.so.9')).toBe(named)
  expect(at('libcublas.so.13')).toBe(system)
  expect(at('libcuda.so.1')).toBeUndefined()
  const text = deviceText({
    version: 1,
    system: 'linux x64',
    auto: 'cpu',
    providers: [{ provider: 'cuda', usable: false, said: 'lacks the library libcudart.so.13' }],
    libraries: found,
  })
  expect(text).toMatch(/CUDA +lacks the library libcudart\.so\.13/)
  expect(text).toMatch(/libcuda\.so\.1 +missing: the NVIDIA driver/)
  // What brings two libraries is named once.
  expect(text.match(/To train with CUDA: .*/)?.[0].match(/winnow device install cuda/g)).toHaveLength(1)
})

test('the command tries what is here', async () => {
  const out = fileURLToPath(new URL('../../out/device-test', import.meta.url))
  await bundle({ out, only: ['cli', 'worker'] })
  const { status, stdout } = spawnSync(process.execPath, [join(out, 'cli.cjs'), 'device', '--format', 'json'], {
    encoding: 'utf8',
  })
  expect(status).toBe(0)
  const report = JSON.parse(stdout) as DeviceReport
  expect(report.providers.find(p => p.provider === 'cpu')).toMatchObject({ usable: true, said: 'runs' })
  expect(report.providers.map(p => p.provider)).toEqual(['cpu', 'cuda', 'webgpu', 'dml', 'coreml'])
  for (const { usable, said } of report.providers) if (!usable) expect(said).toMatch(/^[a-z]\w+ /)
}, 60_000)
