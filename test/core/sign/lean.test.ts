import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { LeanSimilar } from '../../../src/core/sign/leanSimilar.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { parseScheme } from '../../../src/core/sign/scheme.ts'
import { Signatures } from '../../../src/core/sign/signatures.ts'
import { signPieces } from '../../../src/core/sign/signPieces.ts'
import { Similar } from '../../../src/core/sign/similar.ts'
import { HeldSpill } from '../../../src/core/sign/spill.ts'
import { parseThreshold } from '../../../src/core/sign/threshold.ts'
import { kinds, texts } from './texts.ts'

/** The sets in terms of their forms' first rows. */
function linked(groups: Iterable<readonly number[]>, slots: Int32Array): string[] {
  const rows = new Map<number, number>()
  slots.forEach((slot, row) => {
    if (slot >= 0 && !rows.has(slot)) rows.set(slot, row)
  })
  return [...groups]
    .map(group =>
      group
        .map(slot => rows.get(slot)!)
        .sort((a, b) => a - b)
        .join(' '),
    )
    .sort()
}

function lean(list: readonly string[], scheme: string, t: string, exact = true, most = 1e6) {
  return finishWork(
    LeanSimilar.join({
      t: parseThreshold(t),
      exact,
      rowCount: list.length,
      most,
      spill: () => new HeldSpill(),
      sign: take => signPieces({ rowCount: list.length, text: row => list[row] }, parseScheme(scheme), take),
    }),
  )
}

for (const kind of kinds)
  test.each([
    ['word:1+2', '0.8'],
    ['word:3', '0.6'],
    ['char:5', '0.7'],
  ])(`sets that are put away join as sets that are kept: ${kind}, %s at %s`, (scheme, t) => {
    const list = [...texts(kind, 900, 'lean'), '', '…', 'one', 'One!']
    const signatures = new Signatures(parseScheme(scheme))
    finishWork(signatures.sign('a', { rowCount: list.length, text: row => list[row] }))
    const kept = new Similar(signatures, parseThreshold(t), { incremental: false, exact: true })
    finishWork(kept.update())
    const found = lean(list, scheme, t)
    const slots = signatures.slots('a')
    expect([...found.slots]).toEqual([...slots])
    expect(linked(found.groups(), found.slots)).toEqual(linked(kept.groups(), slots))
    expect(linked(lean(list, scheme, t, true, 500).groups(), slots)).toEqual(linked(kept.groups(), slots))
    for (const group of kept.groups())
      for (const slot of group.slice(1, 4)) {
        expect(found.matcher.overlap(group[0]!, slot)).toBe(kept.matcher.overlap(group[0]!, slot))
        expect(found.group(slot)).toContain(group[0]!)
      }
  })

test('too many alike are estimated, verified, and said to be', () => {
  const r = random('too many')
  const words = (n: number) => Array.from({ length: n }, () => `w${r.int(12)}`).join(' ')
  const list = Array.from({ length: 6000 }, () => words(30))
  list.push(...list.slice(0, 50).map(text => `${text} w13`))
  const found = lean(list, 'word:1+2', '0.8', false)
  expect(found.banding?.recall).toBeGreaterThan(0.99)
  const joined = list.slice(0, 50).filter((_, i) => found.group(found.slots[i]!).includes(found.slots[6000 + i]!))
  expect(joined.length).toBeGreaterThan(48)
})
