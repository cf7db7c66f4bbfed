/* Downloads from a hub in this process: resumed, checked, cancelled, refused. */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { Cancelled } from '../../src/core/base/cancel.ts'
import { downloadModel, type HubIo, readHubModel } from '../../src/node/hub.ts'
import { inspectModel } from '../../src/node/inspectModel.ts'
import { writeTinyModel } from './train/tinyModel.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-hub-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const made = writeTinyModel(join(root, 'made'))
const contents = new Map(
  ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'].map(name => [
    name,
    readFileSync(join(made, name)),
  ]),
)

const hub = {
  files: new Map<string, Buffer>(),
  /** Bytes after which the connection breaks, once each. */
  breaks: [] as number[],
  /** What is sent in place of a file. */
  spoilt: undefined as string | undefined,
  ranges: 'honoured' as 'honoured' | 'ignored',
  token: undefined as string | undefined,
  asked: [] as string[],
  served: 0,
}
let server: Server
let endpoint = ''

beforeEach(async () => {
  Object.assign(hub, { files: new Map(contents), breaks: [], spoilt: undefined, ranges: 'honoured', token: undefined })
  Object.assign(hub, { asked: [], served: 0 })
  server = createServer((request, response) => {
    const { url = '', headers } = request
    hub.asked.push(`${url}${headers.range ? ` ${headers.range}` : ''}`)
    if (hub.token && headers.authorization !== `Bearer ${hub.token}`) return response.writeHead(401).end()
    if (url.startsWith('/api/models/org/tiny/revision/main')) {
      const siblings = [...hub.files].map(([name, data]) => {
        const sha256 = createHash('sha256').update(data).digest('hex')
        const blobId = createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex')
        const large = name.endsWith('.safetensors') ? { lfs: { sha256, size: data.length } } : {}
        return { rfilename: name, size: data.length, blobId, ...large }
      })
      return response.end(JSON.stringify({ sha: 'c0ffee', siblings }))
    }
    const data = hub.files.get(decodeURIComponent(url.replace('/org/tiny/resolve/c0ffee/', '')))
    if (!data) return response.writeHead(404).end()
    const from = hub.ranges === 'honoured' ? Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0) : 0
    const body = hub.spoilt && url.endsWith(hub.spoilt) ? Buffer.alloc(data.length) : data
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': data.length - from })
    const limit = url.endsWith('.safetensors') ? hub.breaks.shift() : undefined
    const part = body.subarray(from, limit === undefined ? undefined : from + limit)
    hub.served += part.length
    return response.write(part, () => (limit === undefined ? response.end() : setTimeout(() => response.destroy(), 30)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => new Promise(resolve => server.close(resolve)))

const io = (more: Partial<HubIo> = {}): HubIo => ({
  endpoint,
  cancel: { aborted: false },
  pause: 0,
  progress: () => {},
  ...more,
})
const get = async (folder: string, more: Partial<HubIo> = {}) =>
  downloadModel(await readHubModel('org/tiny', 'main', io(more)), folder, io(more))
const total = [...contents.values()].reduce((n, data) => n + data.length, 0)

test('a model arrives whole, and a second call fetches nothing', async () => {
  hub.files.set('pytorch_model.bin', Buffer.from('pickle'))
  hub.files.set('onnx/model.onnx', Buffer.from('onnx'))
  hub.files.set('../outside.json', Buffer.from('outside'))
  const folder = join(root, 'whole')
  await get(folder)
  for (const [name, data] of contents) expect(readFileSync(join(folder, name)).equals(data)).toBe(true)
  expect(inspectModel(folder)).toMatchObject({ trains: true })
  expect(existsSync(join(folder, 'pytorch_model.bin'))).toBe(false)
  expect(JSON.parse(readFileSync(join(folder, 'winnow-source.json'), 'utf8'))).toMatchObject({
    id: 'org/tiny',
    revision: 'c0ffee',
  })
  expect(hub.asked.at(-1)).toContain('config.json')
  const { served } = hub
  await get(folder)
  expect(hub.served).toBe(served)
})

test('what broke off goes on where it was', async () => {
  hub.breaks = [1000, 2000]
  const folder = join(root, 'broken')
  await get(folder)
  expect(readFileSync(join(folder, 'model.safetensors')).equals(contents.get('model.safetensors')!)).toBe(true)
  const ranges = hub.asked.filter(line => line.includes('bytes='))
  // Bytes that were still on their way when the connection broke are asked for again.
  expect(ranges.length).toBeGreaterThan(0)
  expect(hub.served).toBeLessThanOrEqual(total + 3000)
})

test('a server that knows no ranges is read from the start', async () => {
  Object.assign(hub, { breaks: [1000], ranges: 'ignored' })
  const folder = join(root, 'ranges')
  await get(folder)
  expect(statSync(join(folder, 'model.safetensors')).size).toBe(contents.get('model.safetensors')?.length)
})

test('a damaged file is not kept', async () => {
  hub.spoilt = 'model.safetensors'
  const folder = join(root, 'damaged')
  await expect(get(folder)).rejects.toMatchObject({ code: 'bad-download' })
  expect(existsSync(join(folder, 'model.safetensors'))).toBe(false)
  expect(existsSync(join(folder, 'model.safetensors.partial'))).toBe(false)
  expect(inspectModel(folder)).toMatchObject({ trains: false })
})

test('cancelling leaves what has arrived, for the next call', async () => {
  const folder = join(root, 'cancelled')
  const cancel = { aborted: false }
  const progress: HubIo['progress'] = (file, done) => {
    if (file === 'model.safetensors' && done > 0) cancel.aborted = true
  }
  await expect(get(folder, { cancel, progress })).rejects.toBeInstanceOf(Cancelled)
  expect(existsSync(join(folder, 'config.json'))).toBe(false)
  await get(folder)
  expect(inspectModel(folder)).toMatchObject({ trains: true })
})

test('models that are absent, closed, pickled or out of reach are said to be so', async () => {
  const read = (id: string, more: Partial<HubIo> = {}) => readHubModel(id, 'main', io(more))
  await expect(read('org/other')).rejects.toMatchObject({ code: 'no-such-model' })
  await expect(read('../etc')).rejects.toMatchObject({ code: 'usage' })
  hub.token = 'secret'
  await expect(read('org/tiny')).rejects.toMatchObject({ code: 'not-allowed' })
  expect((await read('org/tiny', { token: 'secret' })).files).toHaveLength(4)
  hub.token = undefined
  hub.files.delete('model.safetensors')
  await expect(read('org/tiny')).rejects.toMatchObject({ code: 'no-weights' })
  hub.files.set('pytorch_model.bin', Buffer.from('pickle'))
  await expect(read('org/tiny')).rejects.toMatchObject({ code: 'pickled-weights' })
  await expect(read('org/tiny', { endpoint: 'http://127.0.0.1:9' })).rejects.toMatchObject({ code: 'network' })
})

test('a file that is there but of another size is fetched again', async () => {
  const folder = join(root, 'old')
  await get(folder)
  writeFileSync(join(folder, 'tokenizer.json'), '{}')
  await get(folder)
  expect(readFileSync(join(folder, 'tokenizer.json')).equals(contents.get('tokenizer.json')!)).toBe(true)
})
