import { expect, test } from 'vitest'
import { Forms } from '../../../src/core/sign/forms.ts'
import { parseScheme } from '../../../src/core/sign/scheme.ts'
import { signList } from '../../../src/core/sign/signedList.ts'
import { texts } from './texts.ts'

/** Rows in a row that are equal, apart from each other, empty, none, or left to TypeScript by the kernel. */
function rowsOf(): (string | undefined)[] {
  const sentences = texts('sentences', 3000, 'list')
  const others = texts('scripts', 500, 'list')
  const long = texts('sentences', 3000, 'long').join(' ')
  return sentences.flatMap((text, i) => [
    text,
    ...(i % 7 === 0 ? [text, sentences[i >> 1]] : []),
    ...(i % 11 === 0 ? [undefined, ' ?! '] : []),
    ...(i % 13 === 0 ? [others[i % 500], others[i % 500]] : []),
    ...(i % 1500 === 5 ? [long, `${long} ${i}`] : []),
  ])
}

test.each(['word:1+2', 'word:3', 'char:5'])(
  'rows that are listed and adopted are as if they had been added: %s',
  name => {
    const scheme = parseScheme(name)
    const rows = rowsOf()
    const alone = new Forms(scheme)
    const expected = rows.map(text => (text === undefined ? -1 : alone.add(text)))
    expect(new Set(expected).size).toBeLessThan(expected.length - 500)
    for (const told of ['bitmaps', 'none'] as const) {
      const together = new Forms(scheme)
      const slots: number[] = []
      for (let from = 0; from < rows.length; from += 1700) {
        const own = rows.slice(from, from + 1700)
        const { slots: listed, forms } = signList({ rowCount: own.length, text: row => own[row] }, scheme)!
        const { parity, ...bare } = forms
        const known = together.adopt(told === 'bitmaps' ? { ...bare, parity: parity! } : bare)
        for (const slot of listed) slots.push(slot < 0 ? -1 : known[slot]!)
      }
      expect(slots).toEqual(expected)
      expect(together.signedFrom(0)).toEqual(alone.signedFrom(0))
      for (const part of ['bitsLow', 'bitsHigh'] as const)
        expect(together[part].subarray(0, alone.count)).toEqual(alone[part].subarray(0, alone.count))
      expect(together.wide.subarray(0, alone.count * 8)).toEqual(alone.wide.subarray(0, alone.count * 8))
    }
  },
)
