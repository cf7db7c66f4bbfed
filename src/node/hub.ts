/* Models from a hub that speaks the Hugging Face protocol: only what a model needs, resumed where it broke off, checked by hash. */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { mkdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Cancel, Cancelled, checkCancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import { diskFailure } from './checkpoint.ts'
import { isPickle } from './safetensors.ts'

/** One file of a model on the hub. */
export interface HubFile {
  readonly name: string
  readonly bytes: number
  /** Large files have a hash of their content, small ones that of their git blob. */
  readonly hash: { readonly kind: 'sha256' | 'git-sha1'; readonly value: string }
}

/** A model on the hub at one revision, with the files that Winnow needs. */
export interface HubModel {
  /** `organisation/name`. */
  readonly id: string
  /** The commit that a branch or tag stands for. */
  readonly revision: string
  readonly files: readonly HubFile[]
}

/** How the hub is reached. */
export interface HubIo {
  /** The hub's address; the public one where left out. */
  readonly endpoint?: string
  /** Sent as a bearer token, for models that ask for one. */
  readonly token?: string
  readonly cancel: Cancel
  /** Milliseconds between attempts; a second and more where left out. */
  readonly pause?: number
  readonly progress: (file: string, done: number, total: number) => void
}

/** Configuration, tokenizer, templates, licences and weights: everything at the top level that is no other format's weights. */
const needed =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|model\.safetensors\.index)\.json$|^(vocab|merges)\.txt$|^chat_template\.(jinja|json)$|^(README\.md|LICENSE(\.\w+)?|NOTICE(\.\w+)?)$/i
const weights = /^model(-\d+-of-\d+)?\.safetensors$/

/** The public hub. Its own client would bring 60 kB for what is two kinds of requests, and does not resume. */
const publicHub = 'https://huggingface.co'

/** Attempts at one file before the download gives up; each goes on where the last one broke off. */
const attempts = 4

/**
 * What a model consists of. Throws `Failure`: `no-such-model`, `not-allowed`, `pickled-weights`, `no-weights`, `network`.
 */
export async function readHubModel(id: string, revision: string, io: HubIo): Promise<HubModel> {
  if (!/^\w[\w.-]*(\/\w[\w.-]*)?$/.test(id))
    throw new Failure('usage', `"${id}" is no model's name`, 'Write organisation/name')
  const response = await request(`/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`, io)
  const json = (await response.json()) as {
    sha?: unknown
    siblings?: readonly { rfilename?: unknown; size?: unknown; blobId?: unknown; lfs?: { sha256?: unknown } }[]
  }
  const names: string[] = []
  const files: HubFile[] = []
  for (const { rfilename, size, blobId, lfs } of json.siblings ?? []) {
    if (typeof rfilename !== 'string') continue
    names.push(rfilename)
    if (typeof size !== 'number' || !(needed.test(rfilename) || weights.test(rfilename))) continue
    const sha256 = lfs?.sha256
    if (typeof sha256 === 'string')
      files.push({ name: rfilename, bytes: size, hash: { kind: 'sha256', value: sha256 } })
    else if (typeof blobId === 'string')
      files.push({ name: rfilename, bytes: size, hash: { kind: 'git-sha1', value: blobId } })
  }
  if (typeof json.sha !== 'string') throw new Failure('network', `The hub's answer about ${id} is not understood`)
  if (!files.some(file => weights.test(file.name))) {
    const pickle = names.find(isPickle)
    if (pickle)
      throw new Failure(
        'pickled-weights',
        `${id} has pickled weights only (${pickle}), which can run code when loaded, so they are refused`,
        'Look for a version of the model with model.safetensors',
      )
    throw new Failure('no-weights', `${id} has no model.safetensors`)
  }
  // The configuration last: a folder without it is no model yet.
  const order = (file: HubFile) => (file.name === 'config.json' ? 2 : weights.test(file.name) ? 1 : 0)
  return { id, revision: json.sha, files: files.sort((a, b) => order(a) - order(b)) }
}

/**
 * Fetches the files of a model into a folder, which is made. A file is `<name>.partial` until it is whole and its hash is right;
 * what is there already is not fetched again. Leaves by `Cancelled` when cancelled; the next call goes on from there. Throws
 * `Failure`: `network`, `not-allowed`, `bad-download`, `disk-full`.
 */
export async function downloadModel(model: HubModel, folder: string, io: HubIo): Promise<void> {
  await mkdir(folder, { recursive: true })
  await checkSpace(model, folder)
  for (const file of model.files) {
    const path = join(folder, file.name)
    if (existsSync(path) && (await stat(path)).size === file.bytes) io.progress(file.name, file.bytes, file.bytes)
    else await download(model, file, path, io)
  }
  const files = Object.fromEntries(
    model.files.map(({ name, bytes, hash }) => [name, { bytes, [hash.kind]: hash.value }]),
  )
  const source = { id: model.id, revision: model.revision, files }
  await writeFile(join(folder, 'winnow-source.json'), `${JSON.stringify(source, null, 2)}\n`)
}

