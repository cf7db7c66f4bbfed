import { expect, test } from 'vitest'
import { check } from '../../../src/core/check/check.ts'
import { Memory } from '../../../src/core/check/memory.ts'
import type { Dataset } from '../../../src/core/data/dataset.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { texts } from '../sign/texts.ts'

/** Two splits with near-copies, repeats, parts of rows and leaks; `version` changes a few rows, or most of them. */
function dataset(version: number, changed: 'few' | 'most'): Dataset {
  const rows = texts('sentences', 600, 'given up')
  for (let i = 0; i < 40; i++) rows.push(rows[i * 7]!.split(' ').slice(1).join(' '), rows[i * 5]!, `${rows[i]!} again`)
  const own = rows.map((text, i) =>
    version > 0 && i % (changed === 'few' ? 90 : 2) === 1 ? `${text} v${version}` : text,
  )
  const table = (name: string, list: readonly string[]) =>
    parseTables({
      uri: name,
      version,
      bytes: new TextEncoder().encode(list.map((text, i) => JSON.stringify({ text, label: `l${i % 3}` })).join('\n')),
      encoding: 'utf-8',
      bom: false,
    })[0]!.table
  return {
    name: 'given up',
    splits: [
      { name: 'train', tables: [table('train.jsonl', own)] },
      { name: 'test', tables: [table('test.jsonl', [...own.slice(30, 60), ...texts('sentences', 80, 'other')])] },
    ],
    roles: { text: 'text', label: 'label' },
  }
}

const said = (data: Dataset, memory: Memory) =>
  finishWork(check({ datasets: [data], memory: () => memory })).findings.map(
    ({ uri, row, rule, severity, message, key }) => JSON.stringify([uri, row, rule, severity, message, key]),
  )

test.each(['few', 'most'] as const)(
  'a check that is given up leaves nothing that the next could trip over: %s rows changed',
  changed => {
    const fresh = [0, 1, 2].map(version => said(dataset(version, changed), new Memory({ incremental: true })))
    expect(fresh[0]!.filter(line => line.includes('near-duplicate')).length).toBeGreaterThan(40)
    expect(fresh[0]!.filter(line => line.includes('"leak"')).length).toBeGreaterThan(20)
    // Within each part of the work, as its progress calls it.
    const cuts: number[] = []
    const seen = new Set<string>()
    let steps = 0
    for (const { phase } of check({
      datasets: [dataset(0, changed)],
      memory: () => new Memory({ incremental: true }),
    })) {
      steps++
      if (!seen.has(phase)) cuts.push(steps)
      seen.add(phase)
    }
    expect(cuts.length).toBeGreaterThan(5)
    for (const cut of cuts) {
      const memory = new Memory({ incremental: true })
      for (const version of [0, 1, 2]) {
        const data = dataset(version, changed)
        const work = check({ datasets: [data], memory: () => memory })
        for (let i = 0; i < cut && !work.next().done; i++);
        work.return(undefined as never)
        // Given up once more, on the files as they are now.
        const again = check({ datasets: [data], memory: () => memory })
        for (let i = 0; i < cut / 2 && !again.next().done; i++);
        again.return(undefined as never)
        if (version === 1) continue
        expect(said(data, memory), `given up after ${cut} steps`).toEqual(fresh[version])
      }
    }
  },
)
