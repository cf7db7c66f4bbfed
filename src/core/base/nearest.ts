/**
 * The word of the list that a person most likely meant: least optimal-string-alignment distance (a swap of
 * neighbours counts one), ignoring case; undefined where even that is further than a third of the longer word, rounded up.
 */
export function nearestWord(word: string, valid: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const candidate of valid) {
    const d = distance(word.toLowerCase(), candidate.toLowerCase())
    if (d < least && d <= Math.ceil(Math.max(word.length, candidate.length) / 3)) {
      least = d
      best = candidate
    }
  }
  return best
}

function distance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let d = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, before[j - 2]! + 1)
      row.push(d)
    }
    before = last
    last = row
  }
  return last[b.length]!
}
