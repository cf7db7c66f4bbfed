/**
 * A test for paths (`/` separated) by glob patterns: `**` any folders, `*` anything within a name, `?` one character,
 * `{a,b}` either. A pattern without `/` means a name at any depth, as elsewhere in editors.
 */
export function globTest(patterns: readonly string[]): (path: string) => boolean {
  const tests = patterns.filter(pattern => pattern.trim() !== '').map(toRegExp)
  return path => tests.some(test => test.test(path))
}

function toRegExp(pattern: string): RegExp {
  const anywhere = pattern.includes('/') ? pattern.replace(/^\//, '') : `**/${pattern}`
  // A folder's name means all that is in it.
  const whole = anywhere.endsWith('/') ? `${anywhere}**` : anywhere
  let depth = 0
  const source = whole.replace(/\*\*\/|\*\*|[*?{},]|[.+^$()|[\]\\]/g, token => {
    switch (token) {
      case '**/':
        return '(?:[^/]+/)*'
      case '**':
        return '.*'
      case '*':
        return '[^/]*'
      case '?':
        return '[^/]'
      case '{':
        depth++
        return '(?:'
      case '}':
        if (depth === 0) return '\\}'
        depth--
        return ')'
      case ',':
        return depth > 0 ? '|' : ','
      default:
        return `\\${token}`
    }
  })
  return new RegExp(`^${source}${')'.repeat(depth)}$`)
}
