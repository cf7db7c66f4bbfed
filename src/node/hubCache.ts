import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** Where Hugging Face's own tools keep what they downloaded: `HF_HUB_CACHE`, or `hub` under `HF_HOME`. */
export function hubCache(env: NodeJS.ProcessEnv = process.env): string {
  const home = env['HF_HOME'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'huggingface')
  return env['HF_HUB_CACHE'] || join(home, 'hub')
}

/**
 * The files of a model in a cache of that layout: `organisation/name` of the cache folder, or the absolute path of a folder `models--…`. The
 * revision is the one `main` was last fetched at, or the only one there is. Undefined where the cache has none.
 */
export function cachedModel(model: string, cache: string): string | undefined {
  const folder = isAbsolute(model) ? model : join(cache, `models--${model.split('/').join('--')}`)
  const snapshots = join(folder, 'snapshots')
  if (!existsSync(snapshots)) return undefined
  const main = join(folder, 'refs', 'main')
  const revisions = existsSync(main) ? [readFileSync(main, 'utf8').trim()] : readdirSync(snapshots)
  const found = revisions.length === 1 ? join(snapshots, revisions[0] as string) : undefined
  return found && existsSync(join(found, 'config.json')) ? found : undefined
}
