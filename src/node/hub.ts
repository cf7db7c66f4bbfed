/* Models from a hub that speaks the Hugging Face protocol: only what a model needs, resumed where it broke off, checked by hash. */
import { existsSync } from 'node:fs'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import { checkSpace, downloadFile, fetchFrom } from './download.ts'
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
  await checkSpace(model.id, await missingBytes(model, folder), folder)
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
  const url = `/${model.id}/resolve/${model.revision}/${encodeURIComponent(file.name)}`
  await downloadFile(
    {
      label: `${file.name} of ${model.id}`,
      bytes: file.bytes,
      hash: file.hash,
      request: headers => request(url, io, headers),
    },
    path,
    { ...io, progress: (done, total) => io.progress(file.name, done, total) },
  )
}

async function missingBytes(model: HubModel, folder: string): Promise<number> {
  let missing = 0
  for (const { name, bytes } of model.files) {
    const there = [name, `${name}.partial`].map(one => join(folder, one)).find(existsSync)
    missing += bytes - (there ? (await stat(there)).size : 0)
  }
  return missing
}

async function request(path: string, io: HubIo, headers: Record<string, string> = {}): Promise<Response> {
  const { endpoint = publicHub, token, cancel } = io
  const url = `${endpoint.replace(/\/$/, '')}${path}`
  const response = await fetchFrom(url, { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}) }, cancel)
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
