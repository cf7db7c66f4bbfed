/* `winnow device install cuda` against a server of this process with small archives: resumed, checked, cancelled, refused, found, removed. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32, deflateRawSync } from 'node:zlib'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { Cancelled } from '../../src/core/base/cancel.ts'
import { planText } from '../../src/node/commands/device.ts'
import { type InstallIo, installCuda, planBytes, planCuda, removeCuda } from '../../src/node/cuda.ts'
import { installedCuda, withCuda } from '../../src/node/cudaHome.ts'
import { type CudaArchive, type CudaParts, cudaParts } from '../../src/node/cudaParts.ts'
import { neededLibraries } from '../../src/node/elf.ts'
import { ortPath, ortVersion } from '../../src/node/ortPath.ts'
import { readZip, unpack } from '../../src/node/zip.ts'
import { bundle } from '../tool/build.mjs'

const linux = process.platform === 'linux' && process.arch === 'x64'
const root = mkdtempSync(join(tmpdir(), 'winnow-cuda-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A zip archive as others write it: every second file deflated. */
function zip(files: Readonly<Record<string, Buffer>>, comment = ''): Buffer {
  const parts: Buffer[] = []
  const table: Buffer[] = []
  let at = 0
  Object.entries(files).forEach(([name, data], i) => {
    const packed = i % 2 === 0 ? deflateRawSync(data) : data
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(i % 2 === 0 ? 8 : 0, 4)
    fields.writeUInt32LE(typeof crc32 === 'function' ? crc32(data) : 0, 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(data.length, 18)
    fields.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed])
    const entry = Buffer.alloc(46)
    entry.write('PK\x01\x02')
    fields.copy(entry, 6)
    entry.writeUInt32LE(at, 42)
    table.push(entry, Buffer.from(name))
    parts.push(local)
    at += local.length
  })
  const all = Buffer.concat(table)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt32LE(all.length, 12)
  end.writeUInt32LE(at, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...parts, all, end, Buffer.from(comment)])
}

const noise = (length: number, seed: number) =>
  Buffer.from(Array.from({ length }, (_, i) => (i * i * 31 + seed * i) & 255))
const contents: Readonly<Record<string, Record<string, Buffer>>> = {
  'provider.whl': {
    'ort/libonnxruntime.so.1.30.0': noise(3000, 1),
    'ort/libonnxruntime_providers_cuda.so': noise(200_000, 2),
    'ort/LICENSE': Buffer.from('terms of the provider'),
  },
  'blas.whl': { 'lib/libcublas.so.13': noise(90_000, 3), 'lib/License.txt': Buffer.from('terms of the library') },
}
const archives = new Map(Object.entries(contents).map(([name, files]) => [name, zip(files, 'a comment')]))

function archive(name: string, more: Omit<CudaArchive, 'name' | 'path' | 'bytes' | 'sha256' | 'licence'>): CudaArchive {
  const data = archives.get(name) as Buffer
  const sha256 = createHash('sha256').update(data).digest('hex')
  return { name: name.replace('.whl', ''), path: `ab/cd/${name}`, bytes: data.length, sha256, licence: 'MIT', ...more }
}

const parts: CudaParts = {
  runtime: ortVersion(ortPath()),
  cuda: 13,
  driver: 580,
  archives: [
    archive('provider.whl', {
      into: 'runtime',
      files: [
        { from: 'ort/libonnxruntime.so.1.30.0', to: 'libonnxruntime.so.1', bytes: 3000 },
        { from: 'ort/libonnxruntime_providers_cuda.so', to: 'libonnxruntime_providers_cuda.so', bytes: 200_000 },
      ],
      terms: ['ort/LICENSE'],
    }),
    archive('blas.whl', {
      into: 'libraries',
      files: [{ from: 'lib/libcublas.so.13', to: 'libcublas.so.13', bytes: 90_000 }],
      terms: ['lib/License.txt'],
    }),
  ],
}

const place = { breakAfter: [] as number[], spoilt: false, missing: false, asked: [] as string[], served: 0 }
let server: Server
let env: NodeJS.ProcessEnv

