import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { type ContaminationPreset, contaminated } from '../../../src/core/check/contamination.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'

/** `count` words that no other call draws, but for the frequent ones. */
function text(seed: string, count: number): string {
  const draw = random(seed)
  return Array.from({ length: count }, () => (draw.int(4) === 0 ? 'the' : `w${draw.int(1e6)}`)).join(' ')
}

function found(preset: ContaminationPreset, bench: readonly string[], train: readonly string[]) {
  const bytes = Buffer.from(bench.map(row => `${JSON.stringify({ text: row })}\n`).join(''))
  const source = { uri: '/bench.jsonl', version: 0, bytes, encoding: 'utf-8' as const, bom: false }
  const tables = parseTables(source).map(({ table }) => table)
  const dataset = { name: 'bench', splits: [{ name: 'test' as const, tables }], roles: { text: 'text' } }
  const rows = { rows: train.keys(), total: train.length, text: (row: number) => train[row]! }
  return finishWork(contaminated({ preset, datasets: [dataset] }, rows)).map(({ row, with: other }) => [row, other.row])
}

const words = (row: string, from: number, to: number) => row.split(' ').slice(from, to).join(' ')
const bench = Array.from({ length: 30 }, (_, i) => text(`bench ${i}`, 40))
const clean = Array.from({ length: 50 }, (_, i) => text(`train ${i}`, 30))

test.each(['13-gram', '8-gram', '50-char', 'idf'] as const)('%s: nothing in other texts, all in a copy', preset => {
  expect(found(preset, bench, clean)).toEqual([])
  const copy = `Question! ${bench[7]!.toUpperCase().replaceAll(' ', ',  ')}`
  expect(found(preset, bench, [...clean, copy])).toEqual([[50, 7]])
})

test('13-gram: thirteen words in a row, not twelve; fewer where the benchmark is short', () => {
  expect(found('13-gram', bench, [`${clean[0]} ${words(bench[3]!, 5, 18)} end`])).toEqual([[0, 3]])
  expect(found('13-gram', bench, [`${clean[0]} ${words(bench[3]!, 5, 17)} end`])).toEqual([])
  const short = bench.map(row => words(row, 0, 9))
  expect(found('13-gram', short, [`${clean[0]} ${short[3]} end`])).toEqual([[0, 3]])
  expect(found('13-gram', short, [`${clean[0]} ${words(short[3]!, 0, 8)} end`])).toEqual([])
})

test('in scripts without spaces each character is a word', () => {
  const chinese = [
    '小明有十二个苹果他把其中的三个给了小红又从商店买了五个请问小明现在一共有多少个苹果',
    '一辆火车每小时行驶八十公里从甲地到乙地需要行驶六个半小时请问两地相距多少公里',
  ]
  const clean = '今天的天气非常好我们一起去公园散步然后在河边的餐厅吃了午饭晚上还看了一部电影'
  for (const preset of ['13-gram', '8-gram', 'idf'] as const) {
    expect(found(preset, chinese, [clean])).toEqual([])
    expect(found(preset, chinese, [clean, `题目：${chinese[1]}。答案`])).toEqual([[1, 1]])
  }
  expect(found('13-gram', chinese, [clean + chinese[0]!.slice(4, 17)])).toEqual([[0, 0]])
  expect(found('13-gram', chinese, [clean + chinese[0]!.slice(4, 16)])).toEqual([])
})

test('13-gram: what many rows of the benchmark begin with is how it speaks', () => {
  const intro = text('intro', 20)
  const templated = bench.map(row => `${intro} ${row}`)
  expect(found('13-gram', templated, [`${intro} ${clean[0]}`])).toEqual([])
  const some = (count: number) => bench.map((row, i) => (i < count ? `${intro} ${row}` : row))
  expect([10, 11].map(count => found('13-gram', some(count), [`${intro} ${clean[0]}`]).length)).toEqual([1, 0])
})

test('8-gram: 70 % of the runs, wherever they stand; told at the row with most', () => {
  const [a, b] = [words(bench[2]!, 0, 24), words(bench[2]!, 17, 40)]
  expect(found('8-gram', bench, [clean[0]!, a, b])).toEqual([[1, 2]])
  expect(found('8-gram', bench, [clean[0]!, a])).toEqual([])
})

test('50-char: fifty letters and digits, neither one less nor one more', () => {
  const row = 'q7w8e9r0t1y2u3i4o5p6a7s8d9f0g1h2j3k4l5z6x7c8v9b0n1m'
  expect(row).toHaveLength(51)
  const parts = (size: number) => Array.from({ length: 52 - size }, (_, at) => row.slice(at, at + size)).join('zzz')
  expect(found('50-char', [row], [parts(50)])).toEqual([[0, 0]])
  expect(found('50-char', [row], [parts(49)])).toEqual([])
})

test('50-char: three parts are drawn', () => {
  // Of a row of 51 characters there are two parts. All draws fall on the second with a chance of one in eight.
  const rows = Array.from({ length: 200 }, (_, i) => {
    const draw = random(`row ${i}`)
    return Array.from({ length: 51 }, () => draw.int(36).toString(36)).join('')
  })
  const missed =
    200 -
    found(
      '50-char',
      rows,
      rows.map(row => row.slice(0, 50)),
    ).length
  expect(missed).toBeGreaterThan(15)
  expect(missed).toBeLessThan(36)
})

