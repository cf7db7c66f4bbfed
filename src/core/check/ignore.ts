/** The findings that somebody decided to live with. */
export interface Ignored {
  readonly keys: ReadonlySet<string>
  /** Lines that say nothing: 1-based, with what is wrong. They are told, never fatal. */
  readonly problems: readonly { readonly line: number; readonly message: string }[]
}

export const nothingIgnored: Ignored = { keys: new Set(), problems: [] }

/**
 * Reads `winnow-ignore.jsonl`: one object a line, of which `key` names a finding by its content, so that it stays
 * ignored when rows move; `rule`, `reason`, `when` and whatever else is there are for people.
 */
export function parseIgnored(text: string): Ignored {
  const keys = new Set<string>()
  const problems: { line: number; message: string }[] = []
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    try {
      const entry: unknown = JSON.parse(line)
      const key = typeof entry === 'object' && entry !== null ? (entry as { key?: unknown }).key : undefined
      if (typeof key === 'string') keys.add(key)
      else problems.push({ line: i + 1, message: 'the line has no "key"' })
    } catch {
      problems.push({ line: i + 1, message: 'the line is not JSON' })
    }
  }
  return { keys, problems }
}
