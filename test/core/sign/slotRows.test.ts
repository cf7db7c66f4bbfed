import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
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
