import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type DatasetFiles, type Role, type Roles, roleNames } from '../core/data/dataset.ts'
import { formatOfName } from '../core/data/formats.ts'
import { decodeAll } from '../core/text/decode.ts'
import { readSource, slashed } from './files.ts'

export const datasetInfoName = 'dataset_info.json'

/** The columns that LLaMA-Factory takes where an entry names none, by its two ways of writing conversations. */
const usual: { readonly [formatting: string]: Roles } = {
  alpaca: { prompt: 'instruction', completion: 'output' },
  sharegpt: { messages: 'conversations' },
}

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
  const columns = isObject(entry['columns']) ? entry['columns'] : undefined
  // Without columns only those count that are there, which the content tells as well.
  if (!columns) return {}
  const formatting = entry['formatting'] === 'sharegpt' ? 'sharegpt' : 'alpaca'
  const roles: { [R in Role]?: string } = { ...usual[formatting] }
  if (entry['ranking'] === true) delete roles.completion
  for (const [key, column] of Object.entries(columns)) {
    const role = Object.hasOwn(roleOf, key) ? roleOf[key] : undefined
    if (role !== undefined && typeof column === 'string') roles[role] = column
  }
  return Object.fromEntries(roleNames.flatMap(role => (roles[role] === undefined ? [] : [[role, roles[role]]])))
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