beforeEach(async () => {
  Object.assign(place, { breakAfter: [], spoilt: false, missing: false, asked: [], served: 0 })
  server = createServer((request, response) => {
    const { url = '', headers } = request
    place.asked.push(`${url}${headers.range ? ` ${headers.range}` : ''}`)
    const data = archives.get(url.replace('/ab/cd/', ''))
    if (!data || place.missing) return response.writeHead(404).end()
    const from = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0)
    const limit = place.breakAfter.shift()
    const body = (place.spoilt ? Buffer.alloc(data.length) : data).subarray(from, limit && from + limit)
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': data.length - from })
    place.served += body.length
    return response.write(body, () => (limit === undefined ? response.end() : setTimeout(() => response.destroy(), 30)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const cache = mkdtempSync(join(root, 'cache-'))
  const from = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  env = { WINNOW_CACHE: cache, WINNOW_CUDA_FROM: from }
})
afterEach(() => new Promise(resolve => server.close(resolve)))

const plan = (more: { readonly roots?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {}, of = parts) =>
  planCuda(of, { source: ortPath(), system: 'linux x64', roots: [join(root, 'nowhere')], env, ...more })
const io = (more: Partial<InstallIo> = {}): InstallIo => ({
  env,
  cancel: { aborted: false },
  pause: 0,
  progress: () => {},
  ...more,
})
const under = (folder: string) => (existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [])

test('what is pinned fits the runtime that is used, and every archive is named by its hash', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(cudaParts.runtime).toBe(dependencies['onnxruntime-node'])
  for (const one of cudaParts.archives) {
    expect(one.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(one.path).toMatch(/^[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\/\w[\w.-]*\.whl$/)
    expect(one.files.length).toBeGreaterThan(0)
    expect(one.terms.length).toBeGreaterThan(0)
  }
  const names = cudaParts.archives.flatMap(one => one.files.map(file => file.to))
  expect(new Set(names).size).toBe(names.length)
})

test.runIf(linux)('what broke off goes on, is checked, unpacked and found, and is taken away again', async () => {
  place.breakAfter = [50_000]
  const seen: string[] = []
  const home = await installCuda(plan(), io({ progress: file => seen.push(file) }))
  expect(place.asked).toHaveLength(3)
  expect(place.asked[1]).toMatch(/provider\.whl bytes=\d+-/)
  expect(new Set(seen)).toEqual(new Set(['provider', 'blas']))
  const native = join(home.runtime, 'bin/napi-v6/linux/x64')
  for (const [from, to] of [
    ['ort/libonnxruntime.so.1.30.0', join(native, 'libonnxruntime.so.1')],
    ['ort/libonnxruntime_providers_cuda.so', join(native, 'libonnxruntime_providers_cuda.so')],
    ['lib/libcublas.so.13', join(home.libraries, 'libcublas.so.13')],
  ] as const)
    expect(readFileSync(to).equals((contents['provider.whl']?.[from] ?? contents['blas.whl']?.[from]) as Buffer)).toBe(
      true,
    )
  expect(under(join(home.folder, 'licences')).sort()).toEqual(['blas-License.txt', 'provider-LICENSE'])
  expect(under(home.folder).filter(name => /whl|partial/.test(name))).toEqual([])
  // What is copied can be required: the JavaScript of the runtime finds its other package.
  expect(existsSync(join(home.runtime, 'node_modules/onnxruntime-common'))).toBe(true)
  expect(installedCuda(env)).toEqual(home)
  expect(withCuda({ ...env, LD_LIBRARY_PATH: '/mine' })['LD_LIBRARY_PATH']).toBe(`/mine:${home.libraries}`)
  expect(installedCuda({ ...env, WINNOW_ORT: '/own' })).toBeUndefined()
  expect(() => plan()).toThrow(/has it already/)
  expect(await removeCuda(env)).toBeGreaterThan(293_000)
  expect(installedCuda(env)).toBeUndefined()
  expect(await removeCuda(env)).toBeUndefined()
})

test.runIf(linux)('other bytes than the pinned ones are not unpacked', async () => {
  place.spoilt = true
  await expect(installCuda(plan(), io())).rejects.toMatchObject({ code: 'bad-download' })
  expect(installedCuda(env)).toBeUndefined()
  expect(under(env['WINNOW_CACHE'] as string).filter(name => /providers_cuda|whl/.test(name))).toEqual([])
  place.spoilt = false
  place.missing = true
  await expect(installCuda(plan(), io())).rejects.toMatchObject({ code: 'not-published' })
})

test.runIf(linux)('cancelling keeps what is unpacked and what has arrived', async () => {
  const cancel = { aborted: false }
  const progress: InstallIo['progress'] = (file, done) => {
    if (file === 'blas' && done > 0) cancel.aborted = true
  }
  await expect(installCuda(plan(), io({ cancel, progress }))).rejects.toBeInstanceOf(Cancelled)
  expect(installedCuda(env)).toBeUndefined()
  place.asked = []
  await installCuda(plan(), io())
  // The provider is there; of the other archive at most the rest is fetched.
  expect(place.asked.filter(line => line.includes('provider'))).toEqual([])
  expect(installedCuda(env)).toBeDefined()
})

test.runIf(linux)(
  'a disk without room is said to be so before anything is fetched, and one that fills up while writing',
  async () => {
    const [first, second] = parts.archives as [CudaArchive, CudaArchive]
    const huge = { ...second, files: second.files.map(file => ({ ...file, bytes: 1e15 })) }
    await expect(installCuda(plan({}, { ...parts, archives: [first, huge] }), io())).rejects.toMatchObject({
      code: 'disk-full',
    })
    expect(place.asked).toEqual([])
    const building = `${plan().home.folder}.partial`
    symlinkSync('/dev/full', join(building, 'provider.whl.partial'))
    await expect(installCuda(plan(), io())).rejects.toMatchObject({ code: 'disk-full' })
    expect(installedCuda(env)).toBeUndefined()
  },
)

test('libraries that are here are not fetched, and what is missing of the driver is said', () => {
  const mine = join(root, 'usr/local/cuda/lib64')
  mkdirSync(mine, { recursive: true })
  writeFileSync(join(mine, 'libcublas.so.13'), '')
  const found = plan({ roots: [root] })
  expect(found.fetched.map(one => one.name)).toEqual(['provider'])
  expect(found.found).toEqual([{ archive: parts.archives[1], folder: mine }])
  expect(planBytes(found)).toEqual({ fetched: archives.get('provider.whl')?.length, kept: 203_000 })
  expect(found.warnings).toEqual([expect.stringContaining('No NVIDIA driver was found')])
  writeFileSync(join(mine, 'libcuda.so.1'), '')
  mkdirSync(join(root, 'proc/driver/nvidia'), { recursive: true })
  const version = join(root, 'proc/driver/nvidia/version')
  writeFileSync(version, 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n')
  expect(plan({ roots: [root] }).warnings).toEqual(['The NVIDIA driver is 535: CUDA 13 needs 580 or newer'])
  writeFileSync(version, 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n')
  expect(plan({ roots: [root] }).warnings).toEqual([])
  const text = planText(plan({ roots: [root] }), 'https://mirror.example/files')
  expect(text).toMatch(/provider .*MIT/)
  expect(text).toContain(`Here already: blas in ${mine}`)
  expect(text).toContain('accept these licences')
})

test('other systems, other versions and runtimes of one’s own are refused', () => {
  const refused = (more: object, of = parts) => {
    try {
      planCuda(of, { source: ortPath(), env, system: 'linux x64', ...more })
    } catch (error) {
      return (error as { code?: string }).code
    }
    return 'planned'
  }
  expect(refused({ system: 'win32 x64' })).toBe('no-cuda')
  expect(refused({}, { ...parts, runtime: '1.29.0' })).toBe('cuda-version')
  expect(refused({ env: { ...env, WINNOW_ORT: '/own' } })).toBe('own-runtime')
  expect(refused({})).toBe('planned')
})

test.runIf(linux)('the command asks, and where nobody can answer it fetches nothing', async () => {
  const out = fileURLToPath(new URL('../../out/cuda-test', import.meta.url))
  await bundle({ out, only: ['cli', 'worker'] })
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(out, 'cli.cjs'), 'device', ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
      input: 'y\n',
    })
  const asked = run('install', 'cuda')
  expect(asked.status).toBe(2)
  expect(asked.stderr).toContain('1.3 GB to fetch')
  expect(asked.stderr).toContain('--yes')
  expect(place.asked).toEqual([])
  const nowhere = run('install', 'cuda', '--from', '')
  expect(nowhere).toMatchObject({ status: 2, stderr: expect.stringContaining('Name it by --from') })
  expect(run('install', 'rocm')).toMatchObject({ status: 2, stderr: expect.stringContaining('must be cuda') })
  expect(run('remove', 'cuda')).toMatchObject({ status: 0, stdout: 'CUDA was not installed by Winnow.\n' })
})

test('archives that are cut off, lie about a length or are none are refused', async () => {
  const whole = zip({ 'a.so': noise(5000, 1) })
  const at = (name: string, data: Buffer) => {
    const path = join(root, name)
    writeFileSync(path, data)
    return path
  }
  await expect(readZip(at('cut.zip', whole.subarray(0, 300)))).rejects.toMatchObject({ code: 'bad-archive' })
  await expect(readZip(at('text.zip', Buffer.from('hello')))).rejects.toMatchObject({ code: 'bad-archive' })
  const path = at('whole.zip', whole)
  const entry = (await readZip(path)).get('a.so')!
  const cancel = { aborted: false }
  const lying = { ...entry, bytes: 100 }
  await expect(unpack(path, lying, join(root, 'a.so'), cancel)).rejects.toMatchObject({ code: 'bad-archive' })
  await unpack(path, entry, join(root, 'a.so'), cancel)
  expect(readFileSync(join(root, 'a.so')).equals(noise(5000, 1))).toBe(true)
})

test('what a library needs is read from its header', () => {
  const binding = join(ortPath(), 'bin/napi-v6/linux/x64/onnxruntime_binding.node')
  if (existsSync(binding)) expect(neededLibraries(binding)).toContain('libonnxruntime.so.1')
  expect(neededLibraries('package.json')).toEqual([])
})
