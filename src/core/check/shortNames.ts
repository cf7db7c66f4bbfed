/** The end of each path that is enough to tell the files apart. */
export function shortNames(uris: readonly string[]): Map<string, string> {
  const names = new Map<string, string>()
  // All paths at once, an end of one part more in each round: files may be tens of thousands.
  let open = new Set(uris)
  for (let take = 1; open.size > 0; take++) {
    const ends = new Map<string, number>()
    for (const uri of new Set(uris)) {
      const parts = uri.split('/')
      if (parts.length < take) continue
      const end = parts.slice(-take).join('/')
      ends.set(end, (ends.get(end) ?? 0) + 1)
    }
    const rest = new Set<string>()
    for (const uri of open) {
      const parts = uri.split('/')
      const end = parts.slice(-take).join('/')
      if (take >= parts.length || ends.get(end) === 1) names.set(uri, end)
      else rest.add(uri)
    }
    open = rest
  }
  return names
}