test('50-char: only what holds one of the three parts, the same ones every time; short rows as a whole', () => {
  expect(
    found(
      '50-char',
      bench,
      bench.map(row => row.slice(0, 30)),
    ),
  ).toEqual([])
  const halves = bench.map(row => row.slice(0, row.length / 2))
  const once = found('50-char', bench, halves)
  expect(once.length).toBeGreaterThan(15)
  expect(once.length).toBeLessThan(30)
  expect(found('50-char', bench, halves)).toEqual(once)
  expect(found('50-char', ['What is 2 + 2?'], ['what is 2+2', 'what is 2+2 in words'])).toEqual([[0, 0]])
  const asked = ['What is the capital of Peru?', 'Name the largest moon of Saturn.']
  expect(found('50-char', asked, [`Q: ${asked[1]} A: Titan`, 'What is the capital of Chile?', asked[0]!])).toEqual([
    [0, 1],
    [2, 0],
  ])
})

/** The definitions once more, slowly: runs as texts. */
const runsOf = (row: string, n: number) => {
  const list = row
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .trim()
    .split(' ')
  return list.slice(n - 1).map((_, i) => list.slice(i, i + n).join(' '))
}

test.each(['a', 'b', 'c', 'd', 'e', 'f'])('the presets flag what their definitions say: %s', seed => {
  const r = random(`contamination ${seed}`)
  const word = () => `w${Math.floor(60 ** r.next())}`
  const row = (least: number, most: number) => Array.from({ length: least + r.int(most - least) }, word)
  const rows = Array.from({ length: 40 }, () => row(6, 60))
  const training = Array.from({ length: 60 }, () => {
    const own = row(5, 30)
    const from = rows[r.int(rows.length)]!
    const at = r.int(from.length)
    const part = from.slice(at, at + 5 + r.int(50))
    if (r.next() < 0.4) part[r.int(part.length)] = word()
    return r.next() < 0.7 ? [...own.slice(0, r.int(own.length)), ...part, ...own.slice(0, r.int(8))] : own
  })
  const [bench, train] = [rows.map(list => list.join(' ')), training.map(list => `${list.join(', ')}.`)]
  const sizes = rows.map(list => list.length).sort((a, b) => a - b)
  const n = Math.min(13, Math.max(8, sizes[Math.floor(sizes.length * 0.05)]!))
  const counts = (size: number) => {
    const rowsOf = new Map<string, number>()
    for (const text of bench) for (const run of new Set(runsOf(text, size))) rowsOf.set(run, (rowsOf.get(run) ?? 0) + 1)
    return rowsOf
  }
  const [uses, fives] = [counts(n), counts(5)]
  const byRun = train.flatMap((text, i) =>
    runsOf(text, n).some(run => uses.has(run) && uses.get(run)! <= 10) ? [i] : [],
  )
  expect(found('13-gram', bench, train).map(([i]) => i)).toEqual(byRun)

  const trained = new Set(train.flatMap(text => runsOf(text, 8)))
  const seen = bench.flatMap((text, i) => {
    const runs = [...new Set(runsOf(text, 8))]
    return runs.length > 0 && runs.filter(run => trained.has(run)).length >= 0.7 * runs.length ? [i] : []
  })
  expect(
    found('8-gram', bench, train)
      .map(([, i]) => i)
      .sort((a, b) => a! - b!),
  ).toEqual(seen)

  const weight = (run: string) => Math.log(1 + bench.length / fives.get(run)!)
  const heavy = train.flatMap((text, i) => {
    const own = new Set(runsOf(text, 5))
    const hit = bench.some((other, b) => {
      const count = rows[b]!.length
      if (count < 20 || new Set(rows[b]).size < 4) return false
      const runs = [...new Set(runsOf(other, 5))]
      const sum = (list: readonly string[]) => list.reduce((all, run) => all + weight(run), 0)
      const least = count <= 20 ? 1 : count >= 50 ? 0.8 : 1 - (0.2 * (count - 20)) / 30
      return sum(runs.filter(run => own.has(run))) / sum(runs) + 1e-9 >= least
    })
    return hit ? [i] : []
  })
  expect(found('idf', bench, train).map(([i]) => i)).toEqual(heavy)
  expect(byRun.length + seen.length + heavy.length).toBeGreaterThan(0)
})

test('idf: 0.8 of the weight in long rows, all of it in short ones, nothing under 20 words', () => {
  const long = Array.from({ length: 30 }, (_, i) => text(`long ${i}`, 60))
  expect(found('idf', long, [words(long[4]!, 0, 52)])).toEqual([[0, 4]])
  expect(found('idf', long, [words(long[4]!, 0, 44)])).toEqual([])
  const twenty = bench.map(row => words(row, 0, 20))
  expect(found('idf', twenty, [twenty[4]!, words(twenty[5]!, 0, 19)])).toEqual([[0, 4]])
  const few = bench.map(row => words(row, 0, 19))
  expect(found('idf', few, few)).toEqual([])
})
