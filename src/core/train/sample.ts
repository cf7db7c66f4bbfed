import type { Random } from '../base/random.ts'

/**
 * Chooses `count` of n rows so that every label keeps its share (largest remainders; Hamilton's method), at least one row
 * of each label where `count` allows. Gives indices in ascending order. `labels[i]` is the label of row i.
 */
export function stratifiedSample(labels: readonly string[], count: number, random: Random): number[] {
  if (count >= labels.length) return labels.map((_, i) => i)
  const byLabel = new Map<string, number[]>()
  labels.forEach((label, i) => {
    const list = byLabel.get(label)
    if (list) list.push(i)
    else byLabel.set(label, [i])
  })
  // Labels in order of name, so that the order of the rows decides nothing but which rows they are.
  const groups = [...byLabel.keys()].sort().map(label => byLabel.get(label) as number[])
  const least = groups.length <= count ? 1 : 0
  const quotas = groups.map(group => (group.length * count) / labels.length)
  const taken = quotas.map((quota, g) => Math.min((groups[g] as number[]).length, Math.max(least, Math.floor(quota))))
  let open = count - taken.reduce((a, b) => a + b, 0)
  const byRemainder = quotas
    .map((quota, g) => ({ g, rest: quota - (taken[g] as number) }))
    .sort((a, b) => b.rest - a.rest || a.g - b.g)
  // Too many were taken when rare labels got their one row: the most frequent ones give back.
  while (open < 0) {
    const most = taken.indexOf(Math.max(...taken))
    taken[most] = (taken[most] as number) - 1
    open++
  }
  for (const { g } of byRemainder) {
    if (open === 0) break
    if ((taken[g] as number) >= (groups[g] as number[]).length) continue
    taken[g] = (taken[g] as number) + 1
    open--
  }
  return groups.flatMap((group, g) => random.shuffle([...group]).slice(0, taken[g])).sort((a, b) => a - b)
}
