import { rules } from '../core/check/rules.ts'
import type { Config } from '../node/config.ts'

type Settings = { readonly [rule: string]: unknown }

/** The rules that a check runs under a `winnow.json` and the editor's own settings, which win: what is off passes no test. */
export function activeRules(
  config: Pick<Config, 'rules' | 'profiles' | 'contamination'> | undefined,
  settings: Settings,
): readonly { readonly id: string; readonly title: string }[] {
  const set: Settings = { ...config?.rules, ...settings }
  const asked = new Set<string>(config?.profiles ?? [])
  return rules
    .filter(({ meta }) => {
      if (isOff(set[meta.id])) return false
      if (meta.optIn && set[meta.id] === undefined && !asked.has(meta.id)) return false
      return meta.id !== 'contamination' || config?.contamination !== undefined
    })
    .map(({ meta }) => ({ id: meta.id, title: meta.title }))
}

function isOff(setting: unknown): boolean {
  const severity = typeof setting === 'object' && setting !== null ? (setting as Settings)['severity'] : setting
  return severity === 'off'
}
