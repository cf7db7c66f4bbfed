import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type DatasetFiles, type Role, type Roles, roleNames } from '../core/data/dataset.ts'
import { formatOfName } from '../core/data/formatName.ts'
import { decodeAll } from '../core/text/decode.ts'
import { readSource, slashed } from './files.ts'

export const datasetInfoName = 'dataset_info.json'

/** What an entry's `columns` calls the roles. */
const roleOf: { readonly [key: string]: Role } = {
  prompt: 'prompt',
  response: 'completion',
  messages: 'messages',
  chosen: 'chosen',
  rejected: 'rejected',
}

/**
 * The datasets that a `dataset_info.json` of LLaMA-Factory names and whose files lie beside it. The other file of that name,
 * which Hugging Face's library writes, names none; nor does one that is not JSON: names of files then decide, as ever.
 */
export async function readDatasetInfo(path: string): Promise<DatasetFiles[]> {
  let entries: unknown
  try {
    entries = JSON.parse(decodeAll((await readSource(path)).bytes))
  } catch {
    return []
  }
  if (!isObject(entries)) return []
  const found: DatasetFiles[] = []
  for (const [name, entry] of Object.entries(entries)) {
    if (!isObject(entry) || typeof entry['file_name'] !== 'string') continue
    const file = slashed(resolve(dirname(path), entry['file_name']))
    if (!formatOfName(file) || !existsSync(file)) continue
    const roles = rolesOf(entry)
    found.push({ name, splits: { train: [file] }, ...(Object.keys(roles).length > 0 ? { roles } : {}) })
  }
  return found
}

function rolesOf(entry: { readonly [key: string]: unknown }): Roles {
  // Without columns only those count that are there, which the content tells as well; with them, only those named.
  if (!isObject(entry['columns'])) return {}
  const roles: { [R in Role]?: string } = {}
  for (const [key, column] of Object.entries(entry['columns'])) {
    const role = Object.hasOwn(roleOf, key) ? roleOf[key] : undefined
    if (role !== undefined && typeof column === 'string') roles[role] = column
  }
  // A prompt that nothing answers is text to go on learning from.
  const { prompt, ...others } = roles
  if (prompt !== undefined && Object.keys(others).length === 0) return { text: prompt }
  return Object.fromEntries(roleNames.flatMap(role => (roles[role] === undefined ? [] : [[role, roles[role]]])))
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
