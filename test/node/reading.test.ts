import { describe, expect, test } from 'vitest'
import { Cancelled } from '../../src/core/base/cancel.ts'
import { parseTables } from '../../src/core/data/formats.ts'
import type { Source } from '../../src/core/data/table.ts'
import { tablesOfSource } from '../../src/node/tables.ts'

const rows = 120_000
const line = (i: number) =>
  i % 20_000 === 9 ? '{"text": "cut' : `{"text": "row number ${i} ${'é'.repeat(i % 60)}", "label": "a"}`

/** Some ten megabytes, with broken rows and, in one of them, bytes that are not UTF-8. */
function sourceOf(name: string): Source {
  const text =
    name === 'data.csv'
      ? `text,label\n${Array.from({ length: rows }, (_, i) => (i % 20_000 === 9 ? 'one' : `"row number ${i} ${'é'.repeat(i % 60)}",a`)).join('\n')}`
      : Array.from({ length: rows }, (_, i) => line(i)).join('\n')
  const bytes = Buffer.from(text)
  for (const at of [3_000_000, 4_194_304, 4_194_305, 8_388_608]) bytes[at] = bytes[at]! >= 0x80 ? 0xff : bytes[at]!
  return { uri: `/d/${name}`, version: 0, bytes, encoding: 'utf-8', bom: false }
}

describe.each(['data.jsonl', 'data.csv'])('%s of some size', name => {
  const source = sourceOf(name)

  test('is the same table whether it is read at once or in pieces, and says how far it is', async () => {
    const seen: number[] = []
    const watch = { cancel: { aborted: false }, progress: (state: { done: number }) => void seen.push(state.done) }
    const [{ table }] = (await tablesOfSource(source, undefined, watch)) as [
      Awaited<ReturnType<typeof tablesOfSource>>[number],
    ]
    const [whole] = parseTables(source)
    expect(table.rowCount).toBe(rows)
    expect(table.issues).toEqual(whole!.table.issues)
    expect(table.issues.filter(issue => issue.row !== undefined).length).toBeGreaterThanOrEqual(6)
    for (let row = 0; row < rows; row += 997) expect(table.rowSpan(row)).toEqual(whole!.table.rowSpan(row))
    expect(seen.length).toBeGreaterThan(0)
  })

  test('is given up when asked', async () => {
    const cancel = { aborted: false }
    let told = 0
    const work = tablesOfSource(source, undefined, {
      cancel,
      progress: () => {
        told++
        cancel.aborted = true
      },
    })
    await expect(work).rejects.toThrow(Cancelled)
    expect(told).toBe(1)
  })
})
