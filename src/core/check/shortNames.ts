/** The end of each path that is enough to tell the files apart. */
export function shortNames(uris: readonly string[]): Map<string, string> {
  const names = new Map<string, string>()
  for (const uri of uris) {
    const parts = uri.split('/')
    let take = 1
    const end = () => parts.slice(-take).join('/')
    while (take < parts.length && uris.some(other => other !== uri && (other === end() || other.endsWith(`/${end()}`))))
      take++
    names.set(uri, end())
  }
  return names
}