async function download(model: HubModel, file: HubFile, path: string, io: HubIo): Promise<void> {
  const partial = `${path}.partial`
  for (let attempt = 1; ; attempt++) {
    try {
      await fetchRest(model, file, { partial, io })
      break
    } catch (error) {
      if (io.cancel.aborted) throw new Cancelled()
      const full = diskFailure(error, partial)
      if (full) throw full
      const lasting = error instanceof Failure && error.code !== 'network'
      if (lasting || attempt === attempts)
        throw error instanceof Failure ? error : networkFailure(`${file.name} of ${model.id}`, error)
      await new Promise(resolve => setTimeout(resolve, io.pause ?? 1000 * attempt))
    }
  }
  const found = await hashOf(partial, file)
  if (found !== file.hash.value) {
    await rm(partial, { force: true })
    throw new Failure(
      'bad-download',
      `${file.name} of ${model.id} arrived damaged: its hash is ${found}, not ${file.hash.value}`,
      'Try again',
    )
  }
  await rename(partial, path)
}

/** Appends what is still missing of a file. */
async function fetchRest(
  model: HubModel,
  file: HubFile,
  { partial, io }: { readonly partial: string; readonly io: HubIo },
): Promise<void> {
  const have = existsSync(partial) ? (await stat(partial)).size : 0
  if (have === file.bytes && have > 0) return
  const from = have < file.bytes ? have : 0
  const path = `/${model.id}/resolve/${model.revision}/${encodeURIComponent(file.name)}`
  const response = await request(path, io, from > 0 ? { range: `bytes=${from}-` } : {})
  // A server that ignores the range sends everything, so it is written from the start.
  const going = response.status === 206
  let done = going ? from : 0
  io.progress(file.name, done, file.bytes)
  const body = response.body
  if (!body) throw new Error('an answer without content')
  await pipeline(
    body,
    async function* (source: AsyncIterable<Uint8Array>) {
      for await (const chunk of source) {
        checkCancel(io.cancel)
        done += chunk.length
        if (done > file.bytes) throw new Failure('bad-download', `${file.name} of ${model.id} is longer than announced`)
        io.progress(file.name, done, file.bytes)
        yield chunk
      }
    },
    createWriteStream(partial, { flags: going ? 'a' : 'w' }),
  )
  if (done < file.bytes) throw new Error(`the connection ended after ${done} of ${file.bytes} bytes`)
}

async function hashOf(path: string, { bytes, hash }: HubFile): Promise<string> {
  const sum: Hash = createHash(hash.kind === 'sha256' ? 'sha256' : 'sha1')
  if (hash.kind === 'git-sha1') sum.update(`blob ${bytes}\0`)
  for await (const chunk of createReadStream(path)) sum.update(chunk as Uint8Array)
  return sum.digest('hex')
}

async function checkSpace(model: HubModel, folder: string): Promise<void> {
  let missing = 0
  for (const { name, bytes } of model.files) {
    const there = [name, `${name}.partial`].map(one => join(folder, one)).find(existsSync)
    missing += bytes - (there ? (await stat(there)).size : 0)
  }
  const { bavail, bsize } = await statfs(folder)
  if (missing > bavail * bsize)
    throw new Failure(
      'disk-full',
      `${model.id} needs ${missing} bytes, ${folder} has ${bavail * bsize}`,
      'Free some space',
    )
}

async function request(path: string, io: HubIo, headers: Record<string, string> = {}): Promise<Response> {
  const { endpoint = publicHub, token, cancel } = io
  const url = `${endpoint.replace(/\/$/, '')}${path}`
  let response: Response
  try {
    response = await fetch(url, {
      headers: { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}) },
      ...(cancel instanceof AbortSignal ? { signal: cancel } : {}),
    })
  } catch (error) {
    if (cancel.aborted) throw new Cancelled()
    throw networkFailure(url, error)
  }
  if (response.ok) return response
  await response.body?.cancel()
  switch (response.status) {
    case 401:
    case 403:
      throw new Failure(
        'not-allowed',
        `The hub does not give ${url} without permission (${response.status})`,
        'Does it exist? Accept its terms on its page, and set HF_TOKEN to a token that may read it',
      )
    case 404:
      throw new Failure('no-such-model', `The hub has no ${url}`, 'Check the name and the revision')
    default:
      throw new Failure('network', `${url}: the hub answered ${response.status}`, 'Try again later')
  }
}

function networkFailure(what: string, error: unknown): Failure {
  const cause = (error as { cause?: unknown }).cause
  const why = cause instanceof Error && cause.message ? cause.message : (error as Error).message
  return new Failure('network', `${what} cannot be fetched: ${why}`, 'Check the connection; what has arrived is kept', {
    cause: error,
  })
}
