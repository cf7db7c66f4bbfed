import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { Matcher } from '../../../src/core/sign/matcher.ts'
import { partsWithout } from '../../../src/core/sign/parting.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { parseScheme } from '../../../src/core/sign/scheme.ts'
import { Sets } from '../../../src/core/sign/sets.ts'
import { Signatures } from '../../../src/core/sign/signatures.ts'
import { parseThreshold } from '../../../src/core/sign/threshold.ts'

/** Points of a ring with gaps: rows next to each other are similar, so that two that leave part it in two. */
function ring(count: number): string[] {
  const words = Array.from({ length: count }, (_, i) => `w${i}`)
  return words.map((_, i) => Array.from({ length: 12 }, (_, k) => words[(i + k) % count]!).join(' '))
}

/** Components of the living slots by comparing all with all. */
function components(slots: readonly number[], matcher: Matcher): number[][] {
  const sets = new Sets(matcher.forms.count)
  for (const a of slots)
    for (const b of slots)
      if (a < b && matcher.overlap(a, b) > 0) {
        const [x, y] = [sets.find(a), sets.find(b)]
        if (x !== y) sets.union(x, y)
      }
  const parts = new Map<number, number[]>()
  for (const slot of slots) parts.set(sets.find(slot), [...(parts.get(sets.find(slot)) ?? []), slot])
  return [...parts.values()]
}

test.each(['0.7', '0.8'])(
  'the parts of a set that loses some are those of comparing all with all, at %s',
  threshold => {
    const r = random(`parts ${threshold}`)
    let parted = 0
    for (let turn = 0; turn < 60; turn++) {
      const texts = ring(20 + r.int(60))
      const signatures = new Signatures(parseScheme('word:1+2'))
      finishWork(signatures.sign('a', { rowCount: texts.length, text: row => texts[row] }))
      const matcher = new Matcher(signatures.forms, parseThreshold(threshold))
      const all = texts.map((_, slot) => slot)
      for (const whole of components(all, matcher)) {
        const gone = new Set<number>()
        for (let i = 1 + r.int(3); i > 0; i--) {
          const at = r.int(whole.length)
          for (const slot of whole.slice(at, at + 1 + r.int(3))) gone.add(slot)
        }
        const rest = whole.filter(slot => !gone.has(slot))
        if (rest.length === 0) continue
        const parts = partsWithout(rest, [...gone], { matcher, sets: new Sets(texts.length) })
        const sorted = (lists: readonly (readonly number[])[]) => lists.map(list => list.join(' ')).sort()
        expect(sorted(parts)).toEqual(sorted(components(rest, matcher)))
        if (parts.length > 1) parted++
      }
    }
    expect(parted).toBeGreaterThan(10)
  },
)
