import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { splice } from '../../../src/core/sign/reuse.ts'
import { SlotRows } from '../../../src/core/sign/slotRows.ts'

test('after any changes the rows of each slot are those that have it', () => {
  const r = random('slot rows')
  const rows = new SlotRows()
  let slots: number[] = Array.from({ length: 300 }, () => r.int(120) - 1)
  let count = 120
  for (let step = 0; step < 300; step++) {
    rows.update(Int32Array.from(slots), count)
    for (let slot = 0; slot < count + 2; slot++)
      expect([...rows.of(slot)]).toEqual(slots.flatMap((own, row) => (own === slot ? [row] : [])))
    const at = r.int(slots.length)
    if (r.int(3) === 0) count++
    const put = Array.from({ length: step % 50 === 49 ? 3000 : r.int(4) }, () => r.int(count + 1) - 1)
    slots = [...slots.slice(0, at), ...put, ...slots.slice(at + r.int(4))].slice(0, step % 50 === 0 ? 300 : undefined)
  }
})

test('the same where it is told what changed, and the list of before is written over', () => {
  const r = random('slot rows in place')
  const rows = new SlotRows()
  let count = 120
  let list: Int32Array = Int32Array.from({ length: 300 }, () => r.int(120) - 1)
  let plain = [...list]
  rows.update(list, count)
  let inPlace = 0
  for (let step = 0; step < 600; step++) {
    const head = r.int(list.length)
    const oldEnd = Math.min(list.length, head + r.int(step % 50 === 49 ? 300 : 4))
    if (r.int(3) === 0) count++
    const come = Int32Array.from({ length: step % 50 === 48 ? 5000 : r.int(5) }, () => r.int(count + 1) - 1)
    // A check of all has a list of its own.
    if (r.int(10) === 0) rows.update(list.slice(), count)
    const before = list
    const gone = list.slice(head, oldEnd)
    list = splice(list, { head, tail: list.length - oldEnd }, come)
    if (list.buffer === before.buffer) inPlace++
    plain = [...plain.slice(0, head), ...come, ...plain.slice(oldEnd)]
    expect([...list]).toEqual(plain)
    rows.follow({ before, gone, head, oldEnd, newEnd: head + come.length }, list, count)
    const of = new Map<number, number[]>()
    for (const [row, slot] of plain.entries()) of.set(slot, [...(of.get(slot) ?? []), row])
    for (let i = 0; i < 40; i++) {
      const slot = r.int(count + 2)
      expect([...rows.of(slot)]).toEqual(of.get(slot) ?? [])
    }
    if (step % 50 === 48) {
      const kept = list.slice(0, 300)
      rows.update(kept, count)
      list = kept
      plain = [...kept]
    }
  }
  expect(inPlace).toBeGreaterThan(200)
})
